// SPDX-License-Identifier: MPL-2.0
#include "stack/overflow.hpp"

#include <csignal>
#include <cstdio>
#include <new>

#include <sys/auxv.h>
#include <unistd.h>

#include "base/sys.hpp"
#include "fiber/fiber.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

namespace {

struct sigaction handler_before;

// Only what is async-signal-safe in practice: the text is put together on the signal stack, and written at once.
void report_overflow(const fiber& f) noexcept {
    char text[512];
    const auto name = f.name_or_empty();
    const int size =
        std::snprintf(text, sizeof text,
                      "mioco: stack overflow in fiber %llu%s%.*s%s: its stack of %zu bytes is "
                      "full. Raise it for this fiber "
                      "(spawn_options::stack_size_bytes), for all (config::stack_size), or to try "
                      "(MIOCO_STACK_SIZE=%zuK).\n",
                      static_cast<unsigned long long>(f.number()), name.empty() ? "" : " \"",
                      static_cast<int>(name.size()), name.data(), name.empty() ? "" : "\"",
                      f.memory.kind.size_bytes(), f.memory.kind.size_bytes() / 512);
    sys::write(STDERR_FILENO, text, static_cast<std::size_t>(size));
}

void die_of(int signal) noexcept {
    // Returning repeats the access, which now has its default effect.
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    sigaction(signal, &standard, nullptr);
}

void pass_on(int signal, siginfo_t* info, void* registers) noexcept {
    if ((handler_before.sa_flags & SA_SIGINFO) != 0) {
        handler_before.sa_sigaction(signal, info, registers);
    } else if (handler_before.sa_handler != SIG_DFL && handler_before.sa_handler != SIG_IGN) {
        handler_before.sa_handler(signal);
    } else {
        die_of(signal);
    }
}

void on_fault(int signal, siginfo_t* info, void* registers) noexcept {
    const fiber* const running = current_fiber();
    if (running == nullptr || !running->memory.guard_contains(info->si_addr)) {
        return pass_on(signal, info, registers);
    }
    report_overflow(*running);
    die_of(signal);
}

}  // namespace

void install_overflow_handler() {
    static const bool installed = [] {
        struct sigaction action{};
        action.sa_sigaction = &on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        return sigaction(SIGSEGV, &action, &handler_before) == 0;
    }();
    static_cast<void>(installed);
}

overflow_stack::overflow_stack() {
    constexpr std::size_t for_the_handler = std::size_t{32} * 1024;
    size_bytes_ = for_the_handler + getauxval(AT_MINSIGSTKSZ);
    size_bytes_ = (size_bytes_ + 4095) & ~std::size_t{4095};
    const long mapped = sys::map_anonymous(size_bytes_);
    if (mapped < 0) throw std::bad_alloc();
    memory_ = reinterpret_cast<void*>(mapped);
    stack_t mine{};
    mine.ss_sp = memory_;
    mine.ss_size = size_bytes_;
    stack_t before{};
    sigaltstack(&mine, &before);
    before_memory_ = before.ss_sp;
    before_size_bytes_ = before.ss_size;
    before_flags_ = before.ss_flags;
}

overflow_stack::~overflow_stack() {
    stack_t before{};
    before.ss_sp = before_memory_;
    before.ss_size = before_size_bytes_;
    before.ss_flags = before_flags_;
    sigaltstack(&before, nullptr);
    sys::unmap(memory_, size_bytes_);
}

}  // namespace mioco::detail
