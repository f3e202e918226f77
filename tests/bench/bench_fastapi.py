"""What tests/apps/sdk_bench.c answers, as a FastAPI application."""

from typing import List, Optional

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

app = FastAPI()


class ItemIn(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    price: float = Field(gt=0)
    tags: Optional[List[str]] = Field(default=None, max_items=8)
    in_stock: bool


class Item(ItemIn):
    id: int


@app.get("/", response_class=PlainTextResponse)
async def hello():
    return "Hello, world!\n"


@app.get("/sync", response_class=PlainTextResponse)
def hello_sync():
    return "Hello, world!\n"


@app.get("/items/{id}", response_model=Item)
async def get_item(id: int):
    return Item(id=id, name="fountain pen", price=12.5, tags=["blue", "office"], in_stock=True)


@app.post("/items", response_model=Item, status_code=201)
async def create_item(item: ItemIn):
    return Item(id=1, **item.dict())
