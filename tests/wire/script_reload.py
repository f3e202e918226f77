"""From a file that is saved to an answer: sources, headers and modules that change under a server."""
import glob
import os
import re
import shutil
import subprocess
import time

from wire_crowd import Crowd, Request
from wire_lab import Skip, long, need, until
from wire_peer import Failed

LOAD = {"keep": 8, "fresh": 4}
QUIET = 0.5  # seconds without a reload, after what is none

# Answers with the word that the header names; words have five letters.
SOURCE = """
#include <cgw/abi.h>
#include "word.h"
static const struct cgw_header fields[] = {CGW_HEADER("content-length", "5")};
static const struct cgw_str body = {WORD, 5};
static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}
static void answer(struct cgw_call *call)
{
    static struct cgw_event events[2];
    events[0] = cgw_event_start(200, fields, 1);
    events[1] = cgw_event_body(&body, 1, 0);
    int status = call->host->send(call, events, 2, done, 0);
    if (status != CGW_PENDING)
        done(call, status, 0);
}
CGW_APP(.kind = CGW_ASYNC, .name = "word", .call = answer);
"""


def save(path, text):
    """In place, as simple editors do."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def replace(path, text):
    """Written beside and moved, as careful ones do."""
    save(path + "~", text)
    os.replace(path + "~", path)


def word(text):
    return '#ifndef WORD\n#define WORD "%s"\n#endif\n' % text


class Place:
    """A folder with an application: app.c, and the word that it answers with in word.h."""

    def __init__(self, lab):
        self.lab, self.path = lab, os.path.join(lab.bench.folder(), "a place")
        os.mkdir(self.path)
        self.tmp = os.path.join(lab.bench.folder(), "run")
        os.mkdir(self.tmp)
        os.chmod(self.tmp, 0o755)
        save(self.at("app.c"), SOURCE)
        save(self.at("word.h"), word("first"))

    def at(self, name):
        return os.path.join(self.path, name)

    def env(self, **more):
        return {"XDG_RUNTIME_DIR": self.tmp, **more}

    def store(self):
        """What is in the private folders below ours."""
        return glob.glob(self.tmp + "/cgw-serve.*/*")

    def compile(self, to):
        """As a makefile would: into its place at once."""
        folder = os.path.join(os.path.dirname(os.path.abspath(self.lab.bench.server)), "sdk")
        command = ('${CC:-cc} $(PKG_CONFIG_PATH="$0" pkg-config --cflags cgw) -g -o "$2" "$1" '
                   '$(PKG_CONFIG_PATH="$0" pkg-config --libs cgw)')
        subprocess.run(["sh", "-c", command, folder, self.at("app.c"), self.at(to)], check=True, timeout=60)

    def serve(self, *options, app="app.c", **more):
        env = self.env(**more.pop("env", {}))
        return self.lab.serve(self.at(app), ["--reload", *options], env, **more)


def says(server, text, seconds=30):
    """Wait until this is the answer."""
    def once():
        response = server.ask("/", fields=[("accept", "application/json")])
        return response.status == 200 and response.body == text.encode()
    until(once, "%s is not answered" % text, seconds * server.bench.slow)


def reloads(server):
    return len(re.findall(r"\bCGW0140\b", server.log()))


def stays(server, text):
    """Nothing is reloaded."""
    before = reloads(server)
    time.sleep(QUIET * server.bench.slow)
    need(reloads(server) == before, "it reloads")
    says(server, text)


# ---- C files

def case_row_134_c_files_and_their_headers_are_served_as_they_are_saved(lab):
    place = Place(lab)
    server = place.serve()
    says(server, "first")
    for number, (write, name, text, wanted) in enumerate([
            (save, "word.h", word("secnd"), "secnd"),
            (replace, "word.h", word("third"), "third"),
            (save, "app.c", SOURCE.replace("{WORD, 5}", '{"fourt", 5}'), "fourt"),
            (replace, "app.c", '#include "more.h"\n' + SOURCE, None),
            (save, "more.h", "#define MORE 1\n", "third"),
            (save, "more.h", '#define WORD "fifth"\n', "fifth")]):
        write(place.at(name), text)
        if wanted:
            says(server, wanted)
        else:
            server.wait_log(r"CGW0135", 30 * lab.slow)
        need(reloads(server) >= number + 1, "no reload")


def case_row_134_several_c_files_are_one_application(lab):
    place = Place(lab)
    save(place.at("app.c"), SOURCE.replace("{WORD, 5}", "{0, 5}").replace(
        "    static struct", "    ((struct cgw_str *)&body)->ptr = word();\n    static struct").replace(
            "static const struct cgw_str body", "const char *word(void);\nstatic struct cgw_str body"))
    save(place.at("word.c"), '#include "word.h"\nconst char *word(void);\n'
                             "const char *word(void) { return WORD; }\n")
    server = place.serve(place.at("app.c"), app="word.c")
    says(server, "first")
    save(place.at("word.h"), word("secnd"))
    says(server, "secnd")
    save(place.at("word.c"), 'const char *word(void) { return "third"; }\n')
    says(server, "third")


def case_row_134_what_editors_leave_behind_is_no_change(lab):
    place = Place(lab)
    server = place.serve("--reload-dir", place.path)
    says(server, "first")
    for name in (".app.c.swp", "app.c~", "4913", ".#app.c", "#app.c#", "app.c.tmp", "app.o", "notes.txt", ".git.c"):
        save(place.at(name), "x")
    os.mkdir(place.at(".git"))
    save(place.at(".git/index.c"), "x")
    os.chmod(place.at("app.c"), 0o600)
    with open(place.at("app.c"), "r+", encoding="utf-8"):
        pass
    stays(server, "first")


def case_row_134_a_burst_of_saves_is_one_reload(lab):
    place = Place(lab)
    server = place.serve("--reload-delay", "1s")
    says(server, "first")
    for number in range(20):
        save(place.at("word.h"), word("num%02d" % number))
        save(place.at("app.c"), SOURCE + "// %d\n" % number)
        time.sleep(0.01)
    says(server, "num19")
    stays(server, "num19")
    need(reloads(server) == 1, "%d reloads" % reloads(server))


def case_row_134_folders_and_patterns_of_the_operator(lab):
    place = Place(lab)
    os.makedirs(place.at("pages/deep"))
    os.mkdir(place.at("pages/gen"))
    server = place.serve("--reload-dir", place.at("pages"), "--reload-include", "*.txt",
                         "--reload-exclude", "gen,skip*")
    says(server, "first")
    for name in "skip.html", "gen/a.html", "data.json", "deep/skip.txt":
        save(place.at("pages/" + name), "x")
    stays(server, "first")
    os.mkdir(place.at("pages/new"))
    for number, name in enumerate(["a.html", "deep/b.txt", "new/c.tmpl", "new/d.c"]):
        save(place.at("pages/" + name), "x")
        until(lambda n=number: reloads(server) == n + 1, "no reload for " + name, 20 * lab.slow)
        server.wait_log(r"CGW0144 .*generation=%d\b" % (number + 2), 30 * lab.slow)
    need("cause=" in server.log() and "/pages/new/d.c" in server.log(), "the log does not name the file")


def case_row_134_without_reload_nothing_is_watched_until_hup(lab):
    place = Place(lab)
    server = lab.serve(place.at("app.c"), [], place.env())
    says(server, "first")
    save(place.at("word.h"), word("secnd"))
    stays(server, "first")
    server.signal("HUP")
    says(server, "secnd")


def case_row_134_hup_reads_anew_what_is_watched(lab):
    place = Place(lab)
    for name in "old", "new":
        os.mkdir(place.at(name))
    conf = place.at("cgw.conf")
    save(conf, "reload-dir = %s\n" % place.at("old"))
    server = place.serve("--config", conf)
    says(server, "first")
    save(conf, "reload-dir = %s\nreload-include = *.txt\n" % place.at("new"))
    server.signal("HUP")
    server.wait_log(r"CGW0144 .*generation=2\b", 30 * lab.slow)
    save(place.at("old/a.txt"), "x")
    save(place.at("old/a.c"), "x")
    stays(server, "first")
    save(place.at("new/a.txt"), "x")
    server.wait_log(r"CGW0140 .*new/a\.txt", 30 * lab.slow)
    save(place.at("word.h"), word("secnd"))
    says(server, "secnd")


# ---- modules

def case_row_134_a_module_that_is_rebuilt_is_served(lab):
    def copied():
        place.compile("new.so")
        shutil.copyfile(place.at("new.so"), place.at("app.so"))

    def moved():
        place.compile("new.so")
        os.replace(place.at("new.so"), place.at("app.so"))

    def linked():
        place.compile("app.so")

    def slowly():
        place.compile("new.so")
        with open(place.at("new.so"), "rb") as source, open(place.at("app.so"), "wb", buffering=0) as dest:
            while True:
                piece = source.read(4000)
                if not piece:
                    break
                dest.write(piece)
                time.sleep(0.05)

    place = Place(lab)
    place.compile("app.so")
    server = place.serve(app="app.so")
    says(server, "first")
    for number, rebuild in enumerate((copied, moved, linked, slowly)):
        text = "way%02d" % number
        save(place.at("word.h"), word(text))
        rebuild()
        says(server, text)
        stays(server, text)
        need(reloads(server) == number + 1, "%d reloads after %s" % (reloads(server), rebuild.__name__))
    need("CGW0135" not in server.log() and "CGW0137" not in server.log(), "a half module was tried")


def case_row_136_a_module_that_is_broken_is_named_and_the_next_one_served(lab):
    place = Place(lab)
    place.compile("app.so")
    server = place.serve(app="app.so")
    with open(place.at("app.so"), "rb") as file:
        code = file.read()
    for broken, wanted in ((b"no module\n", r"app\.so: no ELF file"), (code[:len(code) // 2], "truncated")):
        with open(place.at("app.so"), "wb") as file:
            file.write(broken)
        server.wait_log(r"CGW0137 .*" + wanted, 30 * lab.slow)
        says(server, "first")
    save(place.at("word.h"), word("secnd"))
    place.compile("app.so")
    says(server, "secnd")


def case_row_134_the_users_own_build_makes_the_module(lab):
    place = Place(lab)
    folder = os.path.join(os.path.dirname(os.path.abspath(lab.bench.server)), "sdk")
    save(place.at("build.sh"), 'set -e\necho building\nPKG_CONFIG_PATH="%s"\nexport PKG_CONFIG_PATH\n'
                               "cp app.c out.c\n"  # what it writes itself is watched, too, but is excluded
                               "${CC:-cc} $(pkg-config --cflags cgw) -o app.so app.c $(pkg-config --libs cgw)\n"
         % folder)
    server = lab.serve("./app.so", ["--reload", "--build", "sh build.sh", "--reload-exclude", "out.c"],
                       place.env(), first="cd '%s'" % place.path)
    says(server, "first")
    save(place.at("word.h"), word("secnd"))
    says(server, "secnd")
    stays(server, "secnd")
    save(place.at("word.h"), "#error mine\n")
    server.wait_log(r"error mine", 30 * lab.slow)
    server.wait_log(r"the command of --build 'sh build.sh' ended with status 1", 30 * lab.slow)
    says(server, "secnd")
    replace(place.at("word.h"), word("third"))
    says(server, "third")


def case_row_134_libraries_beside_a_module_are_found(lab):
    place = Place(lab)
    os.mkdir(place.at("lib"))
    save(place.at("lib.c"), 'const char *cgw_word(void);\nconst char *cgw_word(void) { return "besid"; }\n')
    save(place.at("app.c"), SOURCE.replace("{WORD, 5}", "{0, 5}").replace(
        "    static struct", "    body.ptr = cgw_word();\n    static struct").replace(
            "static const struct cgw_str body", "const char *cgw_word(void);\nstatic struct cgw_str body"))
    subprocess.run(["sh", "-c", '${CC:-cc} -fPIC -shared -o "$2" -Wl,-soname,libword.so "$1"', "sh",
                    place.at("lib.c"), place.at("lib/libword.so")], check=True, timeout=60)
    flags = "-L'%s' -lword -Wl,-rpath,'$ORIGIN/lib'" % place.at("lib")
    server = place.serve(env={"LDFLAGS": flags})
    says(server, "besid")
    save(place.at("app.c"), SOURCE)
    says(server, "first")


# ---- broken sources

def case_row_136_each_kind_of_broken_source_keeps_the_last_good(lab):
    place = Place(lab)
    server = place.serve()
    says(server, "first")
    broken = [("app.c", SOURCE.replace("(void)arg;", "(void)arg"), r"app\.c:8:\d+: error"),
              ("app.c", '#include "none.h"\n' + SOURCE, r"none\.h"),
              ("app.c", "void nowhere(void);\n" + SOURCE.replace("(void)arg;", "(void)arg; nowhere();"), "nowhere"),
              ("app.c", SOURCE.replace("CGW_APP(", "static struct cgw_app x = {0}; //"), r"exports no symbol cgw_app"),
              ("word.h", "#error mine\n", r"word\.h:1:\d+: error: .*mine")]
    for number, (name, text, wanted) in enumerate(broken):
        before, (good, now) = len(server.log()), ("word.h", word("num%02d" % number))
        save(place.at(name), text)
        until(lambda at=before, pattern=wanted: re.search(pattern, server.log()[at:]),
              "the log has no /%s/" % wanted, 30 * lab.slow)
        need(server.ask("/", fields=[("accept", "*/*")]).status == 200, "the last good does not answer")
        save(place.at("app.c"), SOURCE)
        save(place.at(good), now)
        says(server, "num%02d" % number)


def case_row_136_what_does_not_compile_at_the_start_ends_the_server(lab):
    place = Place(lab)
    for text, env, wanted in ((SOURCE + "int wrong(void) { return undeclared; }\n", {}, "undeclared"),
                              (SOURCE, {"CC": "no-such-cc"}, "no compiler: 'no-such-cc' was not found"),
                              (SOURCE, {"PKG_CONFIG": "no-such-pc"}, "pkg-config is missing")):
        save(place.at("app.c"), text)
        server = lab.serve(place.at("app.c"), [], place.env(**env), wait=False)
        need(server.wait() == 3, "exit code %d" % server.exit_code)
        need(wanted in server.log() and "CGW0101" not in server.log(), "the log says: %s" % server.log())
    need(place.store() == [], "the private folder stays")


def case_row_136_a_server_that_began_broken_comes_to_serve(lab):
    place = Place(lab)
    save(place.at("word.h"), "#error mine\n")
    server = place.serve()
    need(server.ask("/", fields=[("accept", "*/*")]).status == 503, "another status")
    save(place.at("word.h"), word("secnd"))
    says(server, "secnd")


# ---- under load

EDITS = int(os.environ.get("CGW_WIRE_EDITS", "20"))


@long
def case_row_131_139_edits_under_load_lose_nothing(lab):
    place = Place(lab)
    server = place.serve("--workers", "2")
    says(server, "first")
    asked = Request("/", expect=lambda body: re.fullmatch(rb"first|n\d{4}", body) is not None)
    with Crowd(server, requests=[asked], **LOAD) as crowd:
        for number in range(EDITS):
            answered, text = crowd.answered, "n%04d" % number
            (save if number % 2 else replace)(place.at("word.h"), word(text))
            until(lambda t=text: all(server.ask("/").body == t.encode() for _ in range(5)),
                  "%s is not answered by all" % text, 60 * lab.slow)
            crowd.wait_answers(20)
            need(crowd.answered - answered >= 20, "reload %d: nothing is answered" % number)
    crowd.judge(20 * EDITS)
    need(reloads(server) == EDITS, "%d reloads" % reloads(server))
    until(lambda: len([name for name in place.store() if name.endswith(".so")]) <= 3,
          "copies stay: %s" % place.store(), 20 * lab.slow)


def case_row_139_a_connection_that_is_asked_between_edits_goes_on(lab):
    place = Place(lab)
    server = place.serve()
    with server.connect(60) as idle:
        need(idle.ask("/").body == b"first", "a request")
        save(place.at("word.h"), word("secnd"))
        says(server, "secnd")
        response = idle.ask("/")
        need(response.status == 200 and response.body == b"first", "the old worker does not answer once more")
        need(response.get("connection") == "close", "no connection: close")
        idle.closed()


def case_row_135_an_open_download_ends_within_the_grace_of_development(lab):
    path = os.path.join(lab.bench.folder(), "app.so")
    shutil.copyfile(lab.bench.app("probe"), path)
    server = lab.serve(path, ["--reload"])
    old = server.worker
    with server.connect(60) as peer:
        peer.request("/stream?n=100000&size=10&ms=50")
        need(peer.head().status == 200, "no stream")
        shutil.copyfile(lab.bench.app("probe"), path)
        server.wait_log("CGW0105", 30 * lab.slow)
        try:
            peer.body()
        except Failed:
            pass  # cut off, as it has to be
        need(peer.eof, "the connection is kept")
    server.wait_workers(lambda now: now and old not in now, "the old worker stays", 30 * lab.slow)


# ---- the private folder

def case_row_134_the_private_folder_is_the_servers_own_and_goes_with_it(lab):
    place = Place(lab)
    server = place.serve()
    says(server, "first")
    folder, = glob.glob(place.tmp + "/cgw-serve.*")
    need(os.stat(folder).st_mode & 0o777 == 0o700, "mode %o" % os.stat(folder).st_mode)
    need(".%d." % server.pid in folder, "%s is not named after %d" % (folder, server.pid))
    with open("/proc/%d/maps" % server.worker, encoding="utf-8") as file:
        need(folder + "/app.g1.so" in file.read(), "it is not loaded from there")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(not os.path.exists(folder), "the folder stays")


def case_row_134_what_a_killed_supervisor_left_is_removed_by_the_next(lab):
    place = Place(lab)
    server = place.serve(may_lose_workers=True)
    says(server, "first")
    folder, = glob.glob(place.tmp + "/cgw-serve.*")
    server.signal("KILL")
    need(server.wait() == -9, "exit code %d" % server.exit_code)
    server.leaves_nobody(20 * lab.slow)
    need(os.path.exists(folder), "there is nothing to remove")
    server = place.serve()
    says(server, "first")
    need(not os.path.exists(folder), "the folder stays")


def case_row_134_workers_of_another_user_load_from_there(lab):
    if os.geteuid() != 0:
        raise Skip("only root may become somebody else")
    place = Place(lab)
    for path in lab.bench.tmp, os.path.dirname(place.tmp):
        os.chmod(path, 0o755)
    server = place.serve("--user", "nobody")
    says(server, "first")
    save(place.at("word.h"), word("secnd"))
    says(server, "secnd")
    folder, = glob.glob(place.tmp + "/cgw-serve.*")
    need(os.stat(folder).st_mode & 0o777 == 0o750, "mode %o" % os.stat(folder).st_mode)
    need(os.stat(folder).st_uid == 0, "it is not root's")


def case_row_134_a_change_while_it_compiles_starts_anew(lab):
    place = Place(lab)
    save(place.at("cc"), '#!/bin/sh\necho "$$" >>"%s/cc.log"\ntest -e "%s/slow" && sleep 30\n'
                         'exec ${REAL_CC:-cc} "$@"\n' % (place.path, place.path))
    os.chmod(place.at("cc"), 0o755)
    server = place.serve(env={"CC": "'%s'" % place.at("cc"), "REAL_CC": os.environ.get("CC", "cc")})
    says(server, "first")
    save(place.at("slow"), "")
    save(place.at("word.h"), word("secnd"))
    def runs():
        with open(place.at("cc.log"), encoding="utf-8") as file:
            return len(file.readlines())
    until(lambda: runs() == 2, "no second compiler", 20 * lab.slow)
    os.unlink(place.at("slow"))
    save(place.at("word.h"), word("third"))
    says(server, "third", 20)
    need("CGW0135" not in server.log(), "the build that was given up counts as failed")
