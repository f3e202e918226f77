"""A round: each contestant started afresh, loaded, and its cost read off the kernel's counters.

Rounds interleave the contestants and rotate their order, so that what else the machine does falls
on all of them; a ratio is taken inside a round, where both saw the same machine, and the median of
those is what counts.
"""

import json
import statistics
import subprocess
import time

from . import process
from .scenarios import CPU, IDLE_CONNECTIONS, MB_S, MEMORY, RATE
from .servers import Absent

WARM_S = 0.1
SETTLE_S = 0.5


class Failed(Exception):
    """The generator did not get through."""


def load_argv(place, scenario, port):
    return [str(place.program("load")), *(str(port) if word == "PORT" else word
                                          for word in scenario.load)]


def run_load(place, scenario, port, seconds, warm=False):
    """One run of the generator. Warming up is but a short one: its own options for that are cut."""
    argv = load_argv(place, scenario, port) + ["--seconds", str(seconds), *place.load_flags]
    if warm:
        argv += ["--warmup", "0", "--ramp", "0"]
    with process.pinned(place.load_core):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60,
                              check=False)
    if done.returncode != 0 and not (warm and not done.stderr):
        raise Failed(done.stderr.strip() or f"exit {done.returncode}")
    return json.loads(done.stdout)


def busy(place, scenario, server, seconds):
    """Measure processor time and rate under load."""
    run_load(place, scenario, server.port, WARM_S, warm=True)
    before, start = server.cpu_s(), time.monotonic()
    said = run_load(place, scenario, server.port, scenario.seconds or seconds)
    cpu, elapsed = server.cpu_s() - before, time.monotonic() - start
    rate = said["responses"] / said["seconds"]
    return {
        CPU: cpu / max(said["responses"], 1) * 1e6,
        RATE: rate,
        MB_S: said["bytes"] / said["seconds"] / 1e6,
        "server_busy": cpu / elapsed,
        "load_busy": said["cpu_seconds"] / said["seconds"],
        "response_bytes": said["response_bytes"],
        "errors": said["errors"],
    }


def idle(place, scenario, server):
    """Weigh the server before and while it holds idle connections."""
    warm = [str(place.program("load")), "keep", str(server.port), "--connections", "64",
            "--seconds", str(WARM_S)]
    subprocess.run(warm, capture_output=True, timeout=60, check=True)
    time.sleep(SETTLE_S)
    before = server.memory()
    with subprocess.Popen(load_argv(place, scenario, server.port), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as holder:
        line = holder.stdout.readline()
        time.sleep(SETTLE_S)
        after = server.memory()
        holder.stdin.close()
        rest = holder.stdout.read()
    if not line or json.loads(line)["responses"] != IDLE_CONNECTIONS:
        raise Failed(f"could not bring {IDLE_CONNECTIONS} connections up: {line.strip()}")
    return {
        MEMORY: (after["own"] - before["own"]) / IDLE_CONNECTIONS,
        "resident": after["resident"],
        "resident_before": before["resident"],
        "errors": json.loads(rest)["errors"],
    }


def contest(place, scenario, label, seconds):
    """Start, measure, stop."""
    kind, *args = scenario.contestants[label]
    server = kind(place, *args)
    try:
        server.start(place.server_core, place.results / "run" / label.replace(" ", "-"))
        if scenario.idle:
            return idle(place, scenario, server)
        return busy(place, scenario, server, seconds)
    finally:
        server.stop()


def run_scenario(place, scenario, n_rounds, seconds, tell):
    """All rounds: a list of {label: figures}, and {label: why} for those that are left out."""
    rounds, absent = [], {}
    for number in range(min(n_rounds, scenario.most_rounds)):
        figures = {}
        labels = list(scenario.contestants)
        turn = number % len(labels)
        for label in labels[turn:] + labels[:turn]:
            if label in absent:
                continue
            tell(f"{scenario.key}: round {number + 1}, {label}")
            try:
                figures[label] = contest(place, scenario, label, seconds)
            except (Absent, Failed) as why:
                absent[label] = str(why)
        rounds.append(figures)
    return rounds, absent


def median_of(rounds, label, metric):
    values = [figures[label][metric] for figures in rounds if label in figures]
    return statistics.median(values) if values else None


def ratio_of(rounds, target):
    """The median over the rounds of subject by against; None where one was never there."""
    ratios = []
    for figures in rounds:
        if target.subject not in figures:
            continue
        value = figures[target.subject][target.metric]
        if isinstance(target.against, str):
            if target.against not in figures:
                continue
            ratios.append(value / figures[target.against][target.metric])
        else:
            ratios.append(value / target.against)
    return statistics.median(ratios) if ratios else None


def summarize(scenario, rounds, absent):
    """What the table, the file and the chart are made of."""
    metrics = sorted({name for figures in rounds for row in figures.values() for name in row})
    servers = {}
    for label in scenario.contestants:
        if label not in absent:
            servers[label] = {name: median_of(rounds, label, name) for name in metrics}
    targets = []
    for target in scenario.targets:
        ratio = ratio_of(rounds, target)
        targets.append({
            "subject": target.subject, "against": target.against, "metric": target.metric,
            "ratio": ratio, "target": target.says(),
            "met": None if ratio is None else target.met(ratio)})
    return {"key": scenario.key, "title": scenario.title, "metric": scenario.metric,
            "servers": servers, "targets": targets, "absent": absent, "rounds": rounds}
