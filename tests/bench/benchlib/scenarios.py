"""What is measured, against whom, and what we aim for."""

import dataclasses

from .database import FIRST_ID
from .servers import (
    Cgw, CgwSql, FastApi, FastApiSql, Files, Floor, H2o, Nginx, Scraped, Uvicorn)

CPU = "cpu_us"  # the server's processor time, microseconds per response
RATE = "rate"  # responses per second
MB_S = "mb_s"  # megabytes of response per second
MEMORY = "per_connection"  # bytes of its own per idle connection

UNITS = {CPU: "µs CPU/request", RATE: "requests/s", MB_S: "MB/s", MEMORY: "bytes/connection"}
IDLE_CONNECTIONS = 10_000
ECHO_BYTES = 1024
FILE_BYTES = 1024 * 1024
ITEM = '{"name": "fountain pen", "price": 12.5, "tags": ["blue", "office"], "in_stock": true}'
ROW = '{"name": "fountain pen", "price": 12.5, "note": "blue", "in_stock": true}'


@dataclasses.dataclass(frozen=True)
class Target:
    """metric of subject, divided by that of against (or by a number), under or over a limit."""

    subject: str
    against: object
    limit: float
    metric: str = CPU
    at_least: bool = False

    def met(self, ratio):
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def says(self):
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"


@dataclasses.dataclass(frozen=True)
class Scenario:
    key: str
    title: str
    load: tuple  # the generator's arguments; PORT stands for the port
    contestants: dict  # label: (class, arguments)
    targets: tuple
    metric: str = CPU
    idle: bool = False  # memory is measured, not time
    most_rounds: int = 99
    seconds: float = 0  # of a round, where the command line's would be too short
    disk: bool = False  # it writes there


OTHERS = {"nginx": (Nginx,), "h2o": (H2o,), "uvicorn": (Uvicorn,)}


def hello(mode):
    return {"cgw": (Cgw, "hello"), "floor": (Floor, mode), **OTHERS}


SCENARIOS = (
    Scenario(
        "hello", "hello, keep-alive, 64 connections", ("keep", "PORT", "--connections", "64"),
        hello("hello"), (Target("cgw", "floor", 1.10), Target("cgw", "nginx", 0.80))),
    Scenario(
        "pipelined", "hello, pipelined 16 deep, 64 connections",
        ("keep", "PORT", "--connections", "64", "--depth", "16"),
        hello("hello"), (Target("cgw", "floor", 1.5), Target("cgw", "nginx", 0.12))),
    Scenario(
        "close", "hello, a connection per request", ("close", "PORT", "--connections", "64"),
        hello("close"), (Target("cgw", "floor", 1.10), Target("cgw", "nginx", 0.95))),
    Scenario(
        "echo", "POST of 1 KiB, echoed",
        ("keep", "PORT", "--connections", "64", "--method", "POST", "--body", str(ECHO_BYTES)),
        {"cgw": (Cgw, "echo"), "floor": (Floor, "echo"), "uvicorn": (Uvicorn,)},
        (Target("cgw", "floor", 1.2),)),
    Scenario(
        "file", "a file of 1 MiB, 16 connections",
        ("keep", "PORT", "--connections", "16", "--path", "/1mib.bin", "--discard"),
        {"cgw": (Files, "files"), "nginx": (Nginx,)},
        (Target("cgw", "nginx", 0.95, MB_S, True),), metric=MB_S),
    Scenario(
        "idle", "10 000 idle keep-alive connections",
        ("idle", "PORT", "--connections", str(IDLE_CONNECTIONS), "--sources", "4",
         "--seconds", "60"),
        {"cgw": (Cgw, "hello"), "nginx": (Nginx,)},
        (Target("cgw", 1, 1024, MEMORY), Target("cgw", 1e6, 16, "resident")),
        metric=MEMORY, idle=True, most_rounds=3),
    Scenario(
        "sync", "hello on the thread pool, 64 connections",
        ("keep", "PORT", "--connections", "64"),
        {"cgw sync": (Cgw, "sync_hello"), "cgw": (Cgw, "hello")},
        (Target("cgw sync", "cgw", 3.0),)),
    Scenario(
        "watched", "hello, keep-alive: what watching for blocked calls, and metrics, cost",
        ("keep", "PORT", "--connections", "64"),
        {"cgw": (Cgw, "hello"), "unwatched": (Cgw, "hello", "--blocked-after", "0"),
         "scraped": (Scraped, "hello", "--metrics", "/metrics")},
        (Target("cgw", "unwatched", 1.01), Target("scraped", "cgw", 1.02))),
    Scenario(
        "sdk-hello", "hello over the SDK, keep-alive, 64 connections",
        ("keep", "PORT", "--connections", "64"),
        {"sdk": (Cgw, "sdk_bench"), "cgw": (Cgw, "hello"), "fastapi": (FastApi,)},
        (Target("sdk", "cgw", 1.10),)),
    Scenario(
        "sdk-json", "a typed object as JSON, 64 connections",
        ("keep", "PORT", "--connections", "64", "--path", "/items/7"),
        {"sdk": (Cgw, "sdk_bench"), "fastapi": (FastApi,)},
        (Target("sdk", "fastapi", 1 / 12),)),
    Scenario(
        "sdk-post", "POST of a validated body, answered typed, 64 connections",
        ("keep", "PORT", "--connections", "64", "--path", "/items", "--method", "POST",
         "--json", ITEM),
        {"sdk": (Cgw, "sdk_bench"), "fastapi": (FastApi,)},
        (Target("sdk", "fastapi", 1 / 15),)),
    Scenario(
        "sdk-sync", "hello of a sync route, 64 connections",
        ("keep", "PORT", "--connections", "64", "--path", "/sync"),
        {"sdk": (Cgw, "sdk_bench"), "cgw sync": (Cgw, "sync_hello"), "fastapi": (FastApi,)},
        (Target("sdk", "cgw sync", 1.25),)),
    Scenario(
        "sql-read", "a row of 10 000 by its id, as JSON, 64 connections",
        ("keep", "PORT", "--connections", "64", "--path", f"/items/{FIRST_ID + 7}"),
        {"sdk": (CgwSql,), "fastapi": (FastApiSql,)},
        (Target("sdk", "fastapi", 1 / 8),)),
    Scenario(
        "sql-write", "POST of a validated body, inserted, answered when it is on disk, 64 connections",
        ("keep", "PORT", "--connections", "64", "--path", "/items", "--method", "POST",
         "--json", ROW),
        {"sdk": (CgwSql,), "sdk single": (CgwSql, "1"), "fastapi": (FastApiSql,)},
        (Target("sdk", "sdk single", 10, RATE, True), Target("sdk", "fastapi", 5, RATE, True),
         Target("sdk", "fastapi", 1 / 8)),
        metric=RATE, disk=True),
    Scenario(
        "sync-sleep", "200 clients, a sync call that sleeps 100 ms",
        ("keep", "PORT", "--connections", "200", "--path", "/?ms=100", "--warmup", "0.5",
         "--ramp", "0.1"),
        {"200 threads": (Cgw, "sync_sleep"), "40 threads": (Cgw, "sync_sleep", "--threads", "40")},
        (Target("200 threads", 2000, 0.95, RATE, True),
         Target("40 threads", 400, 0.95, RATE, True)),
        metric=RATE, most_rounds=3, seconds=3),
    Scenario(
        "async-sleep", "1000 clients, an async call that waits 100 ms",
        ("keep", "PORT", "--connections", "1000", "--path", "/sleep?ms=100", "--warmup", "0.5",
         "--ramp", "0.1"),
        {"cgw": (Cgw, "probe")}, (Target("cgw", 10_000, 0.90, RATE, True),),
        metric=RATE, most_rounds=3, seconds=3),
)
