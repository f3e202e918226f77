"""What the lint scripts share: which files there are, their text without comments, and reporting.

Each script prints "file:line: what is wrong: how to mend it" for each finding and exits with 1, with
0 when there is none, and with 77 when a tool is missing.
"""
import glob
import os
import re
import sys

ROOT = os.environ.get("top_srcdir") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FLOORS = ["base", "proto", "app", "net", "proc"]

TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def files(*patterns):
    """Paths below the source folder, relative to it, that match one of the patterns ("**" too)."""
    found = set()
    for pattern in patterns:
        found.update(glob.glob(pattern, root_dir=ROOT, recursive=True))
    return sorted(found)


def c_files():
    return files("server/**/*.[ch]", "sdk/**/*.[ch]", "modules/**/*.[ch]", "tests/**/*.[ch]")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def code(text, keep_strings=False):
    """The text with comments, and the inside of strings, blanked out; lines stay where they are."""
    def blank(match):
        token = match[0]
        if token[0] in "\"'":
            return token if keep_strings else token[0] * 2
        return "\n" * token.count("\n") or " "
    return TOKEN.sub(blank, text)


class Report:
    def __init__(self):
        self.findings = 0

    def add(self, path, line, what):
        self.findings += 1
        print("%s:%d: %s" % (path, line, what))

    def done(self, what_was_checked):
        if self.findings:
            print("%d findings in %s" % (self.findings, what_was_checked))
            sys.exit(1)
        print("no findings in %s" % what_was_checked)


def skip(package):
    print("skipped: on Debian, apt-get install %s" % package)
    sys.exit(77)
