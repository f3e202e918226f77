"""A wholly synchronous application on the SDK, and tasks behind its replies."""
import threading

from wire_lab import need, serves, until

APP = "sdk_sync"


@serves(APP)
def case_one_word_makes_every_route_synchronous(server):
    need(server.ask("/where").body == b"thread\n", "where")
    need(server.ask("/where-loop").body == b"loop\n", "but for one")


@serves(APP, own=True)
def case_children_of_a_synchronous_handler_run_at_the_same_time(server):
    need(server.ask("/together").body == b"thread thread thread, 3 at once\n", "together")


@serves(APP, own=True)
def case_a_semaphore_blocks_synchronous_handlers(server):
    answers = []

    def ask():
        answers.append(server.ask("/alone").body)
    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(answers == [b"1\n"] * 10, "got %s" % answers)


@serves(APP)
def case_a_synchronous_handler_that_suspends_too_long_is_canceled(server):
    need(server.ask("/late").status == 504, "status")


@serves(APP)
def case_row_182_in_order_and_the_connection_goes_on(server):
    with server.connect() as peer:
        need(peer.ask("/behind/order", "POST").status == 202, "status")
        need(peer.ask("/where").body == b"thread\n", "the next request")
        need("behind: first of order" not in server.log(), "it did not wait for the tasks")
    server.wait_log("behind: last of order")
    log = server.log()
    need(log.index("first of order thread") < log.index("last of order"), "in the wrong order")


@serves(APP)
def case_row_182_an_error_ends_the_row(server):
    need(server.ask("/behind/failing", "POST", body=b"x").status == 202, "status")
    server.wait_log("second of failing fails")
    need(server.ask("/behind/after-that", "POST").status == 202, "and others go on")
    server.wait_log("last of after-that")
    need("last of failing" not in server.log(), "it ran behind an error")


@serves(APP)
def case_row_182_also_where_the_client_left(server):
    with server.connect() as peer:
        peer.request("/behind/left?slow=1", "POST", body=b"")
        server.wait_log("begun: left")
        peer.reset()
    server.wait_log("behind: last of left")


@serves(APP)
def case_row_182_on_the_loop(server):
    need(server.ask("/behind-loop/fiber", "POST").status == 202, "status")
    server.wait_log("last of fiber")
    log = server.log()
    need(log.index("first of fiber") < log.index("last of fiber"), "in the wrong order")


def case_row_182_a_worker_that_drains_waits_for_them(lab):
    server = lab.serve(APP)
    need(server.ask("/behind/drained", "POST").status == 202, "status")
    server.signal("TERM")
    need(server.wait() == 0, "exit code")
    until(lambda: "last of drained" in server.log(), "they were lost")
