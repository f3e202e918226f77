/* UUIDs as text (RFC 9562, 4), with the errors that pydantic has for them. [any-thread] */
#ifndef MODEL_UUID_H
#define MODEL_UUID_H
#include <cgw/model.h>

#define UUID_ERROR_BYTES 80

/*
 * Taken are 8-4-4-4-12 hexadecimal digits of either case, alone, in braces or behind "urn:uuid:",
 * and 32 digits in one. CGW_OK, or CGW_EINVALID: error says what is wrong in pydantic's words,
 * UTF-8 where text is; it is "ctx": {"error":...} of "uuid_parsing", "Input should be a valid UUID,
 * ERROR". error may be NULL. Only where pydantic counts a prefix into the last
 * group, this does not.
 */
int uuid_read(cgw_str text, cgw_uuid *ret_uuid, char error[UUID_ERROR_BYTES]) CGW_MUST_USE;
#endif
