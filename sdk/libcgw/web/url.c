/*
 * Names to paths: the pattern of a route read backwards. What a name is given must be what the
 * route would take; so a URL that comes out leads back to it.
 */
#include "web/application.h"
#include "web/match.h"

struct maker {
    cgw_request *req;
    const char *name;
    const char *const *pairs;
    size_t n;      /* strings */
    uint64_t used; /* bits of pairs that the path took */
    struct buffer text;
};

enum { PAIRS_MAX = 64 };

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

/* RFC 3986, 2.1: all but unreserved characters and those of keep. */
static void add_escaped(struct buffer *text, cgw_str s, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        unsigned char byte = (unsigned char)c;
        if (is_unreserved(c) || (c && strchr(keep, c)))
            buffer_add_char(text, c);
        else
            buffer_add(text, (char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
    }
}

/* pchar of RFC 3986, 3.3, is what a segment may have. */
#define IN_SEGMENT "!$&'()*+,;=:@"
#define IN_PATH    IN_SEGMENT "/"
#define IN_QUERY   "!$'()*,;:@/?"

static const char *fail(const struct maker *maker, const char *what, cgw_str name)
{
    cgw_request *req = maker->req;
    runtime_log(req->runtime, req->call, CGW_LOG_WARNING, "cgw_url_for(\"%s\"): %s%s%.*s",
                maker->name, what, name.len ? " " : "", (int)name.len, name.len ? name.ptr : "");
    return NULL;
}

static const char *take(struct maker *maker, cgw_str name)
{
    for (size_t i = 0; i < maker->n; i += 2) {
        if (strlen(maker->pairs[i]) != name.len || memcmp(maker->pairs[i], name.ptr, name.len) != 0)
            continue;
        maker->used |= (uint64_t)1 << i / 2;
        return maker->pairs[i + 1];
    }
    return NULL;
}

/* A client takes "." and ".." for steps, however they are escaped: they would not come back. */
static bool is_step(cgw_str segment)
{
    return (segment.len == 1 && segment.ptr[0] == '.') ||
           (segment.len == 2 && memcmp(segment.ptr, "..", 2) == 0);
}

static bool has_step(cgw_str path)
{
    const char *at = path.ptr, *end = path.ptr + path.len;
    for (const char *slash; at <= end; at = slash + 1) {
        slash = memchr(at, '/', (size_t)(end - at));
        slash = slash ? slash : end;
        if (is_step((cgw_str){at, (size_t)(slash - at)}))
            return true;
    }
    return false;
}

static bool fits(const struct match_segment *segment, cgw_str value)
{
    if (segment->class == MATCH_PATH)
        return !has_step(value);
    bool is_bare = segment->before.len + segment->after.len == 0;
    return value.len > 0 && segment->converter->matches(value) && !(is_bare && is_step(value));
}

static bool add_parameter(struct maker *maker, const struct match_segment *segment)
{
    const char *text = take(maker, segment->name);
    cgw_str value = {text, text ? strlen(text) : 0};
    if (!text)
        return fail(maker, "it lacks the parameter", segment->name) != NULL;
    if (!fits(segment, value))
        return fail(maker, "its route does not take what is given for", segment->name) != NULL;
    add_escaped(&maker->text, segment->before, IN_SEGMENT);
    add_escaped(&maker->text, value, segment->class == MATCH_PATH ? IN_PATH : IN_SEGMENT);
    add_escaped(&maker->text, segment->after, IN_SEGMENT);
    return true;
}

static bool add_path(struct maker *maker, const struct match_pattern *pattern)
{
    add_escaped(&maker->text, maker->req->scope->root_path, IN_PATH);
    for (size_t i = 0; i < pattern->n; i++) {
        const struct match_segment *segment = &pattern->segments[i];
        buffer_add_char(&maker->text, '/');
        if (segment->class == MATCH_STATIC)
            add_escaped(&maker->text, segment->before, IN_SEGMENT);
        else if (!add_parameter(maker, segment))
            return false;
    }
    return true;
}

static void add_query(struct maker *maker)
{
    char mark = '?';
    for (size_t i = 0; i < maker->n; i += 2) {
        const char *name = maker->pairs[i], *value = maker->pairs[i + 1];
        if (maker->used & (uint64_t)1 << i / 2)
            continue;
        buffer_add_char(&maker->text, mark);
        add_escaped(&maker->text, (cgw_str){name, strlen(name)}, IN_QUERY);
        buffer_add_char(&maker->text, '=');
        add_escaped(&maker->text, (cgw_str){value, strlen(value)}, IN_QUERY);
        mark = '&';
    }
}

static const struct match_route *find_route(const struct matcher *matcher, const char *name)
{
    size_t low = 0, high = matcher->n_routes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, matcher->by_name[middle]->name);
        if (order == 0)
            return matcher->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct match_mount *find_mount(const struct matcher *matcher, const char *name)
{
    for (size_t i = 0; i < matcher->n_mounts; i++)
        if (strcmp(matcher->mounts[i].mount->name, name) == 0)
            return &matcher->mounts[i];
    return NULL;
}

/* What is below a mount is given as "path", with or without a slash in front. */
static bool add_mount(struct maker *maker, const struct match_mount *mount)
{
    const char *below = take(maker, (cgw_str)CGW_STR("path"));
    if (!below)
        return fail(maker, "it lacks the parameter path", (cgw_str){NULL, 0}) != NULL;
    if (has_step((cgw_str){below, strlen(below)}))
        return fail(maker, "its path has steps", (cgw_str){NULL, 0}) != NULL;
    add_path(maker, &mount->pattern);
    if (below[0] != '/')
        buffer_add_char(&maker->text, '/');
    add_escaped(&maker->text, (cgw_str){below, strlen(below)}, IN_PATH);
    return true;
}

/* "//host/": a client takes it for one. */
static bool leads_away(const struct buffer *text)
{
    return text->len >= 2 && text->ptr[0] == '/' && text->ptr[1] == '/';
}

static bool check_pairs(const struct maker *maker)
{
    bool is_fine = maker->n % 2 == 0 && maker->n / 2 <= PAIRS_MAX;
    for (size_t i = 0; i < maker->n; i++)
        is_fine = is_fine && maker->pairs[i];
    return is_fine || fail(maker, "what follows is no row of names and values", (cgw_str){NULL, 0});
}

const char *cgw__url_for(cgw_request *req, const char *route, const char *const *pairs, size_t n)
{
    const struct matcher *matcher = req->application->matcher;
    struct maker maker = {.req = req,
                          .name = route ? route : "",
                          .pairs = pairs,
                          .n = n,
                          .text = BUFFER_IN(&req->arena)};
    if (!check_pairs(&maker))
        return NULL;
    const struct match_route *found = find_route(matcher, maker.name);
    const struct match_mount *mount = found ? NULL : find_mount(matcher, maker.name);
    if (!found && !mount)
        return fail(&maker, "there is no such route", (cgw_str){NULL, 0});
    if (found ? !add_path(&maker, &found->pattern) : !add_mount(&maker, mount))
        return NULL;
    if (leads_away(&maker.text))
        return fail(&maker, "it would lead to another host", (cgw_str){NULL, 0});
    add_query(&maker);
    return buffer_text(&maker.text).ptr;
}
