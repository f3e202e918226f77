/*
 * What a matcher is made of, for the files that make it and read it. The routes of the module, with
 * all that their routers say, become a tree of segments at load; nothing of it changes afterwards,
 * so any thread may read it.
 *
 *   match_pattern.c  "/items/{id:int}" to segments
 *   match_load.c     endpoints and routers to routes
 *   match_convert.c  what {name:CONVERTER} takes
 *   match_check.c    routes that cannot stand side by side
 *   match_tree.c     segments to a tree, and the search through it
 *   match_exact.c    paths without parameters, found as a whole
 *   match_path.c     a path as sent to decoded segments
 *   match_method.c   methods as bits
 */
#ifndef WEB_MATCH_H
#define WEB_MATCH_H
#include "web/request.h"
#include <string.h>

enum {
    MATCH_SEGMENTS_MAX = 32, /* of a pattern */
    MATCH_ROUTERS_MAX = 16,  /* one inside the other */
    MATCH_METHODS_MAX = 32,  /* of all routes together */
    MATCH_ERROR_BYTES = 1024,
    MATCH_BODY_MAX = 16 << 20
};

/* From the most specific to the least. */
enum match_class { MATCH_STATIC = 0, MATCH_TYPED, MATCH_STR, MATCH_PATH };

/* Between two slashes of a pattern: text, or text around one parameter. */
struct match_segment {
    enum match_class class;
    cgw_str before, after; /* MATCH_STATIC: before is all of it */
    cgw_str name;          /* of the parameter */
    const struct cgw_converter *converter;
};

struct match_pattern {
    cgw_str text;
    const struct match_segment *segments;
    size_t n, n_params;
};

struct match_route {
    const struct cgw_endpoint *endpoint;
    struct match_pattern pattern;
    const char *name;     /* with those of applications in front: "shop:item" */
    size_t root_segments; /* so many of the pattern are prefixes of applications */
    uint32_t methods;     /* bits: see matcher.methods */
    struct route_settings settings;
    const struct cgw_middleware *const *middleware;
    const struct cgw_dependency *const *depends;
    struct match_route *next; /* that ends at the same node */
};

struct match_mount {
    const struct cgw_mount *mount;
    struct match_pattern pattern; /* no segments: all paths */
    struct mount_life *life;      /* of mount.c; NULL before it starts */
};

struct match_edge {
    const struct match_segment *segment;
    struct match_node *node;
};

struct match_edges {
    struct match_edge *items;
    size_t n, room;
};

struct match_node {
    struct match_edges statics;       /* shorter ones first, then by their bytes */
    struct match_edges params;        /* the most specific first */
    const struct match_route *routes; /* that end here */
    uint32_t methods;                 /* of routes */
    const struct match_mount *mount;  /* what is below, and no route */
};

struct match_exact {
    cgw_str path;
    const struct match_node *node; /* where it ends; NULL: nothing is here */
};

struct matcher;

/* Arrays of the linker, or of a test. */
struct match_input {
    const struct cgw_application *application;
    const struct cgw_endpoint *const *endpoints, *const *endpoints_end;
    const struct cgw_mount *const *mounts, *const *mounts_end;
    const struct cgw_converter *const *converters, *const *converters_end;
    /* The library's own routes, which those of the application, and its mounts, come before; of the
       matcher's arena. false behind match_load_fail(). NULL: none. */
    bool (*own)(struct matcher *matcher, const struct cgw_endpoint **ret_own, size_t *ret_n);
};

struct matcher {
    struct arena arena;
    struct match_input input;
    cgw_str methods[MATCH_METHODS_MAX]; /* the bits' names, in the order of Allow */
    size_t n_methods;
    struct match_route *routes;
    const struct match_route **by_name;
    size_t n_routes;
    struct match_mount *mounts;
    size_t n_mounts;
    struct match_node root;
    struct match_exact *exact; /* of exact_mask + 1 */
    size_t exact_mask, exact_longest;
    size_t depth;                  /* segments of the longest pattern */
    char error[MATCH_ERROR_BYTES]; /* while it is made; "": none */
};

/* ---- match.c ---- */
/* As matcher_new(), of these. The text of *ret_error lives until the thread's next one. */
struct matcher *match_new(const struct match_input *input, const char **ret_error);

/* ---- match_load.c; each answers false behind match_load_fail() ---- */
/* Keep the first error, formatted. false. */
bool match_load_fail(struct matcher *matcher, const char *format, ...) CGW_PRINTF(2, 3);
bool match_load_memory(struct matcher *matcher); /* it was out of memory. false */
bool match_load_routes(struct matcher *matcher);
bool match_load_mounts(struct matcher *matcher);

/* ---- match_method.c ---- */
enum { MATCH_GET = 1, MATCH_HEAD = 2 };             /* bits that are known without a look */
bool match_method_collect(struct matcher *matcher); /* of all endpoints */
uint32_t match_method_bits(const struct matcher *matcher, const struct cgw_endpoint *endpoint);
uint32_t match_method_bit(const struct matcher *matcher, cgw_str name); /* 0: no route has it */
/* "GET, HEAD, POST"; HEAD goes with GET. NULL: out of memory. */
const char *match_method_allow(const struct matcher *matcher, struct arena *arena, uint32_t bits);

/* ---- match_pattern.c ---- */
/* where: "app.c:12: GET /a", in front of what is wrong. */
bool match_pattern_parse(struct matcher *matcher, const char *where, const char *text,
                         struct match_pattern *ret_pattern);

/* ---- match_convert.c ---- */
extern const struct cgw_converter match_convert_str, match_convert_path;
bool match_convert_check(struct matcher *matcher); /* the module's own */
/* NULL: there is none. */
const struct cgw_converter *match_convert_find(const struct match_input *input, cgw_str name);
/* Nothing fits both. */
bool match_convert_disjoint(const struct cgw_converter *a, const struct cgw_converter *b);

/* ---- match_check.c ---- */
bool match_check_routes(struct matcher *matcher);

/* ---- match_path.c ---- */
/* text: decoded, UTF-8, NUL-terminated only where it had an escape. */
struct match_text {
    const char *raw; /* where it begins in the path as sent */
    cgw_str text;
    bool has_nul;
};
struct match_path {
    struct match_text segments[MATCH_SEGMENTS_MAX + 2];
    size_t n;        /* at most depth + 1 */
    const char *end; /* of the path as sent */
    bool is_more;    /* there are more segments than these */
    bool is_decoded; /* the host sent no raw path: nothing is an escape */
};
/* CGW_OK; CGW_ENOENT: no path for routes ("*"); CGW_ENOMEM. */
int match_path_split(struct arena *arena, const struct cgw_scope *scope, size_t depth,
                     struct match_path *ret_path);
/* Decoded; CGW_OK or CGW_ENOMEM. */
int match_path_decode(struct arena *arena, const char *raw, size_t len,
                      struct match_text *ret_text);
/* Text that is no UTF-8 with U+FFFD where it is none: its length; to has room for three times len.
 */
size_t match_path_mend(char *to, const char *ptr, size_t len);
bool match_path_is_utf8(const char *ptr, size_t len);
/* From a segment to the end of the path, decoded. */
int match_path_rest(struct arena *arena, const struct match_path *path, size_t from,
                    struct match_text *ret_text);

/* ---- match_tree.c ---- */
/* Is this, decoded, what the parameter stands for, with the texts around it? ret_value: without
 * them. */
bool match_tree_fits(const struct match_segment *segment, cgw_str text, cgw_str *ret_value);
bool match_tree_build(struct matcher *matcher);
struct match_search {
    const struct match_path *path;
    struct arena *arena;
    uint32_t method; /* its bit; 0: no route has it */
    cgw_str *values; /* room for REQUEST_PARAMS_MAX */
    /* what was found */
    const struct match_route *route;
    size_t n_values;
    uint32_t methods; /* of routes for this path, but not this method */
    const struct match_mount *mount;
    size_t mount_at; /* its first segment */
    int status;      /* CGW_OK or CGW_ENOMEM */
};
/* true: search->route; else look at methods and mount. */
bool match_tree_find(const struct matcher *matcher, struct match_search *search);
/* The one of the node's for that method, or a HEAD that GET answers; NULL: none. */
const struct match_route *match_tree_route(const struct match_node *node, uint32_t method);

/* ---- match_exact.c ---- */
bool match_exact_new(struct matcher *matcher); /* for its routes. false: out of memory */
/* One that has no parameters; others are let go by. */
void match_exact_add(struct matcher *matcher, const struct match_pattern *pattern,
                     const struct match_node *node);
/* path as sent, with nothing in front. NULL: not known here. */
const struct match_node *match_exact_find(const struct matcher *matcher, cgw_str path);

/* bytes the same */
static inline bool match_same(cgw_str a, cgw_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
#endif
