/*
 * The switch for aarch64 (AAPCS64): x19 to x30, the low halves of v8 to v15, and the stack pointer.
 * Where the rest is compiled with branch protection (-mbranch-protection), the address to go on at
 * is signed while it lies in memory, and the file says that it is fit for that.
 */
#include "fiber/switch.h"

#ifdef SWITCH_AARCH64
#if defined(__ARM_FEATURE_PAC_DEFAULT) && __ARM_FEATURE_PAC_DEFAULT
#if __ARM_FEATURE_PAC_DEFAULT & 2
#define SIGN   hint 27 /* pacibsp */
#define UNSIGN hint 31 /* autibsp */
#define KEY    .cfi_b_key_frame
#else
#define SIGN   hint 25 /* paciasp */
#define UNSIGN hint 29 /* autiasp */
#define KEY
#endif
#define SIGNED .cfi_negate_ra_state
#else
#define SIGN
#define UNSIGN
#define KEY
#define SIGNED
#endif

#define FRAME 160

        .text
        .p2align 4
        .globl  switch_to
        .hidden switch_to
        .type   switch_to, %function
/* void switch_to(void **ret_sp, void *sp) */
switch_to:
        .cfi_startproc
        KEY
        hint    34 /* bti c */
        SIGN
        SIGNED
        sub     sp, sp, #FRAME
        .cfi_adjust_cfa_offset FRAME
        stp     x19, x20, [sp, #0]
        .cfi_rel_offset x19, 0
        .cfi_rel_offset x20, 8
        stp     x21, x22, [sp, #16]
        .cfi_rel_offset x21, 16
        .cfi_rel_offset x22, 24
        stp     x23, x24, [sp, #32]
        .cfi_rel_offset x23, 32
        .cfi_rel_offset x24, 40
        stp     x25, x26, [sp, #48]
        .cfi_rel_offset x25, 48
        .cfi_rel_offset x26, 56
        stp     x27, x28, [sp, #64]
        .cfi_rel_offset x27, 64
        .cfi_rel_offset x28, 72
        stp     x29, x30, [sp, #80]
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        stp     d8, d9, [sp, #96]
        .cfi_rel_offset d8, 96
        .cfi_rel_offset d9, 104
        stp     d10, d11, [sp, #112]
        .cfi_rel_offset d10, 112
        .cfi_rel_offset d11, 120
        stp     d12, d13, [sp, #128]
        .cfi_rel_offset d12, 128
        .cfi_rel_offset d13, 136
        stp     d14, d15, [sp, #144]
        .cfi_rel_offset d14, 144
        .cfi_rel_offset d15, 152
        mov     x2, sp
        str     x2, [x0]
        .globl  switch_waits
        .hidden switch_waits
switch_waits: /* for debuggers: where any suspended stack stands, when sp is what was remembered */
        /* Both stacks look the same from here on, to unwinders too. */
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        .cfi_restore x19
        .cfi_restore x20
        .cfi_restore x21
        .cfi_restore x22
        .cfi_restore x23
        .cfi_restore x24
        .cfi_restore x25
        .cfi_restore x26
        .cfi_restore x27
        .cfi_restore x28
        .cfi_restore x29
        .cfi_restore x30
        .cfi_restore d8
        .cfi_restore d9
        .cfi_restore d10
        .cfi_restore d11
        .cfi_restore d12
        .cfi_restore d13
        .cfi_restore d14
        .cfi_restore d15
        add     sp, sp, #FRAME
        .cfi_adjust_cfa_offset -FRAME
        UNSIGN
        SIGNED
        ret
        .cfi_endproc
        .size   switch_to, . - switch_to

        .p2align 4
        .globl  switch_sign
        .hidden switch_sign
        .type   switch_sign, %function
/* void *switch_sign(void *sp): the address of switch_begin, as switch_to() wants it at sp. */
switch_sign:
        .cfi_startproc
        hint    34 /* bti c */
        mov     x16, x0
        adrp    x17, switch_begin
        add     x17, x17, :lo12:switch_begin
#if defined(__ARM_FEATURE_PAC_DEFAULT) && __ARM_FEATURE_PAC_DEFAULT
#if __ARM_FEATURE_PAC_DEFAULT & 2
        hint    10 /* pacib1716 */
#else
        hint    8 /* pacia1716 */
#endif
#endif
        mov     x0, x17
        ret
        .cfi_endproc
        .size   switch_sign, . - switch_sign

        .p2align 4
        .globl  switch_begin
        .hidden switch_begin
        .type   switch_begin, %function
/* Where a new stack goes on first: x19(x20). Nobody called it, so unwinders end here. It is reached
   by ret, which needs no landing. */
        .cfi_startproc
        .cfi_undefined x30
        .cfi_undefined x29
        nop
switch_begin:
        mov     x0, x20
        blr     x19
        mov     x1, x0
        b       switch_waits
        .cfi_endproc
        .size   switch_begin, . - switch_begin

#if defined(__ARM_FEATURE_BTI_DEFAULT) || \
    (defined(__ARM_FEATURE_PAC_DEFAULT) && __ARM_FEATURE_PAC_DEFAULT)
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define BTI 1
#else
#define BTI 0
#endif
#if defined(__ARM_FEATURE_PAC_DEFAULT) && __ARM_FEATURE_PAC_DEFAULT
#define PAC 2
#else
#define PAC 0
#endif
        .section .note.gnu.property, "a"
        .p2align 3
        .word   4, 16, 5
        .asciz  "GNU"
        .word   0xc0000000, 4, BTI | PAC, 0
#endif
#endif
        .section .note.GNU-stack, "", %progbits
