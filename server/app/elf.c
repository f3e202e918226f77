/*
 * The headers of an ELF file (System V gABI, chapters 4 and 5), whether their extents lie inside
 * it, and whether there is something where they point: of a copy that is under way all but the
 * beginning may be zero.
 */
#include "app/elf.h"
#include "base/mem.h"
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#if defined __x86_64__
#define MACHINE EM_X86_64
#elif defined __aarch64__
#define MACHINE EM_AARCH64
#else
#error "name this machine's ELF number here"
#endif
#define ENDIANNESS (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

struct elf_file {
    int fd;
    uint64_t size;
    char *why;
    Elf64_Phdr *segments;
    unsigned n_segments;
};

static int refuse(struct elf_file *file, char *why)
{
    mem_free(file->why);
    file->why = why;
    return -ENOEXEC;
}

/* The wording of all that a cut file brings about. */
static int truncated(struct elf_file *file, const char *what, uint64_t end)
{
    return refuse(file,
                  mem_printf("truncated: its %s ends at byte %llu, the file has %llu; copy or "
                             "build it again",
                             what, (unsigned long long)end, (unsigned long long)file->size));
}

/* 0 where n things of bytes each from offset on lie inside the file. */
static int inside(struct elf_file *file, const char *what, uint64_t offset, uint64_t n,
                  uint64_t bytes)
{
    uint64_t length, end;
    if (__builtin_mul_overflow(n, bytes, &length) || __builtin_add_overflow(offset, length, &end))
        return refuse(file, mem_printf("damaged: its %s has no possible extent", what));
    return end <= file->size ? 0 : truncated(file, what, end);
}

static int read_at(struct elf_file *file, void *dst, size_t bytes, uint64_t offset)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(file->fd, (char *)dst + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return truncated(file, "content", offset + bytes);
        done += (size_t)n;
    }
    return 0;
}

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_AARCH64:
        return "aarch64";
    case EM_386:
        return "i386";
    case EM_ARM:
        return "arm";
    case EM_RISCV:
        return "riscv";
    case EM_PPC64:
        return "ppc64";
    case EM_S390:
        return "s390";
    default:
        return "an unknown machine";
    }
}

static const char *type_name(unsigned type)
{
    switch (type) {
    case ET_REL:
        return "an object file";
    case ET_EXEC:
        return "a program";
    case ET_CORE:
        return "a core dump";
    default:
        return "of an unknown type";
    }
}

/* Is it ELF, of this machine, and linked as a shared object? */
static int check_identity(struct elf_file *file, const Elf64_Ehdr *head)
{
    if (head->e_ident[EI_CLASS] != ELFCLASS64)
        return refuse(file, mem_printf("made for another word size (ELF class %u), wanted 64 bits",
                                       head->e_ident[EI_CLASS]));
    if (head->e_ident[EI_DATA] != ENDIANNESS)
        return refuse(file, mem_printf("made for the other byte order; build it for this machine"));
    if (head->e_machine != MACHINE)
        return refuse(file, mem_printf("built for %s (ELF machine %u), this host runs on %s: build "
                                       "it for this machine",
                                       machine_name(head->e_machine), head->e_machine,
                                       machine_name(MACHINE)));
    if (head->e_type != ET_DYN)
        return refuse(file, mem_printf("%s (ELF type %u), wanted a shared object: link it with "
                                       "-shared",
                                       type_name(head->e_type), head->e_type));
    if (head->e_version != EV_CURRENT || head->e_ident[EI_VERSION] != EV_CURRENT)
        return refuse(file, mem_printf("of ELF version %u, wanted 1", head->e_version));
    return 0;
}

/* ---- segments ---- */

static int check_segment(struct elf_file *file, const Elf64_Phdr *segment)
{
    uint64_t end;
    if (segment->p_type != PT_LOAD && segment->p_type != PT_DYNAMIC)
        return 0;
    const char *what = segment->p_type == PT_LOAD ? "loaded segment" : "dynamic section";
    if (segment->p_filesz > segment->p_memsz)
        return refuse(file,
                      mem_printf("damaged: its %s is larger in the file than in memory", what));
    if (segment->p_align & (segment->p_align - 1))
        return refuse(file, mem_printf("damaged: its %s is aligned to no power of two", what));
    if (__builtin_add_overflow(segment->p_vaddr, segment->p_memsz, &end) || end > INT64_MAX)
        return refuse(file, mem_printf("damaged: its %s has no possible address", what));
    return inside(file, what, segment->p_offset, 1, segment->p_filesz);
}

/*
 * Where in the file is what lies in memory at address, so many bytes? -1: in no loaded segment, or
 * not in the part of one that comes from the file.
 */
static int64_t offset_of(const struct elf_file *file, uint64_t address, uint64_t bytes)
{
    for (unsigned i = 0; i < file->n_segments; i++) {
        const Elf64_Phdr *load = &file->segments[i];
        if (load->p_type == PT_LOAD && address >= load->p_vaddr &&
            address - load->p_vaddr <= load->p_filesz &&
            bytes <= load->p_filesz - (address - load->p_vaddr))
            return (int64_t)(load->p_offset + (address - load->p_vaddr));
    }
    return -1;
}

/* What is made read-only after loading is of one segment, but for the rest of its last page. */
static bool is_relro_placed(const struct elf_file *file, const Elf64_Phdr *relro)
{
    const uint64_t page = 65536; /* the largest that these machines have */
    for (unsigned i = 0; i < file->n_segments; i++) {
        const Elf64_Phdr *load = &file->segments[i];
        if (load->p_type == PT_LOAD && relro->p_vaddr >= load->p_vaddr &&
            relro->p_vaddr - load->p_vaddr <= load->p_memsz &&
            relro->p_memsz <= load->p_memsz - (relro->p_vaddr - load->p_vaddr) + page)
            return true;
    }
    return false;
}

/* What the loader reads by its address must be what the file has at its offset. */
static int check_placed(struct elf_file *file, const Elf64_Phdr *segment)
{
    bool is_read = segment->p_type == PT_DYNAMIC || segment->p_type == PT_NOTE ||
                   segment->p_type == PT_TLS || segment->p_type == PT_GNU_PROPERTY;
    if (segment->p_type == PT_GNU_RELRO && !is_relro_placed(file, segment))
        return refuse(file, mem_printf("damaged: what it protects lies in no loaded segment"));
    if (!is_read || segment->p_filesz == 0)
        return 0;
    int64_t offset = offset_of(file, segment->p_vaddr, segment->p_filesz);
    if (offset >= 0 && (uint64_t)offset == segment->p_offset)
        return 0;
    return refuse(file, mem_printf("damaged: its %s lies in no loaded segment",
                                   segment->p_type == PT_DYNAMIC ? "dynamic section"
                                   : segment->p_type == PT_TLS   ? "thread-local data"
                                                                 : "note"));
}

/* The one dynamic section, where there are segments to be loaded. */
static int find_dynamic(struct elf_file *file, const Elf64_Phdr **ret_dynamic)
{
    unsigned loads = 0, dynamics = 0;
    for (unsigned i = 0; i < file->n_segments; i++) {
        loads += file->segments[i].p_type == PT_LOAD;
        dynamics += file->segments[i].p_type == PT_DYNAMIC;
        if (file->segments[i].p_type == PT_DYNAMIC)
            *ret_dynamic = &file->segments[i];
    }
    if (loads == 0 || dynamics != 1)
        return refuse(file,
                      mem_printf("damaged: %u loaded segments and %u dynamic sections, wanted "
                                 "one or more and one",
                                 loads, dynamics));
    return 0;
}

static int read_segments(struct elf_file *file, const Elf64_Ehdr *head)
{
    size_t bytes = (size_t)head->e_phnum * sizeof(Elf64_Phdr);
    if (head->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(file,
                      mem_printf("damaged: its program headers have %u bytes each, wanted %zu",
                                 head->e_phentsize, sizeof(Elf64_Phdr)));
    int status = inside(file, "program headers", head->e_phoff, 1, bytes);
    if (status < 0)
        return status;
    file->segments = mem_alloc(bytes + 1);
    if (!file->segments)
        return -ENOMEM;
    file->n_segments = head->e_phnum;
    status = read_at(file, file->segments, bytes, head->e_phoff);
    for (unsigned i = 0; status == 0 && i < file->n_segments; i++)
        status = check_segment(file, &file->segments[i]);
    return status;
}

/* ---- the dynamic section ---- */

/* The tables that a loader reads: where, how large; so many bytes at least, and is it needed? */
static const struct table {
    int64_t tag, size_tag;
    uint64_t least;
    const char *what;
    bool is_needed;
} tables[] = {
    {DT_STRTAB, DT_STRSZ, 1, "string table", true},
    {DT_SYMTAB, 0, sizeof(Elf64_Sym), "symbol table", true},
    {DT_HASH, 0, 16, "hash table", false},
    {DT_GNU_HASH, 0, 16, "hash table", false},
    {DT_RELA, DT_RELASZ, 0, "relocation table", false},
    {DT_JMPREL, DT_PLTRELSZ, 0, "relocation table", false},
    {DT_INIT_ARRAY, DT_INIT_ARRAYSZ, 0, "table of constructors", false},
    {DT_FINI_ARRAY, DT_FINI_ARRAYSZ, 0, "table of destructors", false},
    {DT_INIT, 0, 1, "constructor", false},
    {DT_FINI, 0, 1, "destructor", false},
    {DT_VERSYM, 0, 2, "table of versions", false},
    {DT_VERNEED, 0, sizeof(Elf64_Verneed), "table of versions", false},
};

struct dynamic {
    Elf64_Dyn *entries;
    size_t n;
};

static const Elf64_Dyn *find_entry(const struct dynamic *dynamic, int64_t tag)
{
    for (size_t i = 0; i < dynamic->n; i++)
        if (dynamic->entries[i].d_tag == tag)
            return &dynamic->entries[i];
    return NULL;
}

static int check_table(struct elf_file *file, const struct dynamic *dynamic,
                       const struct table *table)
{
    const Elf64_Dyn *at = find_entry(dynamic, table->tag);
    const Elf64_Dyn *size = table->size_tag ? find_entry(dynamic, table->size_tag) : NULL;
    uint64_t bytes = size && size->d_un.d_val > table->least ? size->d_un.d_val : table->least;
    if (!at && table->is_needed)
        return refuse(file,
                      mem_printf("damaged: it names no %s; copy or build it again", table->what));
    if (at && bytes && offset_of(file, at->d_un.d_ptr, bytes) < 0)
        return refuse(file, mem_printf("damaged: its %s lies in no loaded segment", table->what));
    return 0;
}

/* Both kinds of hash table begin with the number of their buckets, by which a loader divides. */
static int check_hash(struct elf_file *file, const struct dynamic *dynamic)
{
    const Elf64_Dyn *gnu = find_entry(dynamic, DT_GNU_HASH), *old = find_entry(dynamic, DT_HASH);
    uint32_t buckets = 1;
    if (!gnu && !old)
        return refuse(file, mem_printf("damaged: it names no hash table; copy or build it again"));
    int64_t offset = offset_of(file, (gnu ? gnu : old)->d_un.d_ptr, sizeof buckets);
    int status = read_at(file, &buckets, sizeof buckets, (uint64_t)offset);
    if (status == 0 && buckets == 0)
        return refuse(file, mem_printf("damaged: its hash table is empty; copy or build it again"));
    return status;
}

static int check_entries(struct elf_file *file, struct dynamic *dynamic)
{
    const Elf64_Dyn *end = find_entry(dynamic, DT_NULL);
    if (!end)
        return refuse(file, mem_printf("damaged: its dynamic section does not end"));
    dynamic->n = (size_t)(end - dynamic->entries);
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof tables / sizeof *tables; i++)
        status = check_table(file, dynamic, &tables[i]);
    return status < 0 ? status : check_hash(file, dynamic);
}

static int check_dynamic(struct elf_file *file, const Elf64_Phdr *segment)
{
    struct dynamic dynamic = {NULL, segment->p_filesz / sizeof(Elf64_Dyn)};
    if (dynamic.n > 65536)
        return refuse(file, mem_printf("damaged: its dynamic section has %zu entries", dynamic.n));
    dynamic.entries = mem_alloc(dynamic.n * sizeof(Elf64_Dyn) + 1);
    if (!dynamic.entries)
        return -ENOMEM;
    int status = read_at(file, dynamic.entries, dynamic.n * sizeof(Elf64_Dyn), segment->p_offset);
    if (status == 0)
        status = check_entries(file, &dynamic);
    mem_free(dynamic.entries);
    return status;
}

static int check_segments(struct elf_file *file, const Elf64_Ehdr *head)
{
    const Elf64_Phdr *dynamic = NULL;
    int status = read_segments(file, head);
    if (status == 0)
        status = find_dynamic(file, &dynamic);
    for (unsigned i = 0; status == 0 && i < file->n_segments; i++)
        status = check_placed(file, &file->segments[i]);
    if (status < 0 || !dynamic)
        return status < 0 ? status : -ENOEXEC;
    return check_dynamic(file, dynamic);
}

/* ---- sections ---- */

/* No loader needs them, but they are what a linker writes last: zeros there are a missing end. */
static int check_sections(struct elf_file *file, const Elf64_Ehdr *head)
{
    Elf64_Shdr last;
    if (head->e_shoff == 0)
        return 0;
    int status = inside(file, "section headers", head->e_shoff, head->e_shnum, head->e_shentsize);
    if (status < 0 || head->e_shnum < 2 || head->e_shentsize != sizeof last)
        return status;
    status = read_at(file, &last, sizeof last, head->e_shoff + (head->e_shnum - 1u) * sizeof last);
    if (status == 0 && last.sh_type == SHT_NULL)
        return refuse(file, mem_printf("damaged: its end is missing, zeros stand there; copy or "
                                       "build it again"));
    return status;
}

static int check_headers(struct elf_file *file)
{
    Elf64_Ehdr head;
    static const char magic[] = ELFMAG;
    char start[SELFMAG];
    uint64_t have = file->size < SELFMAG ? file->size : SELFMAG;
    int status = read_at(file, start, have, 0);
    if (status < 0)
        return status;
    if (memcmp(start, magic, have) != 0)
        return refuse(file, mem_printf("no ELF file, wanted a shared object (.so)"));
    status = inside(file, "ELF header", 0, 1, sizeof head);
    if (status == 0)
        status = read_at(file, &head, sizeof head, 0);
    if (status == 0)
        status = check_identity(file, &head);
    if (status == 0)
        status = check_segments(file, &head);
    return status < 0 ? status : check_sections(file, &head);
}

int elf_check(int fd, uint64_t size, char **ret_why)
{
    struct elf_file file = {.fd = fd, .size = size};
    int status = check_headers(&file);
    mem_free(file.segments);
    if (status == -ENOEXEC)
        *ret_why = file.why;
    return status;
}
