/*
 * Models: one list of fields makes a struct, its validation, its JSON in and out, its parameters of
 * a query, a path, headers and cookies, and its schema.
 *
 *     #define ITEM(F)                                             \
 *         F(str, name, .min_len = 1, .max_len = 80, .doc = "shown in lists") \
 *         F(f64, price, .gt = 0)                                  \
 *         F(list(str), tags, .opt = true)
 *     CGW_MODEL(Item, ITEM)
 *
 * makes `typedef struct Item { const char *name; double price; cgw_list_str tags; ... } Item;`, the
 * list of them `Item_list`, and `const cgw_model *Item_model(void)`. One field per line keeps the
 * compiler's messages readable. See cgw_model(3).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_MODEL_H
#define CGW_MODEL_H
#include <cgw/base.h>

/* ---- kinds: the C type of each, and what JSON it reads and writes ---- */

typedef struct cgw_uuid {
    uint8_t bytes[16];
} cgw_uuid; /* RFC 9562 */

/* A moment: RFC 3339. */
typedef struct cgw_datetime {
    int64_t unix_us;    /* microseconds since 1970-01-01T00:00:00Z; local time where !has_offset */
    int16_t offset_min; /* of the zone it was given in, minutes east */
    bool has_offset;    /* false: it came without a zone */
} cgw_datetime;

typedef const char *cgw_string; /* UTF-8, NUL-terminated */

/* A file that came with a form; what can be done with it is in <cgw/form.h>. All is the request's.
 */
typedef struct cgw_upload {
    const char *filename;             /* the last component of what the client says: never "..", no
                                         slash, no control character; or "" */
    const char *raw_filename;         /* what it says; UTF-8 */
    const char *content_type;         /* as it says, or "" */
    uint64_t size;                    /* bytes */
    const struct cgw_header *headers; /* of its part; names in lower case */
    size_t n_headers;
    struct cgw__spool *spool; /* its bytes; NULL: an optional one that did not come */
} cgw_upload;

enum cgw_field_kind {
    CGW_KIND_I8 = 1,
    CGW_KIND_I16,
    CGW_KIND_I32,
    CGW_KIND_I64,
    CGW_KIND_U8,
    CGW_KIND_U16,
    CGW_KIND_U32,
    CGW_KIND_U64,
    CGW_KIND_F64,
    CGW_KIND_BOOL,
    CGW_KIND_STR,      /* const char *: U+0000 is refused */
    CGW_KIND_TEXT,     /* cgw_str: any text, NUL too; NUL-terminated behind its length */
    CGW_KIND_BYTES,    /* cgw_str; base64 (RFC 4648, 4) in JSON */
    CGW_KIND_UUID,     /* cgw_uuid */
    CGW_KIND_DATETIME, /* cgw_datetime */
    CGW_KIND_ENUM,     /* int: the constant of CGW_ENUM */
    CGW_KIND_MODEL,    /* T: a nested object */
    CGW_KIND_LIST,     /* of what .item says */
    CGW_KIND_UPLOAD    /* cgw_upload: of forms alone */
};

#define CGW__LIST(name, type) \
    typedef struct name {     \
        type *items;          \
        size_t len;           \
    } name;
CGW__LIST(cgw_list_i8, int8_t)
CGW__LIST(cgw_list_i16, int16_t)
CGW__LIST(cgw_list_i32, int32_t)
CGW__LIST(cgw_list_i64, int64_t)
CGW__LIST(cgw_list_u8, uint8_t)
CGW__LIST(cgw_list_u16, uint16_t)
CGW__LIST(cgw_list_u32, uint32_t)
CGW__LIST(cgw_list_u64, uint64_t)
CGW__LIST(cgw_list_f64, double)
CGW__LIST(cgw_list_bool, bool)
CGW__LIST(cgw_list_str, cgw_string)
CGW__LIST(cgw_list_text, cgw_str)
CGW__LIST(cgw_list_bytes, cgw_str)
CGW__LIST(cgw_list_uuid, cgw_uuid)
CGW__LIST(cgw_list_datetime, cgw_datetime)
CGW__LIST(cgw_list_enum, int)
CGW__LIST(cgw_list_upload, cgw_upload)
typedef cgw_list_str cgw_strs;

/* ---- descriptors, as the macros make them; read-only ---- */

struct cgw_check;
typedef struct cgw_check cgw_check;

struct cgw_enum_value {
    const char *name; /* in JSON */
    int value;
};
typedef struct cgw_enum {
    const char *name;
    const struct cgw_enum_value *values;
    size_t n_values;
} cgw_enum;

/* One field. What stands before the line is set by F(...) as named arguments. */
struct cgw_field {
    const char *alias;   /* its name in JSON and in parameters, where that differs; headers: see
                            cgw_model(3) */
    const char *doc;     /* for the schema */
    const char *example; /* for the schema: JSON text */
    const char *pattern; /* of str and text: PCRE2 in UTF mode, searched, with limits on its work */
    const char *def_str; /* default of str, text, enum, uuid, datetime and bytes, as in JSON,
                            without quotes */
    long double def;     /* default of numbers and bool; NaN: none */
    long double gt, ge, lt, le, multiple_of; /* of numbers; NaN: none */
    uint32_t min_len, max_len;     /* of str and text: characters; of bytes and upload: bytes; 0: no
                                      maximum */
    uint32_t min_items, max_items; /* of lists; the others hold for each item; 0: no maximum */
    bool opt;    /* may be absent or null: the member is zero then; see cgw_has() */
    bool null;   /* must be there, but may be null */
    bool hidden; /* read, but never written: a password */
    /* An own validator: answers 0, or what cgw_invalid() answers. value points to the member. It is
       called where everything else about the field holds. May suspend in no way. */
    int (*check)(cgw_check *check, const void *value);
    /* ---- set by the macros ---- */
    const char *name;
    const cgw_model *(*model)(void); /* of CGW_KIND_MODEL, and lists of them */
    const cgw_enum *(*values)(void); /* of CGW_KIND_ENUM, and lists of them */
    uint32_t offset, item_size;
    uint8_t kind, item; /* enum cgw_field_kind; item: of a list */
};

struct cgw_model_code;

struct cgw_model {
    /* ---- CGW_MODEL(T, FIELDS, .strict = true, ...) ---- */
    const char *doc;
    bool strict; /* unknown keys are errors (extra_forbidden); else they are ignored */
    /* An own validator of the whole, behind those of the fields, where they all held. */
    int (*check)(cgw_check *check, const void *object);
    /* ---- set by the macros ---- */
    const char *name;
    const struct cgw_field *fields;
    size_t n_fields;
    uint32_t size, presence;           /* bytes of the struct; offset of its presence bits */
    const struct cgw_model_code *code; /* the machinery; linked only where there are models */
    void **cache;                      /* what is compiled at first use; the machinery's */
};
extern const struct cgw_model_code cgw__model_code;

#define CGW__NONE __builtin_nanl("")
#define CGW__QUIET \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#define CGW__LOUD _Pragma("GCC diagnostic pop")

/* What F(kind, ...) may say: a scalar, enumeration(E), model(T), list(scalar), models(T),
   enumerations(E). Another kind does not compile. */
#define CGW__TYPE_i8              int8_t
#define CGW__TYPE_i16             int16_t
#define CGW__TYPE_i32             int32_t
#define CGW__TYPE_i64             int64_t
#define CGW__TYPE_u8              uint8_t
#define CGW__TYPE_u16             uint16_t
#define CGW__TYPE_u32             uint32_t
#define CGW__TYPE_u64             uint64_t
#define CGW__TYPE_f64             double
#define CGW__TYPE_bool            bool
#define CGW__TYPE__Bool           bool /* where bool is a macro */
#define CGW__TYPE_str             cgw_string
#define CGW__TYPE_text            cgw_str
#define CGW__TYPE_bytes           cgw_str
#define CGW__TYPE_uuid            cgw_uuid
#define CGW__TYPE_datetime        cgw_datetime
#define CGW__TYPE_upload          cgw_upload
#define CGW__TYPE_strs            cgw_list_str
#define CGW__TYPE_enumeration(E)  E
#define CGW__TYPE_model(T)        T
#define CGW__TYPE_list(k)         cgw_list_##k
#define CGW__TYPE_models(T)       T##_list
#define CGW__TYPE_enumerations(E) cgw_list_enum

#define CGW__IS_i8             .kind = CGW_KIND_I8
#define CGW__IS_i16            .kind = CGW_KIND_I16
#define CGW__IS_i32            .kind = CGW_KIND_I32
#define CGW__IS_i64            .kind = CGW_KIND_I64
#define CGW__IS_u8             .kind = CGW_KIND_U8
#define CGW__IS_u16            .kind = CGW_KIND_U16
#define CGW__IS_u32            .kind = CGW_KIND_U32
#define CGW__IS_u64            .kind = CGW_KIND_U64
#define CGW__IS_f64            .kind = CGW_KIND_F64
#define CGW__IS_bool           .kind = CGW_KIND_BOOL
#define CGW__IS__Bool          .kind = CGW_KIND_BOOL
#define CGW__IS_str            .kind = CGW_KIND_STR
#define CGW__IS_text           .kind = CGW_KIND_TEXT
#define CGW__IS_bytes          .kind = CGW_KIND_BYTES
#define CGW__IS_uuid           .kind = CGW_KIND_UUID
#define CGW__IS_datetime       .kind = CGW_KIND_DATETIME
#define CGW__IS_upload         .kind = CGW_KIND_UPLOAD
#define CGW__IS_strs           CGW__IS_list(str)
#define CGW__IS_enumeration(E) .kind = CGW_KIND_ENUM, .values = E##_enum
#define CGW__IS_model(T)       .kind = CGW_KIND_MODEL, .model = T##_model
#define CGW__IS_list(k)        .kind = CGW_KIND_LIST, CGW__ITEM_##k, .item_size = sizeof(CGW__TYPE_##k)
#define CGW__IS_models(T) \
    .kind = CGW_KIND_LIST, .item = CGW_KIND_MODEL, .item_size = sizeof(T), .model = T##_model
#define CGW__IS_enumerations(E) \
    .kind = CGW_KIND_LIST, .item = CGW_KIND_ENUM, .item_size = sizeof(int), .values = E##_enum
#define CGW__ITEM_i8       .item = CGW_KIND_I8
#define CGW__ITEM_i16      .item = CGW_KIND_I16
#define CGW__ITEM_i32      .item = CGW_KIND_I32
#define CGW__ITEM_i64      .item = CGW_KIND_I64
#define CGW__ITEM_u8       .item = CGW_KIND_U8
#define CGW__ITEM_u16      .item = CGW_KIND_U16
#define CGW__ITEM_u32      .item = CGW_KIND_U32
#define CGW__ITEM_u64      .item = CGW_KIND_U64
#define CGW__ITEM_f64      .item = CGW_KIND_F64
#define CGW__ITEM_bool     .item = CGW_KIND_BOOL
#define CGW__ITEM__Bool    .item = CGW_KIND_BOOL
#define CGW__ITEM_str      .item = CGW_KIND_STR
#define CGW__ITEM_text     .item = CGW_KIND_TEXT
#define CGW__ITEM_bytes    .item = CGW_KIND_BYTES
#define CGW__ITEM_uuid     .item = CGW_KIND_UUID
#define CGW__ITEM_datetime .item = CGW_KIND_DATETIME
#define CGW__ITEM_upload   .item = CGW_KIND_UPLOAD

#define CGW__MEMBER(kind_, name_, ...) CGW__TYPE_##kind_ name_;
#define CGW__COUNT(kind_, name_, ...)  +1
#define CGW__FIELD(kind_, name_, ...)   \
    {.def = CGW__NONE,                  \
     .gt = CGW__NONE,                   \
     .ge = CGW__NONE,                   \
     .lt = CGW__NONE,                   \
     .le = CGW__NONE,                   \
     .multiple_of = CGW__NONE,          \
     .name = #name_,                    \
     .offset = offsetof(cgw__t, name_), \
     CGW__IS_##kind_,                   \
     __VA_ARGS__},

/* CGW_MODEL(T, FIELDS [, .strict = true, .check = fn, .doc = "..."]) */
#define CGW_MODEL(T, FIELDS, ...)                                                     \
    typedef struct T T;                                                               \
    CGW__LIST(T##_list, T)                                                            \
    struct T {                                                                        \
        FIELDS(CGW__MEMBER)                                                           \
        /* two bits a field, enum cgw_presence; zero is right for what is sent */     \
        uint8_t cgw_presence[(0 FIELDS(CGW__COUNT) + 3) / 4];                         \
    };                                                                                \
    static inline __attribute__((unused)) const cgw_model *T##_model(void)            \
    {                                                                                 \
        typedef __attribute__((unused)) T cgw__t;                                     \
        static void *cache;                                                           \
        CGW__QUIET                                                                    \
        static const struct cgw_field fields[] = {FIELDS(CGW__FIELD)};                \
        static const cgw_model model = {.name = #T,                                   \
                                        .fields = fields,                             \
                                        .n_fields = sizeof(fields) / sizeof(*fields), \
                                        .size = sizeof(T),                            \
                                        .presence = offsetof(T, cgw_presence),        \
                                        .code = &cgw__model_code,                     \
                                        .cache = &cache,                              \
                                        __VA_ARGS__};                                 \
        CGW__LOUD                                                                     \
        return &model;                                                                \
    }

/*
 * #define COLOUR(V) V(RED, "red") V(GREEN, "green")
 * CGW_ENUM(Colour, COLOUR)            makes enum Colour { RED, GREEN } and typedef int-like Colour
 */
#define CGW__ENUM_CONSTANT(constant, name) constant,
#define CGW__ENUM_VALUE(constant, name_)   {.name = (name_), .value = constant},
#define CGW_ENUM(E, VALUES)                                                                 \
    enum E##_values{VALUES(CGW__ENUM_CONSTANT)};                                            \
    typedef int E;                                                                          \
    static inline __attribute__((unused)) const cgw_enum *E##_enum(void)                    \
    {                                                                                       \
        static const struct cgw_enum_value values[] = {VALUES(CGW__ENUM_VALUE)};            \
        static const cgw_enum description = {#E, values, sizeof(values) / sizeof(*values)}; \
        return &description;                                                                \
    }

/* ---- presence: null, absent and zero are three things ---- */

enum cgw_presence {
    CGW_PRESENT = 0,
    CGW_NULL = 1,
    CGW_ABSENT = 2,
    CGW_DEFAULT = 3 /* it was absent, and the default stands there: what is sent has it */
};
enum cgw_presence cgw__presence(const cgw_model *model, const void *object, size_t offset);
void cgw__set_presence(const cgw_model *model, void *object, size_t offset, enum cgw_presence);

/* Compiles only where p points to a T. */
#define CGW__IS_A(T, p) _Generic((p), T * : (p), const T * : (p))
/* Was the field in the data, and not null? */
#define cgw_has(T, p, field) \
    (cgw__presence(T##_model(), CGW__IS_A(T, p), offsetof(T, field)) == CGW_PRESENT)
#define cgw_is_null(T, p, field) \
    (cgw__presence(T##_model(), CGW__IS_A(T, p), offsetof(T, field)) == CGW_NULL)
/* For what is sent: leave the field out, or send null. A str that is NULL is sent as null anyway.
 */
#define cgw_set_absent(T, p, field) \
    cgw__set_presence(T##_model(), _Generic((p), T * : (p)), offsetof(T, field), CGW_ABSENT)
#define cgw_set_null(T, p, field) \
    cgw__set_presence(T##_model(), _Generic((p), T * : (p)), offsetof(T, field), CGW_NULL)
/* The field is sent: for one that was read as absent, or null, and was filled in since. */
#define cgw_set_present(T, p, field) \
    cgw__set_presence(T##_model(), _Generic((p), T * : (p)), offsetof(T, field), CGW_PRESENT)

/* ---- own validators ---- */

/* Say what is wrong: an error "value_error" with msg "Value error, TEXT" at the field (or, from the
   model's own check, at the object). Always CGW_EINVALID, to be returned. */
int cgw_invalid(cgw_check *check, const char *format, ...) CGW_PRINTF(2, 3);
/* From the check of a model: the same, at one of its fields, named as in C. */
int cgw_invalid_field(cgw_check *check, const char *field, const char *format, ...)
    CGW_PRINTF(3, 4);

/* ---- JSON by hand ---- */

/*
 * Read JSON text into *out, a T. The memory of strings and lists is the request's (or, with req
 * NULL, that of the task). CGW_OK; CGW_EINVALID: errors are in *ret_detail as the JSON array of a
 * 422's "detail", where ret_detail is not NULL; CGW_ETOOBIG: its lists would take more than 64 MiB
 * and 16 bytes for each of the text; CGW_ENOMEM. Any thread of the request. [task]
 */
int cgw__parse(cgw_request *req, const cgw_model *model, cgw_str json, void *out,
               cgw_str *ret_detail) CGW_MUST_USE;
#define cgw_parse(req, T, json, out, ret_detail) \
    cgw__parse((req), T##_model(), (json), _Generic((out), T * : (out)), (ret_detail))
/* The object as JSON text in the request's memory, NUL-terminated; ptr NULL: out of memory, or it
   has no JSON, see cgw_json(3). */
cgw_str cgw__encode(cgw_request *req, const cgw_model *model, const void *object);
#define cgw_encode(req, T, p) cgw__encode((req), T##_model(), CGW__IS_A(T, p))

/* ---- kinds by hand ---- */

#define CGW_UUID_LEN     36
#define CGW_DATETIME_LEN 32 /* at most, without NUL */
/* Text forms; dst is NUL-terminated. The length; 0: a moment that has none, beyond the years 1 to
   9999 or the offsets of a day. [any] */
size_t cgw_uuid_format(const cgw_uuid *uuid, char dst[CGW_UUID_LEN + 1]);
size_t cgw_datetime_format(const cgw_datetime *when, char dst[CGW_DATETIME_LEN + 1]);
/* 0, or CGW_EINVALID: not such a text; *out is untouched then. [any] */
int cgw_uuid_parse(cgw_str text, cgw_uuid *out) CGW_MUST_USE;
int cgw_datetime_parse(cgw_str text, cgw_datetime *out) CGW_MUST_USE;
/* A random one, version 4 (RFC 9562, 5.4). [any] */
cgw_uuid cgw_uuid_new(void);
/* This moment, in UTC. In tests it goes with their clock, where that jumps. [any] */
cgw_datetime cgw_datetime_now(void);
/* The JSON name of an enum's constant, or NULL. [any] */
const char *cgw__enum_name(const cgw_enum *values, int value);
#define cgw_enum_name(E, value) cgw__enum_name(E##_enum(), (value))

#endif
