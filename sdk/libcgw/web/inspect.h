/* What the application tells of itself: its tasks, for the operator; its dependencies, for tests.
 */
#ifndef WEB_INSPECT_H
#define WEB_INSPECT_H

const void *inspect_extension(const char *id);
/* Of openapi/describe.c: struct cgw_describe. */
const void *describe_extension(void);
#endif
