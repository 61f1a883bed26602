// SPDX-License-Identifier: MPL-2.0
//
// future
//
// Waiting for a std::future in a fiber, on one worker, which runs other fibers meanwhile. And how to do without, where the code that gives
// the result is one's own.

#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;

namespace {

/// Resumes with what `f` returns, or throws.
template <class T, class F>
void resume_with(mioco::resumer<T> caller, F f) {
    try {
        std::move(caller).resume(f());
    } catch (const mioco::fiber_cancelled&) {
        throw;  // the runtime stops
    } catch (...) {
        std::move(caller).fail(std::current_exception());
    }
}

/// What the future gives or throws. Nothing tells when one is ready but a thread that blocks in it: here one of the pool, as `offload` has
/// them, so that as many are waited for at a time as that has threads. A fiber that is cancelled, or late, leaves at once; the
/// thread cannot, and the runtime's end waits for it.
template <class T>
T await(std::future<T> result) {
    return mioco::suspend<T>([&](mioco::resumer<T> caller) {
        mioco::spawn([caller = std::move(caller), result = std::move(result)]() mutable {
            resume_with(std::move(caller),
                        [&] { return mioco::offload([&] { return result.get(); }); });
        }).detach();
    });
}

/// What `f` returns or throws, which is called on a thread of its own: that resumes the fiber itself, and nothing waits for a future. So it
/// is with any executor.
template <class F>
auto in_thread(F f) {
    using result = decltype(f());
    return mioco::suspend<result>([&](mioco::resumer<result> caller) {
        std::thread([caller = std::move(caller), f = std::move(f)]() mutable {
            resume_with(std::move(caller), std::move(f));
        }).detach();
    });
}

void use_futures() {
    std::promise<int> promise;
    auto gives = mioco::spawn([&] {
        std::puts("meanwhile the worker runs another fiber");
        promise.set_value(42);
    });
    std::printf("a future gave %d\n", await(promise.get_future()));

    try {
        await(std::async(std::launch::async,
                         []() -> int { throw std::runtime_error("out of luck"); }));
    } catch (const std::runtime_error& e) {
        std::printf("a future threw: %s\n", e.what());
    }

    std::promise<int> late;
    try {
        mioco::with_deadline(10ms, [&] { await(late.get_future()); });
    } catch (const std::system_error& e) {
        std::printf("%s\n", e.what());
    }
    late.set_value(0);  // or the pool's thread would wait for it, and the runtime's end for that

    std::printf("a thread gave %d\n", in_thread([] { return 7; }));
}

}  // namespace

int main() {
    try {
        mioco::run(mioco::config{}.workers(1), use_futures);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "future: %s\n", e.what());
        return 1;
    }
    return 0;
}
