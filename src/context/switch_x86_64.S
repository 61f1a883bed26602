// SPDX-License-Identifier: MPL-2.0
//
// void mioco_switch(void** save, void* resume)
//
// Saves the caller's state on its own stack, leaves the stack pointer in *save, and goes on where `resume` was saved. A
// suspended stack, from its saved stack pointer up:
//
//     +0x00  r15        +0x20  rbx
//     +0x08  r14        +0x28  rbp
//     +0x10  r13        +0x30  return address
//     +0x18  r12
//
// These are all that the ABI preserves across a call, but for MXCSR and the x87 control word: a fiber that changes them
// restores them before it parks. It ends in `ret`, so that the CPU's prediction of returns, which pairs calls with returns,
// stays in step. The object file carries no note that claims support for shadow stacks, which it could not keep.

    .text
    .globl  mioco_switch
    .protected mioco_switch  // as a shared library: never by way of the procedure linkage table
    .type   mioco_switch, @function
    .p2align 4
mioco_switch:
    .cfi_startproc
    pushq   %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbp, 0
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    pushq   %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r12, 0
    pushq   %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r13, 0
    pushq   %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r14, 0
    pushq   %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r15, 0
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp              // the other stack has the same layout, so the CFI holds on
    popq    %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore r15
    popq    %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore r14
    popq    %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore r13
    popq    %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore r12
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    popq    %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbp
    ret
    .cfi_endproc
    .size   mioco_switch, . - mioco_switch

// void mioco_visit_suspended(void* suspended, void (*visit)(void*), void* argument)
//
// Calls visit(argument), and tells an unwinder that starts in there that the call came from where `suspended` was saved. Nothing
// is resumed: the unwinder reads the suspended frames, which may be a copy.

    .globl  mioco_visit_suspended
    .hidden mioco_visit_suspended
    .type   mioco_visit_suspended, @function
    .p2align 4
mioco_visit_suspended:
    .cfi_startproc
    pushq   %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    movq    %rdi, %rbx
    .cfi_remember_state
    .cfi_def_cfa rbx, 0x38
    .cfi_rel_offset r15, 0x00
    .cfi_rel_offset r14, 0x08
    .cfi_rel_offset r13, 0x10
    .cfi_rel_offset r12, 0x18
    .cfi_rel_offset rbx, 0x20
    .cfi_rel_offset rbp, 0x28
    movq    %rdx, %rdi
    callq   *%rsi
    .cfi_restore_state
    popq    %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    ret
    .cfi_endproc
    .size   mioco_visit_suspended, . - mioco_visit_suspended

// The bottom frame of every fiber: calls rbx(r12), which never returns. Backtraces end here.

    .globl  mioco_start
    .hidden mioco_start
    .type   mioco_start, @function
    .p2align 4
mioco_start:
    .cfi_startproc
    .cfi_undefined rip
    xorl    %ebp, %ebp
    movq    %r12, %rdi
    callq   *%rbx
    ud2
    .cfi_endproc
    .size   mioco_start, . - mioco_start

    .section .note.GNU-stack, "", @progbits
