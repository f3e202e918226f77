#!/usr/bin/env python3
"""Does to TEST_SERVER what systemd does: puts the sockets TEST_FDS at 3 and the following, and becomes it."""
import fcntl
import os
import sys


def main():
    given = [int(fd) for fd in os.environ.pop("TEST_FDS").split(",")]
    server = os.environ.pop("TEST_SERVER")
    above = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in given]
    for fd in given:
        os.close(fd)
    for number, fd in enumerate(above):
        os.dup2(fd, 3 + number)
        os.close(fd)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)))
    os.execv(server, [server] + sys.argv[1:])


if __name__ == "__main__":
    main()
