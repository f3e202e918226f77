"""What tests/apps/sdk_bench_sql.c answers, as a FastAPI application: plain sqlite3 in `def`
routes, which FastAPI runs on its threads. Each has a connection of its own, and keeps it: that is
quicker than one per request. CGW_BENCH_DB is the file, which is there."""

import os
import sqlite3
import threading
from typing import Optional

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

app = FastAPI()
here = threading.local()
writing = threading.Lock()  # quicker than threads that find the file locked, sleep, and try again


class ItemIn(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    price: float = Field(gt=0)
    note: Optional[str] = Field(default=None, max_length=500)
    in_stock: bool


class Item(ItemIn):
    id: int


def connection():
    if not hasattr(here, "connection"):
        here.connection = sqlite3.connect(os.environ["CGW_BENCH_DB"], timeout=30)
        here.connection.row_factory = sqlite3.Row
        here.connection.execute("PRAGMA synchronous=FULL")
    return here.connection


@app.get("/items/{id}", response_model=Item)
def get_item(id: int):
    row = connection().execute(
        "SELECT id, name, price, note, in_stock FROM items WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise HTTPException(404, "no such item")
    return dict(row)


@app.post("/items", response_model=Item, status_code=201)
def create_item(item: ItemIn):
    with writing, connection() as database:  # commits
        done = database.execute(
            "INSERT INTO items(name, price, note, in_stock) VALUES (?, ?, ?, ?)",
            (item.name, item.price, item.note, item.in_stock))
    return {**item.dict(), "id": done.lastrowid}
