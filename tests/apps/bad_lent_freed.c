/* Frees bytes that a pending send() was lent. */
#include "bad.h"
#include <sys/mman.h>

static struct cgw_str parts[1];
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {parts, 1}}}};

static void call(struct cgw_call *call)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    parts[0].ptr = page;
    parts[0].len = 4096;
    send_all(call, response, 2);
    munmap(page, 4096);
}

CGW_APP(.call = call);
