"""cgw-tutorial(7) is true: what it says that curl shows is what each of its steps answers, and its
configuration would be served. On the page "..." stands for anything, and a line that begins with a blank
goes on from the one before."""
import os
import re
import shutil
import subprocess

from wire_lab import Skip, need

HERE = os.path.dirname(os.path.abspath(__file__))
MANUAL = os.path.join(HERE, "../../man")
SESSION = re.compile(r'^\.\\" session: (\S+)\n\.Bd -literal[^\n]*\n(.*?)(?=^\.Ed$)', re.M | re.S)
ESCAPES = {r"\-": "-", r"\(aq": "'", r"\(ga": "`", r"\(ha": "^", r"\(ti": "~", r"\(dq": '"', r"\e": "\\",
           r"\&": ""}
END = "\x01"


def plain(text):
    return re.sub(r"\\(?:\(..|.)", lambda mark: ESCAPES[mark[0]], text)


def split(part):
    """A command, with the lines it goes on in, and what is shown behind it."""
    return re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", part, re.S).groups()


def sessions():
    """Steps in order, each with its commands and what the page shows behind them."""
    with open(os.path.join(MANUAL, "cgw-tutorial.7"), encoding="utf-8") as file:
        page = file.read()
    for step, text in SESSION.findall(page):
        yield step, [split(part) for part in re.split(r"^\$ ", plain(text), flags=re.M)[1:]]


def show(folder, server, module, commands):
    """All commands in one shell, as variables stay; what each has written."""
    script = "".join("%s\nprintf '%s'\n" % (command.rstrip("\n"), END) for command in commands)
    script = script.replace("http://127.0.0.1:8000", "http://127.0.0.1:%d" % server.port)
    script = script.replace("./shelf.so", module)
    tools = os.path.dirname(server.bench.server)
    done = subprocess.run(["sh"], input=script, cwd=folder, capture_output=True, text=True, check=False,
                          timeout=60 * server.bench.slow, env=dict(os.environ, PATH=tools + ":" + os.environ["PATH"]))
    outputs = done.stdout.replace("\r\n", "\n").split(END)
    need(len(outputs) == len(commands) + 1, "the shell gave up: %s%s" % (done.stdout, done.stderr))
    return [re.sub(r"\S*/\d\d_(shelf)\.c", r"\1.c", output) for output in outputs]


LINE = re.compile(r"(?<=\.c:)\d+")


def without_lines(got, wanted):
    """Compilers differ in where a macro of several lines stands."""
    pairs = zip(LINE.findall(got), LINE.findall(wanted))
    need(all(abs(int(mine) - int(page)) <= 2 for mine, page in pairs), "%s\nbut the page has\n%s" % (got, wanted))
    return LINE.sub("0", got), LINE.sub("0", wanted)


def compare(step, command, got, wanted):
    got, wanted = without_lines(got, re.sub(r"\n +", "", wanted))
    pattern = ".*".join(map(re.escape, wanted.rstrip("\n").split("...")))
    need(re.fullmatch(pattern, got.rstrip("\n"), re.S),
         "%s: $ %s\nshows\n%s\nbut the page has\n%s" % (step, command, got, wanted))


def play(lab, step, module, pairs):
    server = lab.serve(module, env={"SHELF_DB": "sqlite:$TMP/shelf.db"})
    outputs = show(server.folder, server, module, [command for command, _ in pairs])
    for (command, wanted), got in zip(pairs, outputs):
        compare(step, command, got, wanted)


def built(lab, step):
    """The path of a step's module; one that needs a library which is not here was not built."""
    return os.path.join(os.path.abspath(lab.bench.apps[0]), "tutorial", step + ".so")


def case_each_step_answers_what_the_page_shows(lab):
    if not shutil.which("curl"):
        raise Skip("no curl here")
    steps = list(sessions())
    need(len(steps) >= 8 and sum(len(pairs) for _, pairs in steps) >= 25, "sessions: %s" % steps)
    need(os.path.exists(built(lab, "05_database")), "the steps are not built")
    for step, pairs in steps:
        if os.path.exists(built(lab, step)):
            play(lab, step, built(lab, step), pairs)


def case_the_configuration_would_be_served(lab):
    config = os.path.join(MANUAL, "examples/tutorial/10_shelf.conf")
    argv = [lab.bench.server, "--config", config, "--check", built(lab, "05_database")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    need(done.returncode == 0, "%s: %s%s" % (argv, done.stdout, done.stderr))
