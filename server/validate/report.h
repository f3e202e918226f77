/*
 * Findings, in memory that the child which plays a scenario shares with its parent, so that they
 * outlive whatever the application does to the child.
 */
#ifndef VALIDATE_REPORT_H
#define VALIDATE_REPORT_H
#include "validate/rules.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define REPORT_FINDINGS_MAX 32

struct finding {
    enum rule rule;
    char where[128]; /* request and step */
    char what[384];  /* what the application did */
};

/* Map the shared memory. 0 or a negative errno. */
int report_init(void);
/* Forget all, before a child begins. */
void report_clear(void);

/* ---- in the child ---- */

/* Which request, and at which step something happens to it. */
void report_where(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What the application was just asked to do. [any-thread] */
void report_doing(const char *text);
const char *report_what_was_doing(void);
/* Note a breach of a rule. [any-thread] */
void report_finding(enum rule rule, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Note it, and end the child: nothing after it could be trusted. [any-thread] */
_Noreturn void report_fatal(enum rule rule, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The child has played to its end. */
_Noreturn void report_over(void);
/* A message for the parent that is no finding (why a module does not load), and the end. */
_Noreturn void report_refusal(const char *message);
/* What the parent must know of the module: enum cgw_app_flag. */
void report_flags(unsigned flags);

/* ---- in the parent ---- */

/* Turn how the child ended into a finding where it ended of itself. */
void report_child_ended(int wait_status);
unsigned report_count(void); /* findings noted, those beyond the room for them too */
const struct finding *report_get(unsigned i); /* NULL: no more */
const char *report_message(void);             /* of report_refusal(), or NULL */
unsigned report_given_flags(void);
bool report_has(enum rule rule);
/* "CGW0714 order: [pending] GET /, step 2: ...; abi.h: ..." on standard output; n: how often. */
void report_print(const char *scenario, const struct finding *finding, unsigned n);
const char *report_rule_name(enum rule rule);
#endif
