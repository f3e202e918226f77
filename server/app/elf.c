/* The headers of an ELF file (System V gABI, chapter 4), and whether their extents lie inside it.
 */
#include "app/elf.h"
#include "base/mem.h"
#include <elf.h>
#include <errno.h>
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

static int check_segment(struct elf_file *file, const Elf64_Phdr *segment)
{
    if (segment->p_type != PT_LOAD && segment->p_type != PT_DYNAMIC)
        return 0;
    const char *what = segment->p_type == PT_LOAD ? "loaded segment" : "dynamic section";
    if (segment->p_filesz > segment->p_memsz)
        return refuse(file,
                      mem_printf("damaged: its %s is larger in the file than in memory", what));
    if (segment->p_align & (segment->p_align - 1))
        return refuse(file, mem_printf("damaged: its %s is aligned to no power of two", what));
    return inside(file, what, segment->p_offset, 1, segment->p_filesz);
}

static int check_segments(struct elf_file *file, const Elf64_Ehdr *head)
{
    unsigned loads = 0, dynamics = 0;
    if (head->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(file,
                      mem_printf("damaged: its program headers have %u bytes each, wanted %zu",
                                 head->e_phentsize, sizeof(Elf64_Phdr)));
    int status = inside(file, "program headers", head->e_phoff, head->e_phnum, sizeof(Elf64_Phdr));
    for (unsigned i = 0; status == 0 && i < head->e_phnum; i++) {
        Elf64_Phdr segment;
        status = read_at(file, &segment, sizeof segment, head->e_phoff + i * sizeof segment);
        if (status == 0)
            status = check_segment(file, &segment);
        loads += status == 0 && segment.p_type == PT_LOAD;
        dynamics += status == 0 && segment.p_type == PT_DYNAMIC;
    }
    if (status == 0 && (loads == 0 || dynamics != 1))
        return refuse(file,
                      mem_printf("damaged: %u loaded segments and %u dynamic sections, wanted "
                                 "one or more and one",
                                 loads, dynamics));
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
    if (status == 0 && head.e_shoff)
        status = inside(file, "section headers", head.e_shoff, head.e_shnum, head.e_shentsize);
    return status;
}

int elf_check(int fd, uint64_t size, char **ret_why)
{
    struct elf_file file = {fd, size, NULL};
    int status = check_headers(&file);
    if (status == -ENOEXEC)
        *ret_why = file.why;
    return status;
}
