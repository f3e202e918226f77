/*
 * The probe's own small way of writing calls: a path is a chain of steps. A step gathers events or
 * asks for one, names the step that follows, and returns; probe_run() goes on with it at once where
 * the host was done at once, so nothing recurses. Running out of memory ends the call wherever it
 * happens: what is gathered afterwards is dropped.
 *
 * README lists what each path does.
 */
#ifndef PROBE_H
#define PROBE_H
#include <cgw/abi.h>
#include <stdbool.h>

#ifndef PROBE_KIND
#define PROBE_KIND CGW_ASYNC
#endif

struct probe;
typedef void probe_step(struct probe *probe);

enum { PROBE_EVENTS = 8, PROBE_HEADERS = 8 };

struct probe {
    struct cgw_call *call;
    probe_step *next; /* what follows once the host is done */
    int status;       /* what the host answered last; what to finish with once is_over */
    bool is_ready;    /* next can run now */
    bool is_over;

    struct cgw_str path; /* behind root_path */
    struct cgw_str name; /* its first segment */
    struct cgw_str arg;  /* its second one, or empty */
    struct cgw_event in; /* the last one received */

    /* What the next send() gives. A cut ends one send() of a rule breaker. */
    struct cgw_event out[PROBE_EVENTS];
    struct cgw_str parts[PROBE_EVENTS];
    size_t n_out, cuts[PROBE_EVENTS], n_cuts, cut;
    struct cgw_header few[PROBE_HEADERS], *headers;
    size_t n_headers, max_headers, first_header;

    /* What the paths count. */
    uint64_t n, size, ms, done, bytes;
    uint32_t crc;
    probe_step *then;
    struct cgw_str note;
    struct cgw_timer timer;
    void *own;
};

/* A path and the step it begins with. */
struct probe_path {
    const char *name;
    probe_step *begin;
};
/* Tables that end with a NULL name, one per file. */
extern const struct probe_path look_paths[], plain_paths[], break_paths[], body_paths[],
    stream_paths[], timing_paths[], extend_paths[];

/* ---- the chain (probe.c) ---- */

void probe_run(struct probe *probe);
/* An outcome came by callback: go on with next. */
void probe_resume(struct probe *probe, int status);
void probe_done(struct cgw_call *call, int status, void *probe); /* the same, as cgw_done_fn */
/* What a function of the host answered, and the step for it: at once, or when its callback runs. */
void probe_expect(struct probe *probe, int status, probe_step *next);
void probe_receive(struct probe *probe, probe_step *next);
void probe_send(struct probe *probe, probe_step *next);
void probe_wait(struct probe *probe, uint64_t ms, probe_step *next);
void probe_end(struct probe *probe, int status);
void probe_finish(struct probe *probe); /* a step: end with what the host answered last */

/* ---- the request (probe.c) ---- */

/* The value behind key= in the query; ptr is NULL where it is absent. */
struct cgw_str probe_text(const struct probe *probe, const char *key);
uint64_t probe_number(const struct probe *probe, const char *key, uint64_t otherwise);
int64_t probe_arg(const struct probe *probe, int64_t otherwise);
bool probe_is(struct cgw_str text, const char *word);

/* ---- the response (reply.c) ---- */

/* Memory that dies with the call; NULL has ended the call. */
void *probe_alloc(struct probe *probe, size_t bytes);
__attribute__((format(printf, 2, 3))) struct cgw_str probe_format(struct probe *probe,
                                                                  const char *format, ...);
struct cgw_str probe_str(const char *text);
/* Room for that many fields more than PROBE_HEADERS. */
void probe_reserve(struct probe *probe, size_t n);
void probe_header(struct probe *probe, const char *name, struct cgw_str value);
void probe_field(struct probe *probe, struct cgw_str name, struct cgw_str value);
void probe_length(struct probe *probe, uint64_t bytes);
/* An event with the fields gathered since the last one. */
void probe_start(struct probe *probe, unsigned status);
void probe_head(struct probe *probe, uint16_t type, unsigned status, uint16_t flags);
void probe_body(struct probe *probe, struct cgw_str data, uint16_t flags);
void probe_event(struct probe *probe, struct cgw_event event);
/* A whole reply of text, and the end. */
void probe_reply(struct probe *probe, unsigned status, struct cgw_str body);
/* The same with a step of its own behind it. */
void probe_reply_then(struct probe *probe, unsigned status, struct cgw_str body, probe_step *next);
/* Bytes of an unvarying pattern: 'a' + i % 26 for i from 0; any offset below 26 into it. */
#define PROBE_BLOCK (26u * 2520u) /* 65520 bytes: 64 KiB in whole alphabets */
const char *probe_pattern(void);

/* ---- what cannot be seen in a reply (record.c) ---- */

__attribute__((format(printf, 2, 3))) void probe_record(struct probe *probe, const char *format,
                                                        ...);
/* A line for the file PROBE_LOG. */
__attribute__((format(printf, 1, 2))) void probe_log(const char *format, ...);
/* The recorded lines of id (all where it is empty), or forget them. */
struct cgw_str record_lines(struct probe *probe, struct cgw_str id);
void record_clear(void);

/* ---- lifespan.c ---- */

void lifespan_begin(struct probe *probe);
extern const char lifespan_state[]; /* where scope.state points */
#endif
