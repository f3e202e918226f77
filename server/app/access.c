/*
 * The access log's lines. A format is a row of atoms; an atom is a literal or a function that puts
 * one thing of the record.
 */
#include "app/access.h"
#include "app/access_out.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>

#define TARGET_BYTES 8192 /* of a field in a line, escaped */
#define FIELD_BYTES  1024

typedef void atom_fn(struct access_out *out, const struct access_record *record);

struct atom {
    atom_fn *put;       /* NULL: literal */
    struct str literal; /* in the format's text */
};

struct access_format {
    bool is_json;
    char *text;
    size_t n_atoms;
    struct atom atoms[];
};

static void put_iso(struct access_out *out, const struct access_record *r)
{
    const struct access_out_stamp *stamp = access_out_stamp(r->wall_us);
    access_out_put(out, stamp->iso, stamp->iso_len);
    PUT(out, ".");
    access_out_digits(out, r->wall_us % 1000000, 6);
    PUT(out, "Z");
}

/* ---- atoms ---- */

static void put_or_dash(struct access_out *out, struct str text)
{
    if (text.len)
        access_out_text(out, text, FIELD_BYTES);
    else
        PUT(out, "-");
}

static void atom_time(struct access_out *out, const struct access_record *r)
{
    const struct access_out_stamp *stamp = access_out_stamp(r->wall_us);
    PUT(out, "[");
    access_out_put(out, stamp->apache, stamp->apache_len);
    PUT(out, "]");
}

static void atom_client(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->client);
}

static void atom_port(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->client_port);
}

static void atom_dash(struct access_out *out, const struct access_record *r)
{
    (void)r;
    PUT(out, "-");
}

static void atom_method(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->method);
}

static void atom_protocol(struct access_out *out, const struct access_record *r)
{
    PUT(out, "HTTP/");
    access_out_number(out, r->http_major);
    if (r->http_major < 2) {
        PUT(out, ".");
        access_out_number(out, r->http_minor);
    }
}

/* A head that could not be parsed has no request line. */
static void atom_request(struct access_out *out, const struct access_record *r)
{
    if (r->method.len == 0) {
        PUT(out, "-");
        return;
    }
    access_out_text(out, r->method, FIELD_BYTES);
    PUT(out, " ");
    access_out_text(out, r->target, TARGET_BYTES);
    PUT(out, " ");
    atom_protocol(out, r);
}

/* Where the target's query begins, or its end. */
static size_t query_at(struct str target)
{
    const char *mark = target.len ? memchr(target.ptr, '?', target.len) : NULL;
    return mark ? (size_t)(mark - target.ptr) : target.len;
}

static void atom_path(struct access_out *out, const struct access_record *r)
{
    access_out_text(out, (struct str){r->target.ptr, query_at(r->target)}, TARGET_BYTES);
}

static void atom_query(struct access_out *out, const struct access_record *r)
{
    size_t at = query_at(r->target);
    if (at < r->target.len)
        access_out_text(out, (struct str){r->target.ptr + at, r->target.len - at}, TARGET_BYTES);
}

static void put_status(struct access_out *out, int status)
{
    if (status > 0)
        access_out_number(out, (uint64_t)status);
    else
        PUT(out, "-");
}

static void atom_status(struct access_out *out, const struct access_record *r)
{
    put_status(out, r->is_aborted ? 499 : r->status);
}

static void atom_status_sent(struct access_out *out, const struct access_record *r)
{
    put_status(out, r->status);
}

static void atom_bytes(struct access_out *out, const struct access_record *r)
{
    if (r->body_sent)
        access_out_number(out, r->body_sent);
    else
        PUT(out, "-");
}

static void atom_bytes_number(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->body_sent);
}

static void atom_bytes_in(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->body_received);
}

static void atom_us(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->duration_us);
}

static void atom_ms(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->duration_us / 1000);
}

static void atom_seconds(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->duration_us / 1000000);
}

static void atom_seconds_us(struct access_out *out, const struct access_record *r)
{
    atom_seconds(out, r);
    PUT(out, ".");
    access_out_digits(out, r->duration_us % 1000000, 6);
}

static void atom_keep_alive(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->keep_alive);
}

static void atom_connection(struct access_out *out, const struct access_record *r)
{
    access_out_put(out, r->is_aborted ? "X" : "-", 1);
}

static void atom_referer(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->referer);
}

static void atom_user_agent(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->user_agent);
}

static void atom_host(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->host);
}

static void atom_scheme(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->scheme);
}

static void atom_route(struct access_out *out, const struct access_record *r)
{
    put_or_dash(out, r->route);
}

static void atom_request_id(struct access_out *out, const struct access_record *r)
{
    access_out_request_id(out, r->request_id);
}

static void atom_aborted(struct access_out *out, const struct access_record *r)
{
    access_out_put(out, r->is_aborted ? "1" : "0", 1);
}

static void atom_time_us(struct access_out *out, const struct access_record *r)
{
    access_out_number(out, r->wall_us);
}

/* Every atom, as it is written behind the '%'. */
static const struct {
    const char *name;
    atom_fn *put;
} names[] = {
    {"h", atom_client},
    {"a", atom_client},
    {"p", atom_port},
    {"l", atom_dash},
    {"u", atom_dash},
    {"t", atom_time},
    {"r", atom_request},
    {"m", atom_method},
    {"U", atom_path},
    {"q", atom_query},
    {"H", atom_protocol},
    {"s", atom_status},
    {">s", atom_status_sent},
    {"b", atom_bytes},
    {"B", atom_bytes_number},
    {"I", atom_bytes_in},
    {"D", atom_us},
    {"M", atom_ms},
    {"T", atom_seconds},
    {"L", atom_seconds_us},
    {"k", atom_keep_alive},
    {"X", atom_connection},
    {"{referer}i", atom_referer},
    {"{user-agent}i", atom_user_agent},
    {"{host}i", atom_host},
    {"{request_id}x", atom_request_id},
    {"{aborted}x", atom_aborted},
    {"{scheme}x", atom_scheme},
    {"{route}x", atom_route},
    {"{time}x", put_iso},
    {"{time_us}x", atom_time_us},
};
#define N_NAMES (sizeof(names) / sizeof(*names))

/* ---- JSON ---- */

static void put_json_string(struct access_out *out, const char *key, struct str text, size_t max)
{
    char escaped[TARGET_BYTES + 1];
    access_out_put(out, key, strlen(key));
    if (!text.ptr) {
        PUT(out, "null");
        return;
    }
    PUT(out, "\"");
    access_out_put(out, escaped, log_escape_json(escaped, max + 1, text));
    PUT(out, "\"");
}

static void put_json_number(struct access_out *out, const char *key, uint64_t value)
{
    access_out_put(out, key, strlen(key));
    access_out_number(out, value);
}

static void put_json_request(struct access_out *out, const struct access_record *r)
{
    put_json_string(out, ",\"method\":", r->method, FIELD_BYTES);
    put_json_string(out, ",\"target\":", r->target, TARGET_BYTES);
    PUT(out, ",\"protocol\":\"");
    atom_protocol(out, r);
    PUT(out, "\"");
    put_json_string(out, ",\"scheme\":", r->scheme, FIELD_BYTES);
    put_json_string(out, ",\"host\":", r->host, FIELD_BYTES);
    put_json_string(out, ",\"referer\":", r->referer, FIELD_BYTES);
    put_json_string(out, ",\"user_agent\":", r->user_agent, FIELD_BYTES);
    put_json_string(out, ",\"route\":", r->route, FIELD_BYTES);
}

static void print_json(struct access_out *out, const struct access_record *r)
{
    PUT(out, "{\"time\":\"");
    put_iso(out, r);
    PUT(out, "\",\"request_id\":\"");
    access_out_request_id(out, r->request_id);
    PUT(out, "\"");
    put_json_string(out, ",\"client\":", r->client, FIELD_BYTES);
    put_json_number(out, ",\"client_port\":", r->client_port);
    put_json_request(out, r);
    PUT(out, ",\"status\":");
    if (r->status > 0)
        access_out_number(out, (uint64_t)r->status);
    else
        PUT(out, "null");
    if (r->is_aborted)
        PUT(out, ",\"aborted\":true");
    else
        PUT(out, ",\"aborted\":false");
    put_json_number(out, ",\"bytes\":", r->body_sent);
    put_json_number(out, ",\"request_bytes\":", r->body_received);
    put_json_number(out, ",\"duration_us\":", r->duration_us);
    put_json_number(out, ",\"keep_alive\":", r->keep_alive);
    PUT(out, "}");
}

/* ---- formats ---- */

/* Bytes of the atom that begins behind a '%': "h", ">s", "{name}x". */
static size_t atom_length(struct str text)
{
    size_t n = 0;
    if (n < text.len && text.ptr[n] == '>')
        n++;
    if (n < text.len && text.ptr[n] == '{')
        while (n < text.len && text.ptr[n] != '}')
            n++;
    if (n < text.len && text.ptr[n] == '}')
        n++;
    return n < text.len ? n + 1 : n;
}

static atom_fn *find_atom(struct str name)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (name.len > 1 ? str_is_nocase(name, str_from(names[i].name))
                         : str_is(name, str_from(names[i].name)))
            return names[i].put;
    return NULL;
}

static char *unknown_atom(struct str name)
{
    char list[512], shown[64];
    size_t used = 0;
    for (size_t i = 0; i < N_NAMES; i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, " %%%s", names[i].name);
    log_escape(shown, sizeof(shown), name);
    return mem_printf("unknown atom %%%s in the format of the access log; there are %%%%%s", shown,
                      list);
}

/* Take the next atom off *text. 0 or -EINVAL. */
static int next_atom(struct str *text, struct atom *ret_atom, char **ret_error)
{
    size_t n = 0;
    *ret_atom = (struct atom){NULL, {text->ptr, 0}};
    while (n < text->len && text->ptr[n] != '%')
        n++;
    if (n == 0) {
        struct str name = {text->ptr + 1, 0};
        name.len = atom_length((struct str){name.ptr, text->len - 1});
        n = name.len + 1;
        ret_atom->put = find_atom(name);
        if (str_is(name, STR("%"))) {
            ret_atom->literal = name;
        } else if (!ret_atom->put) {
            *ret_error = unknown_atom(name);
            return -EINVAL;
        }
    } else {
        ret_atom->literal.len = n;
    }
    *text = (struct str){text->ptr + n, text->len - n};
    return 0;
}

static int compile(struct access_format *format, struct str text, char **ret_error)
{
    while (text.len) {
        int error = next_atom(&text, &format->atoms[format->n_atoms], ret_error);
        if (error)
            return error;
        format->n_atoms++;
    }
    return 0;
}

int access_format_new(const char *text, struct access_format **ret, char **ret_error)
{
    bool is_json = strcmp(text, "json") == 0;
    if (strcmp(text, "combined") == 0)
        text = "%h %l %u %t \"%r\" %s %b \"%{referer}i\" \"%{user-agent}i\"";
    size_t most = strlen(text);
    struct access_format *format = mem_zalloc(sizeof(*format) + most * sizeof(struct atom));
    char *copy = format ? mem_strdup(text) : NULL;
    if (!copy) {
        mem_free(format);
        *ret_error = NULL;
        return -ENOMEM;
    }
    format->is_json = is_json;
    format->text = copy;
    int error = is_json ? 0 : compile(format, str_from(copy), ret_error);
    if (error) {
        access_format_free(format);
        return error;
    }
    *ret = format;
    return 0;
}

void access_format_free(struct access_format *format)
{
    if (format)
        mem_free(format->text);
    mem_free(format);
}

int access_format_check(const char *text, char **ret_error)
{
    struct access_format *format;
    int error = access_format_new(text, &format, ret_error);
    if (!error)
        access_format_free(format);
    return error;
}

size_t access_format_line(const struct access_format *format, const struct access_record *record,
                          char *dst, size_t room)
{
    struct access_out out = {dst, room, 0};
    if (format->is_json) {
        print_json(&out, record);
        return out.used;
    }
    for (size_t i = 0; i < format->n_atoms; i++) {
        const struct atom *atom = &format->atoms[i];
        if (atom->put)
            atom->put(&out, record);
        else
            access_out_put(&out, atom->literal.ptr, atom->literal.len);
    }
    return out.used;
}
