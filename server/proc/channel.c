/* Sequenced packets: one message is one packet, so none is ever read in part. */
#include "proc/channel.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

int channel_open(int ret_ends[2])
{
    int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    return socketpair(AF_UNIX, type, 0, ret_ends) < 0 ? -errno : 0;
}

int channel_tell(int end, enum channel_type type, const char *text)
{
    struct channel_message message = {.type = (unsigned char)type};
    size_t n = text ? strnlen(text, sizeof message.text - 1) : 0;
    if (n)
        memcpy(message.text, text, n);
    size_t len = offsetof(struct channel_message, text) + n;
    return send(end, &message, len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int channel_take(int end, struct channel_message *ret_message)
{
    ssize_t n = recv(end, ret_message, sizeof *ret_message - 1, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -EAGAIN;
    if (n <= 0) {
        *ret_message = (struct channel_message){.type = CHANNEL_END};
        return 0;
    }
    ((char *)ret_message)[n] = '\0';
    return 0;
}
