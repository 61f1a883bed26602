// SPDX-License-Identifier: MPL-2.0
#include "fiber/fiber_run.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <system_error>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

#include <mioco/error.hpp>

#include "base/assert.hpp"
#include "base/lock.hpp"
#include "debug/log.hpp"
#include "fiber/fiber_extras.hpp"
#include "fiber/fiber_pool.hpp"
#include "fiber/parking.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/wake.hpp"
#include "sched/worker.hpp"
#include "stack/guard.hpp"

namespace mioco::detail {

namespace {

void run_or_discard(fiber& self) {
    if (self.error != nullptr || self.cancel_requested()) {
        self.how_ended = self.error != nullptr ? outcome::error : outcome::cancelled;
        // As while an exception unwinds: destructors of what it captured may wait.
        const cancel_shield no_throwing;
        self.task->discard(self.storage);
        return;
    }
    self.task->run(self.storage);
    self.how_ended = outcome::value;
}

// No handler but this one, so that anything else finds none up to the bottom of the stack and terminates where it was thrown.
void run_uncaught(fiber& self) {
    try {
        run_or_discard(self);
    } catch (const fiber_cancelled&) {
        self.how_ended = outcome::cancelled;
    }
}

void run_caught(fiber& self) {
    try {
        run_uncaught(self);
    } catch (...) {
        self.how_ended = outcome::error;
        self.error = std::current_exception();
    }
}

// Calls `write` with what the exception says.
template <class Write>
void describe(const std::exception_ptr& error, Write write) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        write(e.what());
    } catch (...) {
        const std::type_info* const type = abi::__cxa_current_exception_type();
        char* const name = type == nullptr
                               ? nullptr
                               : abi::__cxa_demangle(type->name(), nullptr, nullptr, nullptr);
        char text[256];
        std::snprintf(text, sizeof text, "not a std::exception, but %s",
                      name == nullptr ? "of an unknown type" : name);
        std::free(name);
        write(text);
    }
}

void report_error(const fiber& f) noexcept {
    const std::string_view name = f.name_or_empty();
    const char* const quote = name.empty() ? "" : "\"";
    describe(f.error, [&](const char* what) {
        std::fprintf(stderr,
                     "mioco: fiber %llu%s%s%.*s%s ended with an exception that nobody joined: %s\n",
                     static_cast<unsigned long long>(f.number()), name.empty() ? "" : " ", quote,
                     static_cast<int>(name.size()), name.data(), quote, what);
    });
}

void free_block(fiber& f, worker* here) noexcept {
    MIOCO_ASSERT(f.how_ended == outcome::none,
                 "an outcome is disposed of before its fiber's block is");
    if (f.storage != f.inline_storage)
        ::operator delete(f.storage, std::align_val_t{f.task->alignment});
    if (f.has_extras()) free_extras(f);
    if (here != nullptr && &here->blocks().pool() == f.pool) return here->blocks().give(f);
    f.pool->give(f);
}

}  // namespace

void run_fiber(fiber& self) {
    MIOCO_LOG("starts \"%s\"", self.name());
    runtime_core& home = *self.home.load(std::memory_order_relaxed);
    if (home.settings().uncaught == on_uncaught::terminate) {
        run_uncaught(self);
    } else {
        run_caught(self);
    }
    if (self.has_extras()) [[unlikely]]
        end_locals_and_data(self);
    MIOCO_LOG("ends");
    worker* here = self.on;
    if (!here->tell_end(self)) [[unlikely]] {
        dispose_of_outcome(self);  // which may run a destructor that waits, and makes a fiber-local
        if (self.has_extras()) end_locals_and_data(self);
        here = self.on;
        here->end_detached(self);
    }
    ++here->counts().finished;
    home.one_ended(here->places());
}

void dispose_of_outcome(fiber& f) noexcept {
    const cancel_shield no_throwing;
    const outcome ended = std::exchange(f.how_ended, outcome::none);
    if (ended == outcome::value && f.task->destroy_result != nullptr)
        f.task->destroy_result(f.storage);
    if (ended != outcome::error) return;
    if (!f.pool->fail_tenant(f.tenancy, f.error)) report_error(f);
    f.error = nullptr;
}

void report_failure(const std::exception_ptr& error) noexcept {
    describe(error, [](const char* what) {
        std::fprintf(stderr,
                     "mioco: a runtime was stopped by an exception, and ended before anybody "
                     "waited for it: %s\n",
                     what);
    });
}

void report_scope_failure(const std::exception_ptr& error) noexcept {
    describe(error, [](const char* what) {
        std::fprintf(stderr, "mioco: a scope ended with an exception that nobody waited for: %s\n",
                     what);
    });
}

void report_scheduler_failure(unsigned worker, const char* call,
                              const std::exception_ptr& error) noexcept {
    describe(error, [&](const char* what) {
        std::fprintf(stderr,
                     "mioco: the scheduler of worker %u threw in %s, and its runtime stops: %s\n",
                     worker, call, what);
    });
}

void drop_share(fiber& f, worker* here) noexcept {
    // Whoever finds one share left holds it, and nobody can add one: no exchange is needed.
    if (f.shares.load(std::memory_order_acquire) == 1 ||
        f.shares.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        free_block(f, here);
    }
}

std::uint64_t take_fiber_ids(std::uint64_t count) noexcept {
    static std::atomic<std::uint64_t> next{1};
    return next.fetch_add(count, std::memory_order_relaxed);
}

// Made once for each kind of stack, by the first fiber that gets none, and shared: when thousands follow, there may be no memory
// left for an exception each.
std::exception_ptr no_stack_error(stack_kind wanted) noexcept {
    static lock making;
    static std::exception_ptr made[64][2];
    const std::scoped_lock held(making);
    std::exception_ptr& shared = made[wanted.size_log2][wanted.is_guarded() ? 1 : 0];
    if (shared == nullptr) {
        try {
            throw_no_stack(wanted);
        } catch (...) {
            shared = std::current_exception();
        }
    }
    return shared;
}

void throw_no_stack(stack_kind wanted) {
    const int reason = stack_depot::of(wanted).last_error();
    const auto limit = mapping_limit();
    throw std::system_error(
        std::make_error_code(std::errc::not_enough_memory),
        "mioco: no stack of " + std::to_string(wanted.size_bytes()) + " bytes" +
            (wanted.is_guarded() ? " with a guard" : "") + " could be mapped (" +
            std::system_category().message(reason) + "); raise vm.max_map_count" +
            (limit ? " (" + std::to_string(*limit) + " now)" : "") +
            " or the memory limit, or ask for smaller stacks" +
            (wanted.is_guarded() ? " or for none with a guard (config::stack_guard)" : ""));
}

}  // namespace mioco::detail
