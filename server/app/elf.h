/*
 * Is a file a whole shared object for this machine? Looked at before dlopen() maps it, which
 * believes what the headers say and dies of a truncated file.
 */
#ifndef APP_ELF_H
#define APP_ELF_H
#include <stdint.h>

/*
 * Look at the size bytes of the file behind fd. 0; -ENOEXEC with *ret_why a phrase that says what
 * was found and what was wanted (mem_free() it; NULL: out of memory); or what reading answered.
 */
int elf_check(int fd, uint64_t size, char **ret_why);
#endif
