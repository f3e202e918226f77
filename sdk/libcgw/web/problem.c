/* The two shapes of an error's document. */
#include "web/problem.h"
#include "model/model.h"
#include <string.h>

const char *problem_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } names[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
        {508, "Loop Detected"},
        {511, "Network Authentication Required"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].status == status)
            return names[i].reason;
    return "";
}

static void write_text(struct buffer *out, const char *text)
{
    json_write_string(out, (cgw_str){text, strlen(text)});
}

static void write_rfc9457(struct buffer *out, const struct cgw_cause *cause)
{
    const char *title = problem_reason(cause->status);
    buffer_add_literal(out, "{\"type\":\"about:blank\"");
    if (*title) {
        buffer_add_literal(out, ",\"title\":");
        write_text(out, title);
    }
    buffer_printf(out, ",\"status\":%d", cause->status);
    if (*cause->detail && strcmp(cause->detail, title) != 0) {
        buffer_add_literal(out, ",\"detail\":");
        write_text(out, cause->detail);
    }
    if (cause->detail_json.len) {
        buffer_add_literal(out, ",\"errors\":");
        buffer_add(out, cause->detail_json.ptr, cause->detail_json.len);
    }
    buffer_add_char(out, '}');
}

void problem_write(struct buffer *out, const struct cgw_cause *cause, bool is_rfc9457)
{
    if (is_rfc9457) {
        write_rfc9457(out, cause);
        return;
    }
    buffer_add_literal(out, "{\"detail\":");
    if (cause->detail_json.len)
        buffer_add(out, cause->detail_json.ptr, cause->detail_json.len);
    else
        write_text(out, *cause->detail ? cause->detail : problem_reason(cause->status));
    buffer_add_char(out, '}');
}
