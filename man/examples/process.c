#include <cgw.h>
#include <stdlib.h>

/* Two at once, behind the worker, and none keeps more than 256 MiB. */
CGW_PROCESSES(.helpers = 2, .nice = 5, .memory = 256 << 20);

/* In a helper: models in and out. */
#define RANGE(F) F(i64, below, .ge = 0, .le = 100000000)
CGW_MODEL(Range, RANGE)

#define COUNT(F) F(i64, primes)
CGW_MODEL(Count, COUNT)

CGW_PROCESS(count_primes, Range, Count)
{
    size_t n = (size_t)in->below;
    unsigned char *composite = calloc(n + 1, 1);
    if (!composite)
        return CGW_ENOMEM;
    for (size_t i = 2; i < n; i++) {
        out->primes += !composite[i];
        for (size_t k = i * i; !composite[i] && i < 10000 && k < n; k += i)
            composite[k] = 1;
    }
    free(composite);
    return CGW_OK;
}

CGW_GET(primes, "/primes", .params = Range_model, .reply = Count_model, .cancel = true)
{
    Count count;
    CGW_TRY(req,
            cgw_process_model(req, count_primes, cgw_params(req, Range), &count, .timeout = 10));
    return cgw_json(req, 200, Count, &count);
}

/* In a helper: bytes in and out. A library that crashes on a bad picture crashes there. */
static int invert(cgw_str in, cgw_output *out)
{
    for (size_t i = 0; i < in.len; i++) {
        char c = (char)~in.ptr[i];
        if (cgw_output_add(out, &c, 1) != CGW_OK)
            break;
    }
    return CGW_OK;
}

CGW_POST(inverted, "/inverted")
{
    cgw_str body, result;
    CGW_TRY(req, cgw_body_text(req, &body));
    int code = cgw_process(req, invert, body, &result, .timeout = 5);
    if (code == CGW_ECRASHED)
        return cgw_fail(req, 422, "no picture that can be read");
    CGW_TRY(req, code);
    return cgw_bytes(req, 200, "application/octet-stream", result);
}
