/* The worker's life, as PROBE_STARTUP and PROBE_SHUTDOWN want it. */
#include "probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char lifespan_state[] = "probe";

/* What one of the two halves is made of. */
struct half {
    const char *name, *variable;
    uint16_t complete, failed;
};
static const struct half startup = {"startup", "PROBE_STARTUP", CGW_LIFESPAN_STARTUP_COMPLETE,
                                    CGW_LIFESPAN_STARTUP_FAILED};
static const struct half shutdown = {"shutdown", "PROBE_SHUTDOWN", CGW_LIFESPAN_SHUTDOWN_COMPLETE,
                                     CGW_LIFESPAN_SHUTDOWN_FAILED};

static void answered(struct probe *probe);

static void answer(struct probe *probe, const struct half *half, const char *message)
{
    struct cgw_event event = {.type = message ? half->failed : half->complete,
                              .size = sizeof(event)};
    if (message)
        event.u.lifespan.message = probe_str(message);
    else if (half == &startup)
        event.u.lifespan.state = (void *)(uintptr_t)lifespan_state;
    probe_log("%s.%s", half->name, message ? "failed" : "complete");
    probe->n = message || half == &shutdown; /* then nothing follows */
    probe_event(probe, event);
    probe_send(probe, answered);
}

static void complete(struct probe *probe)
{
    answer(probe, probe->own, NULL);
}

/* Without a step that follows, nothing ever does; a thread has to wait somewhere. */
static void hang(void)
{
    while (PROBE_KIND == CGW_SYNC)
        pause();
}

/* What the file says now: another life after each start. */
static const char *read_word(const char *path)
{
    static char word[200];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(word, 1, sizeof(word) - 1, file) : 0;
    word[len] = 0;
    word[strcspn(word, "\n")] = 0;
    if (file)
        fclose(file);
    return len ? word : "ok";
}

static const char *word_of(const struct half *half)
{
    const char *word = getenv(half->variable);
    if (!word)
        return "ok";
    return strncmp(word, "file:", 5) == 0 ? read_word(word + 5) : word;
}

static void obey(struct probe *probe, const struct half *half)
{
    const char *word = word_of(half);
    const char *colon = strchr(word, ':');
    size_t len = colon ? (size_t)(colon - word) : strlen(word);
    struct cgw_str verb = {word, len};
    probe_log("%s", half->name);
    probe->own = (void *)(uintptr_t)half;
    if (probe_is(verb, "fail"))
        answer(probe, half,
               colon ? colon + 1 : probe_format(probe, "probe: %s fails as asked", half->name).ptr);
    else if (probe_is(verb, "leave")) {
        answer(probe, half, NULL);
        probe->n = 1;
    } else if (probe_is(verb, "slow"))
        probe_wait(probe, colon ? strtoul(colon + 1, NULL, 10) : 100, complete);
    else if (probe_is(verb, "finish"))
        probe_end(probe, colon ? (int)strtol(colon + 1, NULL, 10) : 0);
    else if (probe_is(verb, "crash"))
        abort();
    else if (probe_is(verb, "hang"))
        hang();
    else
        complete(probe);
}

static void received(struct probe *probe)
{
    if (probe->status != CGW_OK)
        probe_end(probe, probe->status);
    else
        obey(probe, probe->in.type == CGW_LIFESPAN_STARTUP ? &startup : &shutdown);
}

static void answered(struct probe *probe)
{
    if (probe->status != CGW_OK || probe->n)
        probe_end(probe, probe->status);
    else
        probe_receive(probe, received);
}

void lifespan_begin(struct probe *probe)
{
    probe_receive(probe, received);
}
