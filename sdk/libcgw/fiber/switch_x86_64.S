/*
 * The switch for x86-64 (System V): six registers and the address to go on at.
 *
 * It ends with a jump, not with ret: the processor predicts a ret to go back to the caller, which is
 * never where a switch goes. A stack that ends does so with ret, as its caller is who comes next
 * where it never was suspended. For that reason this file does not claim to be fit for shadow stacks,
 * and no branch-protection note stands in it.
 */
#include "fiber/switch.h"

#ifdef SWITCH_X86_64
        .text
        .p2align 4
        .globl  switch_to
        .hidden switch_to
        .type   switch_to, @function
/* void switch_to(void **ret_sp, void *sp) */
switch_to:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        movq    %rsp, (%rdi)
        .globl  switch_waits
        .hidden switch_waits
switch_waits: /* for debuggers: where any suspended stack stands, when sp is what was remembered */
        /* Both stacks look the same from here on, to unwinders too. */
        movq    %rsi, %rsp
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rcx
        jmp     *%rcx
        .cfi_endproc
        .size   switch_to, . - switch_to

        .p2align 4
        .globl  switch_begin
        .hidden switch_begin
        .type   switch_begin, @function
/* Where a new stack goes on first: rbx(r12). Nobody called it, so unwinders end here; they look for
   the byte before the address that a call leaves, hence the nop in front. */
        .cfi_startproc
        .cfi_undefined %rip
        .cfi_undefined %rbp
        nop
switch_begin:
        movq    %r12, %rdi
        callq   *%rbx
        movq    %rax, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .cfi_endproc
        .size   switch_begin, . - switch_begin
#endif
        .section .note.GNU-stack, "", @progbits
