"""What the kernel tells of processes: who is whose child, what each uses, which sockets it holds."""
import ctypes
import os
import re
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """The fields of /proc/PID/stat behind the name, which may hold blanks itself; None: it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def is_alive(pid):
    """It runs, sleeps or is stopped; one that only waits to be reaped does not count."""
    fields = stat_of(pid)
    return bool(fields) and fields[0] not in "ZX"


def state_of(pid):
    fields = stat_of(pid)
    return fields[0] if fields else "X"


def _everybody():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def all_children_of(parent):
    """Its children, those of its threads, too; also who has ended and is not waited for yet."""
    try:
        pids = []
        for thread in os.listdir("/proc/%d/task" % parent):
            with open("/proc/%d/task/%s/children" % (parent, thread), encoding="ascii") as file:
                pids += map(int, file.read().split())
    except OSError:  # a kernel without that file, or the parent has just ended
        pids = [pid for pid in _everybody() if (stat_of(pid) or ("", "0"))[1] == str(parent)]
    return pids


def children_of(parent):
    """Its living children."""
    return [pid for pid in all_children_of(parent) if is_alive(pid)]


def group_of(leader):
    """The living processes of a process group."""
    return [pid for pid in _everybody()
            if is_alive(pid) and (stat_of(pid) or ("", "", "0"))[2] == str(leader)]


def ignores(pid, *signals):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        ignored = int(re.search(r"SigIgn:\s*(\w+)", file.read())[1], 16)
    return all(ignored >> each - 1 & 1 for each in signals)


def rss_kib(pid):
    """What is resident; 0 when it has ended."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            found = re.search(r"VmRSS:\s+(\d+)", file.read())
            return int(found[1]) if found else 0
    except OSError:
        return 0


def cpu_seconds(pid):
    fields = stat_of(pid)
    return (int(fields[11]) + int(fields[12])) * TICK_S if fields else 0.0


def descriptors(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return 0


def wait_stopped(pid, seconds=5):
    """Wait until SIGSTOP has stopped each thread; False: it has ended meanwhile, or was never sent."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            threads = os.listdir("/proc/%d/task" % pid)
        except OSError:
            return False
        states = [(stat_of_thread(pid, thread) or "X")[0] for thread in threads]
        if all(state in "TtX" for state in states):
            return any(state in "Tt" for state in states)
        time.sleep(0.001)
    return False


def stat_of_thread(pid, thread):
    try:
        with open("/proc/%d/task/%s/stat" % (pid, thread), encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return None


def peers_of(pid, port):
    """The ports of the clients on the other side of what the process has accepted at this port.

    Exact where the process is stopped: it neither accepts nor closes meanwhile."""
    inodes = set()
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            continue
        if found:
            inodes.add(found[1])
    peers = set()
    for path in "/proc/net/tcp", "/proc/net/tcp6":
        try:
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except OSError:
            continue
        peers.update(int(row[2].rpartition(":")[2], 16) for row in rows
                     if row[9] in inodes and int(row[1].rpartition(":")[2], 16) == port)
    peers.discard(0)
    return peers


def inherit_orphans():
    """Processes whose parent ends become ours, so that we learn how they end."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Adopted:
    """A process that somebody else has started and left to us, in the shape of subprocess.Popen."""

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self):
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # its parent still lives
                return None if is_alive(self.pid) else -1
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return self.returncode
