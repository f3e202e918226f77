/* What is told to AddressSanitizer about memory that is given out here and not by malloc. Nothing,
   where it is not there. */
#ifndef BASE_SANITIZE_H
#define BASE_SANITIZE_H
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif
#endif
#ifndef SANITIZE_ADDRESS
#define SANITIZE_ADDRESS 0
#endif

#if defined(__SANITIZE_THREAD__)
#define SANITIZE_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZE_THREAD 1
#endif
#endif
#ifndef SANITIZE_THREAD
#define SANITIZE_THREAD 0
#endif

#if SANITIZE_ADDRESS
#include <sanitizer/asan_interface.h>
#endif

/* Whoever touches these bytes from here on is at fault. */
static inline void sanitize_poison(const void *p, size_t bytes)
{
#if SANITIZE_ADDRESS
    __asan_poison_memory_region(p, bytes);
#else
    (void)p, (void)bytes;
#endif
}

static inline void sanitize_unpoison(const void *p, size_t bytes)
{
#if SANITIZE_ADDRESS
    __asan_unpoison_memory_region(p, bytes);
#else
    (void)p, (void)bytes;
#endif
}
#endif
