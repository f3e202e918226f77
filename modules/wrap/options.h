/*
 * What modules for --wrap have in common: they are no applications of their own, and their options
 * come from the environment, as --wrap has no arguments. Each function answers 0, also where the
 * variable is not there, which leaves *option alone; else -1 and in *ret_error what is wrong.
 */
#ifndef WRAP_OPTIONS_H
#define WRAP_OPTIONS_H
#include <cgw/middleware.h>
#include <cgw/wrap.h>

/* Separated by commas, with blanks around them or not; ended by NULL. It is never freed. */
int options_list(const char *variable, const char *const **option, const char **ret_error);
int options_number(const char *variable, uint64_t min, uint64_t max, uint64_t *option,
                   const char **ret_error);
/* yes, no, on, off, true, false, 1, 0. */
int options_switch(const char *variable, bool *option, const char **ret_error);
/* A token (RFC 9110, 5.6.2); lives as long as the environment. */
int options_token(const char *variable, const char **option, const char **ret_error);
/* A field's name, in lower case, as hosts have them. It is never freed. */
int options_field(const char *variable, const char **option, const char **ret_error);

/* What the module exports: around is its function of cgw.wrap/1. */
const void *options_table(const char *id, const struct cgw_wrap *wrap);
void options_refuse(struct cgw_call *call);
#define OPTIONS_MODULE(name_, around)                                                 \
    static const void *table(const char *id)                                          \
    {                                                                                 \
        static const struct cgw_wrap wrap = {sizeof(wrap), 0, around, cgw_wrap_free}; \
        return options_table(id, &wrap);                                              \
    }                                                                                 \
    CGW_APP(.kind = CGW_ASYNC, .name = (name_), .call = options_refuse, .extension = table)

#endif
