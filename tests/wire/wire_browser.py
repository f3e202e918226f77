"""A real browser without a window, where Chromium is there: told over a pipe what page to show, asked
what is in it. For what only a browser shows: that a script runs, that a page loads itself anew."""
import base64
import json
import os
import select
import shutil
import sys
import time

from wire_lab import Skip
from wire_peer import Failed

# DevTools speak on descriptors 3 and 4.
MOVE = """
import fcntl, os, sys
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
for fd, wanted in zip(high, (3, 4)):
    os.dup2(fd, wanted)
    os.close(fd)
os.execv(sys.argv[3], sys.argv[3:])
"""
NAMES = "chromium", "chromium-browser", "google-chrome"


class Browser:
    """One browser with one page, both gone at the end of the with block."""

    def __init__(self, lab, *flags):
        found = [path for path in map(shutil.which, NAMES) if path]
        if not found:
            raise Skip("no Chromium here")
        self.bench, self.slow = lab.bench, lab.slow
        self.n, self.buf, self.session = 0, b"", None
        theirs_in, self.out = os.pipe()
        self.inp, theirs_out = os.pipe()
        folder = self.bench.folder()
        with open(os.path.join(folder, "browser"), "wb") as said:
            self.process = self.bench.spawn(
                [sys.executable, "-c", MOVE, str(theirs_in), str(theirs_out), found[0],
                 "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                 "--disable-extensions", *flags, "--user-data-dir=%s/profile" % folder, "about:blank"],
                pass_fds=(theirs_in, theirs_out), env={**os.environ, "HOME": folder},
                stdout=said, stderr=said)
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self):
        try:
            target = self.command("Target.createTarget", {"url": "about:blank"})["targetId"]
            self.session = self.command("Target.attachToTarget",
                                        {"targetId": target, "flatten": True})["sessionId"]
        except (Failed, OSError) as error:
            self.__exit__()
            raise Skip("Chromium does not start here: %s" % error) from None
        return self

    def __exit__(self, *_):
        self.bench.reap(self.process)
        os.close(self.inp)
        os.close(self.out)

    def _message(self, end):
        while b"\0" not in self.buf:
            if not select.select([self.inp], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed("the browser says nothing")
            data = os.read(self.inp, 65536)
            if not data:
                raise Failed("the browser has ended")
            self.buf += data
        message, _, self.buf = self.buf.partition(b"\0")
        return json.loads(message)

    def command(self, method, params=None):
        """One command of the DevTools protocol; its result."""
        self.n += 1
        message = {"id": self.n, "method": method, "params": params or {}}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 30 * self.slow
        while True:
            answer = self._message(end)
            if answer.get("id") == self.n:
                if "error" in answer:
                    raise Failed("%s: %s" % (method, answer["error"].get("message")))
                return answer["result"]

    def show(self, url):
        self.command("Page.navigate", {"url": url})

    def value(self, script):
        """What a script says in the page as it is now; None while the page changes."""
        try:
            result = self.command("Runtime.evaluate", {"expression": script, "returnByValue": True})
        except Failed as failed:
            if "context" in str(failed) or "navigated" in str(failed):
                return None
            raise
        return result["result"].get("value")

    def wait(self, script, why):
        """Wait until the script says something that counts as true in the page; what."""
        end = time.monotonic() + 30 * self.slow
        while True:
            value = self.value(script)
            if value:
                return value
            if time.monotonic() > end:
                raise Failed("%s; the page: %r" % (why, self.value("document.body.innerText")))
            time.sleep(0.02)

    def picture(self, path):
        """For a person to look at: the page as a PNG file."""
        data = self.command("Page.captureScreenshot", {"format": "png"})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
