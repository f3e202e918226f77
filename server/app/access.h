/*
 * Lines of the access log: a format is compiled once, a line is printed from a record without
 * allocating. Whatever a client sent is escaped, so that a line stays one line.
 *
 * Formats: "combined" (that of Apache), "json" (one object a line, durations in microseconds), or
 * text with atoms as of Apache and gunicorn:
 *   %h %a  client address          %p  client port              %l %u  "-"
 *   %t     [20/Nov/2026:18:26:00 +0000], when the request began
 *   %r     request line            %m  method                   %U %q  path, ?query as sent
 *   %H     HTTP/1.1                %s  status, 499: aborted     %>s    status as sent
 *   %b %B  bytes of the response's body ("-", 0)                %I     of the request's
 *   %D     microseconds            %M  milliseconds             %T     seconds   %L seconds.micros
 *   %k     requests before this one on its connection           %X     X aborted, - else
 *   %{referer}i %{user-agent}i %{host}i   fields of the request
 *   %{request_id}x %{aborted}x %{scheme}x %{time}x %{time_us}x %{route}x    %%
 */
#ifndef APP_ACCESS_H
#define APP_ACCESS_H
#include "base/str.h"

struct access_record {
    struct str client; /* "" unknown or a unix socket */
    uint16_t client_port;
    struct str method, target; /* as sent */
    uint8_t http_major, http_minor;
    int status;                        /* 0: nothing was sent */
    uint64_t body_sent, body_received; /* bytes of bodies */
    uint64_t duration_us, wall_us;     /* it took; it began, since 1970 */
    uint64_t request_id;
    struct str referer, user_agent, host, scheme, route; /* ptr NULL: absent */
    bool is_aborted;                                     /* the response did not reach its end */
    uint32_t keep_alive;                                 /* requests before it on its connection */
};

/* Room in which every "combined" and "json" line fits whole. Long fields are cut. */
#define ACCESS_LINE_BYTES 16384

struct access_format;

/* 0; -EINVAL with *ret_error one line that names the atom and lists those there are (mem_free();
   NULL: out of memory); -ENOMEM. */
int access_format_new(const char *format, struct access_format **ret, char **ret_error);
void access_format_free(struct access_format *format);
/* The same without a result. */
int access_format_check(const char *format, char **ret_error);
/* The line into dst, at most room bytes, no newline and no NUL; its length. */
size_t access_format_line(const struct access_format *format, const struct access_record *record,
                          char *dst, size_t room);
#endif
