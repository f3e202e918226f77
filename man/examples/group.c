#include <cgw.h>

struct quote {
    const char *shop;
    int cents;
};

/* In place of a request to the shop. */
static int ask(void *arg)
{
    struct quote *quote = arg;
    int status = cgw_sleep(0.2);
    if (status != CGW_OK)
        return status;
    quote->cents = 1999;
    return CGW_OK;
}

CGW_GET(quotes, "/quotes")
{
    struct quote quotes[] = {{"north", 0}, {"south", 0}, {"west", 0}};
    size_t n = sizeof(quotes) / sizeof(*quotes), n_asked = 0;
    int best = 0;

    cgw_group *group = cgw_group(req, .timeout = 2.0, .keep_going = true, .limit = 2);
    for (size_t i = 0; i < n; i++)
        cgw_go(group, ask, &quotes[i]);
    int status = cgw_join(group);
    for (size_t i = 0; i < n; i++) {
        if (cgw_group_result(group, i) != CGW_OK)
            continue;
        n_asked++;
        if (!best || quotes[i].cents < best)
            best = quotes[i].cents;
    }
    if (!n_asked)
        return cgw_error(req, status);
    return cgw_text(req, 200, "%d cents, of %zu shops\n", best, n_asked);
}
