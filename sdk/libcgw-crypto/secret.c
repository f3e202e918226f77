/* Comparing secrets. */
#include <cgw/crypto.h>
#include <sodium.h>

bool cgw_secret_is(cgw_str given, cgw_str secret)
{
    return given.len == secret.len && sodium_memcmp(given.ptr, secret.ptr, given.len) == 0;
}
