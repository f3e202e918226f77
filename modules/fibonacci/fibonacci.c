/*
 * Work that takes a processor, three ways. /fib runs in helper processes: as many at once as there
 * are processors, while the loop stays free for /ping. /pool runs on a thread, which does as long
 * as nothing there can crash. /wrong holds the loop, and everybody waits: cgw-serve says so in its
 * log, and names the line.
 */
#include <cgw.h>

#define WHICH(F) F(i64, n, .ge = 0, .le = 60, .doc = "which of Fibonacci's numbers")
CGW_MODEL(Which, WHICH)

#define NUMBER(F) F(i64, n) F(i64, value)
CGW_MODEL(Number, NUMBER)

/* Slow on purpose: each step of n takes 1.6 times as long as the one before. */
static int64_t fibonacci(int64_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Runs in a helper process. */
CGW_PROCESS(compute, Which, Number)
{
    *out = (Number){.n = in->n, .value = fibonacci(in->n)};
    return 0;
}

CGW_GET(fib, "/fib/{n:int}", .path_params = Which_model, .reply = Number_model, .cancel = true)
{
    Number number;
    CGW_TRY(req,
            cgw_process_model(req, compute, cgw_path_params(req, Which), &number, .timeout = 60));
    return cgw_json(req, 200, Number, &number);
}

static int compute_here(void *number)
{
    Number *out = number;
    out->value = fibonacci(out->n);
    return 0;
}

CGW_GET(pool, "/pool/{n:int}", .path_params = Which_model, .reply = Number_model)
{
    Number number = {.n = cgw_path_params(req, Which)->n};
    CGW_TRY(req, cgw_blocking(compute_here, &number));
    return cgw_json(req, 200, Number, &number);
}

CGW_GET(wrong, "/wrong/{n:int}", .path_params = Which_model, .reply = Number_model)
{
    Number number = {.n = cgw_path_params(req, Which)->n};
    (void)compute_here(&number);
    return cgw_json(req, 200, Number, &number);
}

CGW_GET(ping, "/ping")
{
    return cgw_text(req, 200, "pong\n");
}

CGW_APPLICATION(.name = "fibonacci");
