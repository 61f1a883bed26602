// SPDX-License-Identifier: MPL-2.0
//
// void mioco_switch(void** save, void* resume)
//
// Saves the caller's state on its own stack, leaves the stack pointer in *save, and goes on where `resume` was saved. A
// suspended stack, from its saved stack pointer up:
//
//     +0x00  x29, x30       +0x30  x23, x24       +0x60  d8,  d9       +0x90  d14, d15
//     +0x10  x19, x20       +0x40  x25, x26       +0x70  d10, d11
//     +0x20  x21, x22       +0x50  x27, x28       +0x80  d12, d13
//
// These are all that the ABI preserves across a call, but for FPCR: a fiber that changes it restores it before it parks.
// x30 is the return address. The object file carries no note that claims support for pointer authentication or guarded
// control stacks.

    .text
    .globl  mioco_switch
    .protected mioco_switch  // as a shared library: never by way of the procedure linkage table
    .type   mioco_switch, %function
    .p2align 4
mioco_switch:
    .cfi_startproc
    stp     x29, x30, [sp, #-0xa0]!
    .cfi_def_cfa_offset 0xa0
    .cfi_offset x29, -0xa0
    .cfi_offset x30, -0x98
    stp     x19, x20, [sp, #0x10]
    .cfi_offset x19, -0x90
    .cfi_offset x20, -0x88
    stp     x21, x22, [sp, #0x20]
    .cfi_offset x21, -0x80
    .cfi_offset x22, -0x78
    stp     x23, x24, [sp, #0x30]
    .cfi_offset x23, -0x70
    .cfi_offset x24, -0x68
    stp     x25, x26, [sp, #0x40]
    .cfi_offset x25, -0x60
    .cfi_offset x26, -0x58
    stp     x27, x28, [sp, #0x50]
    .cfi_offset x27, -0x50
    .cfi_offset x28, -0x48
    stp     d8,  d9,  [sp, #0x60]
    stp     d10, d11, [sp, #0x70]
    stp     d12, d13, [sp, #0x80]
    stp     d14, d15, [sp, #0x90]
    mov     x9, sp
    str     x9, [x0]
    mov     sp, x1                  // the other stack has the same layout, so the CFI holds on
    ldp     x19, x20, [sp, #0x10]
    ldp     x21, x22, [sp, #0x20]
    ldp     x23, x24, [sp, #0x30]
    ldp     x25, x26, [sp, #0x40]
    ldp     x27, x28, [sp, #0x50]
    ldp     d8,  d9,  [sp, #0x60]
    ldp     d10, d11, [sp, #0x70]
    ldp     d12, d13, [sp, #0x80]
    ldp     d14, d15, [sp, #0x90]
    ldp     x29, x30, [sp], #0xa0
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
    .size   mioco_switch, . - mioco_switch

// The bottom frame of every fiber: calls x19(x20), which never returns. Backtraces end here.

    .globl  mioco_start
    .hidden mioco_start
    .type   mioco_start, %function
    .p2align 4
mioco_start:
    .cfi_startproc
    .cfi_undefined x30
    mov     x29, #0
    mov     x30, #0
    mov     x0, x20
    blr     x19
    brk     #1
    .cfi_endproc
    .size   mioco_start, . - mioco_start

    .section .note.GNU-stack, "", %progbits
