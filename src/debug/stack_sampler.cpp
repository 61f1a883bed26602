// SPDX-License-Identifier: MPL-2.0
#include "debug/stack_sampler.hpp"

#include <atomic>
#include <csignal>
#include <mutex>
#include <new>
#include <utility>

#include <ucontext.h>
#include <unistd.h>

#include "base/racing.hpp"
#include "base/sys.hpp"
#include "context/sanitizer.hpp"
#include "debug/fiber_look.hpp"
#include "runtime/runtime_list.hpp"
#include "sched/current.hpp"
#include "signal/passed_on.hpp"

namespace mioco::detail {

namespace {

// Ignored unless somebody asks for it: one that comes after the handler has gone does no harm.
constexpr int sample_signal = SIGURG;
constexpr std::size_t room_bytes = stack_copies::most_bytes;

enum class sampling : int { none, asked, copies, done, missed };

// One at a time. From `asked` on it is the handler's or the asker's: whoever takes it away from `asked`.
struct sampling_request {
    std::atomic<sampling> state{sampling::none};
    std::atomic<const worker*> on{nullptr};
    std::atomic<std::uint64_t> fiber_id{0};
    std::byte* room = nullptr;
    interrupted_place place{};
    std::size_t words = 0;
};
sampling_request request;

std::mutex asking;    // one asks
std::mutex changing;  // for what follows
unsigned uses = 0;
struct sigaction sample_handler_before;

bool copy_stack(const fiber& f) noexcept {
    const auto* const from =
        reinterpret_cast<const std::byte*>(request.place.stack_pointer & ~std::uint64_t{7});
    if (from < f.memory.bottom() || from >= f.memory.top()) return false;
    const auto bytes = static_cast<std::size_t>(f.memory.top() - from);
    if (bytes > stack_copies::most_bytes) return false;
    request.words = bytes / sizeof(std::uint64_t);
    copy_racing(reinterpret_cast<std::uint64_t*>(request.room),
                reinterpret_cast<const std::uint64_t*>(from), request.words);
    return true;
}

bool is_asked_for(const fiber& f) noexcept {
    return request.on.load() == current_worker() && request.fiber_id.load() == f.number();
}

// What is asked for may be another fiber by the time that it is this one's to answer.
void answer(const ucontext_t& interrupted) noexcept {
    const fiber* const f = current_fiber();
    if (f == nullptr || !is_asked_for(*f)) return;
    auto expected = sampling::asked;
    if (!request.state.compare_exchange_strong(expected, sampling::copies)) return;
    request.place = interrupted_place(interrupted);
    const bool is_done = is_asked_for(*f) && copy_stack(*f);
    request.state.store(is_done ? sampling::done : sampling::missed);
}

void on_sample_signal(int number, siginfo_t* info, void* context) noexcept {
    if (info->si_code == SI_TKILL && info->si_pid == getpid())
        return answer(*static_cast<const ucontext_t*>(context));
    const void* const frame = __builtin_frame_address(0);
    passed_signal& passed = current_thread().by_sampler;
    if (is_called_back(passed, context, frame)) return;
    const passing_on meanwhile(passed, context, frame);
    const struct sigaction& before = sample_handler_before;
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    }
}

bool is_ours(const struct sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &on_sample_signal;
}

[[maybe_unused]] bool ask(worker& on, const worker::activity& doing) noexcept {
    // No thread ceases to be a worker, and so none ends, while this is held.
    const std::scoped_lock held(existing_runtimes.lock());
    if (on.now_doing() != doing) return false;
    request.on.store(&on);
    request.fiber_id.store(doing.fiber_id);
    request.state.store(sampling::asked);
    return sys::signal_thread(doing.thread, sample_signal);
}

// True: done.
[[maybe_unused]] bool await_answer() noexcept {
    constexpr std::int64_t look_ns = 1'000'000;
    constexpr int most_looks = 1000;
    for (int i = 0; i < most_looks && request.state.load() == sampling::asked; ++i)
        sys::sleep_until(sys::monotonic_ns() + look_ns);
    auto expected = sampling::asked;
    if (request.state.compare_exchange_strong(expected, sampling::none)) return false;
    while (request.state.load() == sampling::copies)
        sys::sleep_until(sys::monotonic_ns() + look_ns);
    return request.state.exchange(sampling::none) == sampling::done;
}

}  // namespace

stack_sampler::use::use() {
    const std::scoped_lock held(changing);
    if (uses == 0) {
        const long mapped = sys::map_anonymous(room_bytes);
        if (mapped < 0) throw std::bad_alloc();
        request.room = reinterpret_cast<std::byte*>(mapped);
        struct sigaction action{};
        action.sa_sigaction = &on_sample_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
        sigfillset(&action.sa_mask);
        // Before the handler is there, which reads it. If somebody has put back ours meanwhile, what it has replaced is still known.
        struct sigaction before{};
        sigaction(sample_signal, nullptr, &before);
        if (!is_ours(before)) sample_handler_before = before;
        sigaction(sample_signal, &action, nullptr);
    }
    ++uses;
}

stack_sampler::use::~use() {
    const std::scoped_lock held(changing);
    if (--uses != 0) return;
    struct sigaction now{};
    sigaction(sample_signal, nullptr, &now);
    if (is_ours(now)) sigaction(sample_signal, &sample_handler_before, nullptr);
    sys::unmap(request.room, room_bytes);
}

std::optional<stack_sampler::sample> stack_sampler::take(worker& on,
                                                         const worker::activity& doing) noexcept {
#if defined(MIOCO_TSAN)
    // It calls handlers later, when the registers are no longer those of the stack.
    static_cast<void>(on);
    static_cast<void>(doing);
    return std::nullopt;
#else
    std::unique_lock held(asking);
    if (!ask(on, doing)) {
        request.state.store(sampling::none);
        return std::nullopt;
    }
    if (!await_answer()) return std::nullopt;
    const auto* const frames = reinterpret_cast<const std::uint64_t*>(request.room);
    return sample{request.place, {frames, request.words}, std::move(held)};
#endif
}

}  // namespace mioco::detail
