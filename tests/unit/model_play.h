/* Models for the tests of sdk/libcgw/model, and a way to put something into one. */
#ifndef MODEL_PLAY_H
#define MODEL_PLAY_H
#include "model/model.h"

#define COLOUR(V) V(RED, "red") V(GREEN, "green") V(BLUE, "blue")
CGW_ENUM(Colour, COLOUR)

/* The one of FastAPI's tutorial. */
#define ITEM(F)                      \
    F(str, name)                     \
    F(str, description, .opt = true) \
    F(f64, price)                    \
    F(f64, tax, .opt = true)
CGW_MODEL(Item, ITEM)

/* One of each kind, all may be left out. */
#define KINDS(F)                       \
    F(i8, i8, .opt = true)             \
    F(i16, i16, .opt = true)           \
    F(i32, i32, .opt = true)           \
    F(i64, i64, .opt = true)           \
    F(u8, u8, .opt = true)             \
    F(u16, u16, .opt = true)           \
    F(u32, u32, .opt = true)           \
    F(u64, u64, .opt = true)           \
    F(f64, f64, .opt = true)           \
    F(bool, yes, .opt = true)          \
    F(str, str, .opt = true)           \
    F(text, text, .opt = true)         \
    F(bytes, bytes, .opt = true)       \
    F(uuid, uuid, .opt = true)         \
    F(datetime, datetime, .opt = true) \
    F(enumeration(Colour), colour, .opt = true)
CGW_MODEL(Kinds, KINDS)

/* The same, but null is not what they are. */
#define HARD(F)                                                      \
    F(i64, i64, .def = 0)                                            \
    F(f64, f64, .def = 0)                                            \
    F(bool, yes, .def = 0)                                           \
    F(str, str, .def_str = "")                                       \
    F(bytes, bytes, .def_str = "")                                   \
    F(uuid, uuid, .def_str = "00000000-0000-0000-0000-000000000000") \
    F(datetime, datetime, .def_str = "1970-01-01T00:00:00Z")         \
    F(enumeration(Colour), colour, .def_str = "red")
CGW_MODEL(Hard, HARD)

/* A constraint each. */
#define LIMITS(F)                                           \
    F(i64, gt, .opt = true, .gt = 3)                        \
    F(i64, ge, .opt = true, .ge = 3)                        \
    F(i64, lt, .opt = true, .lt = 3)                        \
    F(i64, le, .opt = true, .le = 3)                        \
    F(i64, five, .opt = true, .multiple_of = 5)             \
    F(f64, fgt, .opt = true, .gt = 0)                       \
    F(f64, fle, .opt = true, .le = 9.9)                     \
    F(f64, tenth, .opt = true, .multiple_of = 0.1)          \
    F(u8, both, .opt = true, .ge = 10, .le = 100)           \
    F(str, one, .opt = true, .min_len = 1, .max_len = 1)    \
    F(str, three, .opt = true, .min_len = 3, .max_len = 5)  \
    F(bytes, data, .opt = true, .min_len = 2, .max_len = 3) \
    F(str, fixed, .opt = true, .pattern = "^fixedquery$")
CGW_MODEL(Limits, LIMITS)

#define IMAGE(F) F(str, url) F(str, name)
CGW_MODEL(Image, IMAGE)

#define ALBUM(F)                                                  \
    F(str, title)                                                 \
    F(model(Image), cover, .opt = true)                           \
    F(models(Image), images, .opt = true, .max_items = 3)         \
    F(list(i64), numbers, .opt = true, .min_items = 1, .le = 100) \
    F(enumerations(Colour), colours, .opt = true)                 \
    F(list(str), tags, .opt = true, .min_len = 2)
CGW_MODEL(Album, ALBUM)

#define STRICT(F) F(str, username) F(str, password)
CGW_MODEL(Strict, STRICT, .strict = true)

/* What a request's parameters may be. */
#define FILTER(F)                                        \
    F(i64, limit, .def = 100, .gt = 0, .le = 100)        \
    F(i64, offset, .def = 0, .ge = 0)                    \
    F(enumeration(Colour), order_by, .def_str = "green") \
    F(list(str), tags, .opt = true)
CGW_MODEL(Filter, FILTER, .strict = true)

#define HEADERS(F)                             \
    F(str, user_agent)                         \
    F(bool, save_data, .opt = true)            \
    F(str, odd, .alias = "x_odd", .opt = true) \
    F(list(str), x_tag, .opt = true)
CGW_MODEL(Headers, HEADERS)

/* Own validators; in model_play.c. */
int play_is_even(cgw_check *check, const void *value);
int play_passwords(cgw_check *check, const void *object);
#define SIGNUP(F)                       \
    F(str, first, .alias = "password")  \
    F(str, second, .alias = "repeated") \
    F(i64, even, .opt = true, .check = play_is_even)
CGW_MODEL(Signup, SIGNUP, .check = play_passwords)

#define NODE(F) F(i64, n, .opt = true) F(models(Node), below, .opt = true)
CGW_MODEL(Node, NODE)

/* Something decoded or bound. */
struct play {
    struct arena arena;
    struct model_errors errors;
    int status;
    const char *array; /* the errors as a JSON array; "[]" where there are none */
};

/* json into *object, at "body"; len bytes in memory that ends with them. */
void play_decode_bytes(struct play *play, const cgw_model *model, const char *json, size_t len,
                       void *object);
void play_decode(struct play *play, const cgw_model *model, const char *json, void *object);
/* "a=1&b=2" into *object, from "query", "path", "header", "cookie" or "body"; nothing is decoded.
 */
void play_bind(struct play *play, const cgw_model *model, const char *place, const char *pairs,
               void *object);
void play_fini(struct play *play);
/* The model of that name, or NULL. */
const cgw_model *play_model(const char *name);
#endif
