/* Plain system calls on descriptors; nothing here allocates, locks or waits. */
#include "net/last_words.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1 << 22, DRAIN_STEPS = 16, TOLD = 0xff };

uint8_t *last_words_of;
size_t last_words_n;

static const char answer[] = "HTTP/1.1 502 Bad Gateway\r\n"
                             "content-type: text/plain; charset=utf-8\r\n"
                             "content-length: 12\r\n"
                             "connection: close\r\n"
                             "\r\n"
                             "Bad Gateway\n";
enum { BODY_BYTES = 12 };

/* Descriptors are never numbered beyond the limit; pages of those that are not used cost nothing.
 */
int last_words_init(void)
{
    struct rlimit limit;
    if (last_words_n)
        return 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    size_t n = limit.rlim_max < DESCRIPTORS_MAX ? (size_t)limit.rlim_max : DESCRIPTORS_MAX;
    void *bytes =
        mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    last_words_of = bytes;
    last_words_n = n;
    return 0;
}

/* A peer that has sent more than was read would be told by a reset when the socket closes, and drop
   what it was answered. */
static void drain(int fd)
{
    char bytes[4096];
    for (int i = 0; i < DRAIN_STEPS; i++)
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) < (ssize_t)sizeof bytes)
            return;
}

/* A whole answer or none: what the socket does not take at once breaks the connection off. */
static bool tell(int fd, bool is_head)
{
    size_t len = sizeof answer - 1 - (is_head ? BODY_BYTES : 0);
    drain(fd);
    if (send(fd, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    shutdown(fd, SHUT_WR);
    return true;
}

/* Now, and not only when the process is gone: a core dump takes its time. */
static void reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

/* What is true of an idle connection: a request may have come that nobody has read. */
static uint8_t look(int fd)
{
    char method[5];
    ssize_t n = recv(fd, method, sizeof method, MSG_PEEK | MSG_DONTWAIT);
    if (n <= 0)
        return LAST_WORDS_NONE;
    bool is_head = n == sizeof method && memcmp(method, "HEAD ", sizeof method) == 0;
    return is_head ? LAST_WORDS_WAITS_HEAD : LAST_WORDS_WAITS;
}

static void speak(size_t fd, bool is_frozen, uint32_t *n_told, uint32_t *n_reset)
{
    uint8_t state = last_words_of[fd];
    if (state == LAST_WORDS_IDLE)
        state = look((int)fd);
    bool is_head = state == LAST_WORDS_WAITS_HEAD;
    if (state == LAST_WORDS_NONE || state == TOLD)
        return;
    if (is_frozen && state != LAST_WORDS_BROKEN && tell((int)fd, is_head)) {
        last_words_of[fd] = TOLD;
        ++*n_told;
        return;
    }
    reset((int)fd);
    last_words_of[fd] = LAST_WORDS_NONE;
    ++*n_reset;
}

/* All that may be open: the lowest free number is always taken first, so there are few gaps, but a
   page of zeros costs little either. */
void last_words_say(bool is_frozen, uint32_t *ret_told, uint32_t *ret_reset)
{
    static const uint8_t none[64];
    *ret_told = *ret_reset = 0;
    for (size_t fd = 0; fd < last_words_n; fd++) {
        if (fd % sizeof none == 0 && fd + sizeof none <= last_words_n &&
            memcmp(&last_words_of[fd], none, sizeof none) == 0)
            fd += sizeof none - 1;
        else
            speak(fd, is_frozen, ret_told, ret_reset);
    }
}

void last_words_drain(void)
{
    for (size_t fd = 0; fd < last_words_n; fd++)
        if (last_words_of[fd] == TOLD)
            drain((int)fd);
}
