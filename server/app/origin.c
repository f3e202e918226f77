/*
 * The dynamic section again, now for DT_NEEDED and DT_RUNPATH. A library that is loaded already is
 * found by its soname, so what is loaded here by its path is what the module gets.
 */
#include "app/origin.h"
#include "base/mem.h"
#include "base/str.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A mapped file whose headers are sound. */
struct image {
    const unsigned char *bytes;
    size_t size;
    const Elf64_Dyn *dynamic;
    size_t n_dynamic;
    const char *strings;
    size_t n_strings;
};

struct search {
    const char *path;     /* of the module, for messages */
    struct str folder;    /* of the module */
    const char *run_path; /* colons between folders */
    bool is_weak;         /* LD_LIBRARY_PATH comes first: DT_RUNPATH, not DT_RPATH */
};

static int fail(int status, char *error, char **ret_error)
{
    *ret_error = error;
    return status;
}

/* ---- reading ---- */

static const Elf64_Phdr *segments_of(const struct image *image, size_t *ret_n)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)(const void *)image->bytes;
    *ret_n = head->e_phoff % sizeof(uint64_t) == 0 ? head->e_phnum : 0; /* as every linker's is */
    return (const Elf64_Phdr *)(const void *)(image->bytes + head->e_phoff);
}

/* What lies in memory at address; NULL: nothing of the file. */
static const char *at_address(const struct image *image, uint64_t address)
{
    size_t n;
    const Elf64_Phdr *segments = segments_of(image, &n);
    for (size_t i = 0; i < n; i++)
        if (segments[i].p_type == PT_LOAD && address >= segments[i].p_vaddr &&
            address - segments[i].p_vaddr < segments[i].p_filesz)
            return (const char *)image->bytes + segments[i].p_offset +
                   (address - segments[i].p_vaddr);
    return NULL;
}

static uint64_t value_of(const struct image *image, int64_t tag)
{
    for (size_t i = 0; i < image->n_dynamic && image->dynamic[i].d_tag != DT_NULL; i++)
        if (image->dynamic[i].d_tag == tag)
            return image->dynamic[i].d_un.d_val;
    return 0;
}

/* "" where it is none. */
static const char *string_at(const struct image *image, uint64_t offset)
{
    if (offset >= image->n_strings ||
        !memchr(image->strings + offset, '\0', image->n_strings - offset))
        return "";
    return image->strings + offset;
}

static void find_tables(struct image *image)
{
    size_t n;
    const Elf64_Phdr *segments = segments_of(image, &n);
    for (size_t i = 0; i < n; i++) {
        if (segments[i].p_type != PT_DYNAMIC || segments[i].p_offset % sizeof(uint64_t) != 0)
            continue;
        image->dynamic = (const Elf64_Dyn *)(const void *)(image->bytes + segments[i].p_offset);
        image->n_dynamic = segments[i].p_filesz / sizeof(Elf64_Dyn);
    }
    image->strings = at_address(image, value_of(image, DT_STRTAB));
    if (image->strings)
        image->n_strings = value_of(image, DT_STRSZ);
}

static int map(struct image *image, const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    void *bytes = MAP_FAILED;
    if (fstat(fd, &st) == 0)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int error = errno;
    close(fd);
    if (bytes == MAP_FAILED)
        return -error;
    image->bytes = bytes;
    image->size = (size_t)st.st_size;
    find_tables(image);
    return 0;
}

/* ---- looking ---- */

/* $ORIGIN or ${ORIGIN} at s: its length; 0: neither. */
static size_t token_length(struct str s)
{
    static const char plain[] = "$ORIGIN", braced[] = "${ORIGIN}";
    if (s.len >= sizeof braced - 1 && memcmp(s.ptr, braced, sizeof braced - 1) == 0)
        return sizeof braced - 1;
    return s.len >= sizeof plain - 1 && memcmp(s.ptr, plain, sizeof plain - 1) == 0
               ? sizeof plain - 1
               : 0;
}

/* The element of a search path, with the folder of the original where it begins with $ORIGIN, as
   all that do have it; mem_free() it. */
static char *candidate(const struct search *search, struct str element, const char *library)
{
    size_t n = token_length(element);
    if (n == 0)
        return mem_printf("%.*s/%s", (int)element.len, element.ptr, library);
    return mem_printf("%.*s%.*s/%s", (int)search->folder.len, search->folder.ptr,
                      (int)(element.len - n), element.ptr + n, library);
}

static bool next_element(const char **list, struct str *ret_element)
{
    if (!*list)
        return false;
    const char *colon = strchrnul(*list, ':');
    *ret_element = (struct str){*list, (size_t)(colon - *list)};
    *list = *colon ? colon + 1 : NULL;
    return true;
}

static bool is_in_library_path(const struct search *search, const char *library)
{
    const char *list = search->is_weak ? getenv("LD_LIBRARY_PATH") : NULL;
    struct str element;
    while (next_element(&list, &element)) {
        char *file = element.len ? candidate(search, element, library) : mem_strdup(library);
        bool is_there = file && access(file, F_OK) == 0;
        mem_free(file);
        if (is_there)
            return true;
    }
    return false;
}

/* 0 with the file by which $ORIGIN finds the library, or with NULL: the loader finds it without. */
static int find_library(const struct search *search, const char *library, char **ret_file)
{
    const char *list = search->run_path;
    struct str element;
    *ret_file = NULL;
    if (is_in_library_path(search, library))
        return 0;
    while (next_element(&list, &element)) {
        char *file = candidate(search, element, library);
        if (!file)
            return -ENOMEM;
        if (access(file, F_OK) == 0) {
            if (token_length(element))
                *ret_file = file;
            else
                mem_free(file);
            return 0;
        }
        mem_free(file);
    }
    return 0;
}

/* ---- loading ---- */

static int fail_library(const struct search *search, const char *file, char **ret_error)
{
    const char *text = dlerror();
    char *error = mem_printf("%s: needs %s, which cannot be loaded: %s", search->path, file,
                             text ? text : "for no reason given");
    for (char *p = error; p && *p; p++)
        if (*p == '\n')
            *p = ' ';
    return fail(-ENOEXEC, error, ret_error);
}

static int load_library(const struct search *search, const char *library, char **ret_error)
{
    char *file;
    int status = find_library(search, library, &file);
    if (status < 0)
        return fail(status, NULL, ret_error);
    if (!file)
        return 0;
    if (!dlopen(file, RTLD_NOW | RTLD_LOCAL))
        status = fail_library(search, file, ret_error);
    else if (!dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD))
        status = fail(-ENOEXEC,
                      mem_printf("%s: needs %s from beside it, but %s has another soname or none: "
                                 "link that with -Wl,-soname,%s",
                                 search->path, library, file, library),
                      ret_error);
    mem_free(file);
    return status;
}

static int load_needed(const struct image *image, const struct search *search, char **ret_error)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < image->n_dynamic; i++) {
        const Elf64_Dyn *entry = &image->dynamic[i];
        if (entry->d_tag == DT_NULL)
            break;
        const char *library = entry->d_tag == DT_NEEDED ? string_at(image, entry->d_un.d_val) : "";
        if (*library && !strchr(library, '/'))
            status = load_library(search, library, ret_error);
    }
    return status;
}

/* false: $ORIGIN plays no part. DT_RPATH does not count where there is DT_RUNPATH. */
static bool has_origin(const struct image *image, struct search *search)
{
    uint64_t run = value_of(image, DT_RUNPATH), old = value_of(image, DT_RPATH);
    search->run_path = string_at(image, run ? run : old);
    search->is_weak = run != 0;
    return strstr(search->run_path, "$ORIGIN") || strstr(search->run_path, "${ORIGIN}");
}

int origin_load(const char *path, const char *copy, char **ret_error)
{
    struct image image = {.bytes = NULL};
    const char *slash = strrchr(path, '/');
    struct search search = {
        .path = path, .folder = slash ? (struct str){path, (size_t)(slash - path)} : STR(".")};
    int status = map(&image, copy);
    if (status < 0)
        return fail(status, mem_printf("%s: cannot be read: %s", path, strerror(-status)),
                    ret_error);
    if (image.strings && has_origin(&image, &search))
        status = load_needed(&image, &search, ret_error);
    munmap((void *)image.bytes, image.size);
    return status;
}
