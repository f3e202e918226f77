/*
 * Whole replies whose body is fetched when they are sent, as files are. Their fields are there
 * before that, for middleware to see; where another reply takes their place, those go with them.
 */
#include "web/request.h"

cgw_reply reply_prepare_source(cgw_request *req, int status, const char *content_type,
                               struct reply_source *source)
{
    if (req->reply.state > REPLY_WHOLE) {
        source->drop(source);
        return reply_now(req);
    }
    (void)reply_prepare(req, status, content_type, (cgw_str){"", 0});
    req->reply.source = source;
    return reply_now(req);
}

void reply_drop_source(cgw_request *req)
{
    struct reply_source *source = req->reply.source;
    req->reply.source = NULL;
    if (source)
        source->drop(source);
}

void reply_forget_source(cgw_request *req)
{
    if (!req->reply.source)
        return;
    reply_drop_source(req);
    reply_drop_content(req);
}

int reply_send_source(cgw_request *req, const struct cgw_header *headers, size_t n,
                      const struct cgw_site *site)
{
    struct reply_source *source = req->reply.source;
    req->reply.state = REPLY_SENDING;
    return source->send(source, req, headers, n, site);
}
