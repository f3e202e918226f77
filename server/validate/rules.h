/*
 * What cgw-validate holds an application to: a number for ever, a name, and what abi.h says.
 * Documented in cgw-validate(1) under DIAGNOSTICS, where a test compares the list.
 */
#ifndef VALIDATE_RULES_H
#define VALIDATE_RULES_H

#define RULES(X)                                                                                   \
    X(CRASH, 701, "crash",                                                                         \
      "a call may touch its scope, its events, what alloc() gave, and its own")                    \
    X(SCOPE_LATE, 702, "scope-late", "every pointer of the scope lives until finish()")            \
    X(HOST_WRITTEN, 703, "host-written",                                                           \
      "the scope and what receive() gives are the host's, to read only")                           \
    X(CALL_LATE, 704, "call-late", "finish() is the application's last touch of the call")         \
    X(DATA_LATE, 705, "data-late",                                                                 \
      "what receive() gave lives until the next receive() or finish()")                            \
    X(ALLOC_LATE, 706, "alloc-late", "the memory of alloc() dies at finish()")                     \
    X(OVERRUN, 707, "overrun", "memory reaches as far as its length says")                         \
    X(FINISH_TWICE, 708, "finish-twice", "finish() ends the call: once")                           \
    X(FINISH_NEVER, 709, "finish-never", "every call ends with finish()")                          \
    X(FINISH_IN_FLIGHT, 710, "finish-in-flight", "nothing may be in flight at finish()")           \
    X(FINISH_STATUS, 711, "finish-status", "finish() takes CGW_OK or a negative status")           \
    X(RECEIVE_TWICE, 712, "receive-twice", "one receive() may be in flight per call")              \
    X(SEND_TWICE, 713, "send-twice", "one send() may be in flight per call")                       \
    X(ORDER, 714, "order", "events have an order: head, body, trailers; accept, messages, close")  \
    X(INCOMPLETE, 715, "incomplete",                                                               \
      "an incomplete response answers 500 or resets the connection")                               \
    X(FAILED, 716, "failed", "finish() takes 0 when all went well")                                \
    X(HEADER, 717, "header",                                                                       \
      "a field's name is a token, its value has no control bytes (RFC 9110, 5.5)")                 \
    X(STATUS, 718, "status",                                                                       \
      "a response's status is 200 to 999, an informational one's 102 to 199")                      \
    X(LENGTH, 719, "length", "the body has as many bytes as content-length says")                  \
    X(NO_BODY, 720, "no-body", "204, 205 and 304 have no body: it is dropped (RFC 9110, 6.4.1)")   \
    X(EVENT_SIZE, 721, "event-size",                                                               \
      "an event's size is sizeof(struct cgw_event) in both directions")                            \
    X(EVENT_FIELDS, 722, "event-fields", "unused fields and flags of an event are zero")           \
    X(THREAD, 723, "thread", "[call-thread]: only on the thread that runs the call")               \
    X(BLOCKED, 724, "blocked", "a CGW_ASYNC application must not block")                           \
    X(STUCK, 725, "stuck", "call() and callbacks come back")                                       \
    X(LENT, 726, "lent", "after CGW_PENDING events, parts and bytes are the host's until done()")  \
    X(NO_DONE, 727, "no-done", "an answer of CGW_PENDING needs a callback to run")                 \
    X(LIFESPAN, 728, "lifespan", "startup and shutdown are answered, a failure with its message")  \
    X(STARTUP, 729, "startup", "a failed startup is fatal")                                        \
    X(TIMER, 730, "timer",                                                                         \
      "a timer's or watch's storage is zeroed before first use, and the host's while armed")       \
    X(WATCH, 731, "watch", "a watched descriptor must outlive the watch")                          \
    X(POST_LATE, 732, "post-late", "a call is not finished before what was posted to it has run")  \
    X(FILE, 733, "file",                                                                           \
      "a file is an absolute path or an open regular file, its range inside it")                   \
    X(ENDED, 734, "ended", "an application never ends its host's process")                         \
    X(POINTER, 735, "pointer", "what an application hands over is memory that can be read")        \
    X(UNENDING, 736, "unending",                                                                   \
      "after CGW_ECLOSED or CGW_ECANCELED an application unwinds and finishes")                    \
    X(LOG, 737, "log", "a log line has a level from CGW_LOG_DEBUG to CGW_LOG_ERROR")               \
    X(EXTENSION, 738, "extension", "an extension that the host does not give is not supported")    \
    X(DEAD_STACK, 739, "dead-stack", "what is lent or to be filled stays valid until done() runs") \
    X(ROUTE, 740, "route", "a call names its route once, before its response starts")              \
    X(MOVED, 741, "moved", "after CGW_PENDING of set() the call is the host's again")              \
    X(CURRENT, 742, "current", "who a thread works for is alive, and told inside a callback")

enum rule {
#define RULE_ENUM(name, number, id, says) RULE_##name,
    RULES(RULE_ENUM)
#undef RULE_ENUM
        RULE_COUNT
};
#endif
