"""Processes: started on a core of their own, timed and weighed by what the kernel counts."""

import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import time

PROC = pathlib.Path("/proc")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def two_cores():
    """A core for the server and one for the generator; the same one where there is no second."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[1 % len(cores)]


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def pinned(core):
    """What is started inside inherits the core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def start(argv, core, log, **more):
    """A process in a session of its own, so that it and its children can be found and stopped."""
    with pinned(core), open(log, "wb") as out:
        return subprocess.Popen(
            [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True, **more)


def stop(process, patience_s=5):
    """TERM to the session, KILL to what is left after a while; returns when none is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if process.poll() is not None and not session(process.pid):
                return
            time.sleep(0.005)


def fields_of(pid):
    """The fields of /proc/PID/stat behind the name, which may hold blanks itself."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def session(leader):
    """The processes of a session; those that only wait to be reaped are none."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            state, _, _, sid = fields_of(entry.name)[:4]
            if state != "Z" and int(sid) == leader:
                found.append(int(entry.name))
    return found


def cpu_of(pid):
    """User and system time of all threads, also ended ones: by the process's own clock, in
    nanoseconds, where the kernel lets us read it; else in ticks."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        fields = fields_of(pid)
        return (int(fields[11]) + int(fields[12])) * TICK_S


def cpu_s(leader):
    total = 0.0
    for pid in session(leader):
        with contextlib.suppress(OSError):
            total += cpu_of(pid)
    return total


def memory_of(pid):
    """Bytes: what is resident, each shared page by the share of this process, and its own."""
    found = {"resident": 0, "own": 0}
    names = {"Pss": "resident", "Pss_Anon": "own"}
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in names:
            found[names[name]] = int(value.split()[0]) * 1024
    return found


def memory(leader):
    """The same of all processes of a session."""
    total = {"resident": 0, "own": 0}
    for pid in session(leader):
        with contextlib.suppress(OSError):
            for name, value in memory_of(pid).items():
                total[name] += value
    return total


def machine():
    """What the figures depend on."""
    model = "unknown"
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release,
            "load_before": os.getloadavg()[0]}
