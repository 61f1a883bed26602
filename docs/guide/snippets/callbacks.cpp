// SPDX-License-Identifier: MPL-2.0
// What docs/guide/callbacks.md shows.
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <mioco/suspend.hpp>

struct job {};
/// A library with an event loop of its own, somewhere.
struct mail_library {
    job send(const std::string& text, std::function<void(int)> when_done);
    void cancel(job which);
};
/// One in C.
extern "C" {
typedef void (*done_callback)(void* context, int status);
void c_library_start(done_callback when_done, void* context);
}

// snippet: suspend
int send_mail(mail_library& library, const std::string& text) {
    return mioco::suspend<int>([&](mioco::resumer<int> caller) {
        auto kept = std::make_shared<mioco::resumer<int>>(std::move(caller));
        const job sending =
            library.send(text, [kept](int status) { std::move(*kept).resume(status); });
        kept->on_cancel([&library, sending] { library.cancel(sending); });
    });
}
// end

// snippet: c
int call_c_library() {
    return mioco::suspend<int>([](mioco::resumer<int> caller) {
        auto kept = std::make_unique<mioco::resumer<int>>(std::move(caller));
        c_library_start(
            [](void* context, int status) {
                const std::unique_ptr<mioco::resumer<int>> back(
                    static_cast<mioco::resumer<int>*>(context));
                std::move(*back).resume(status);
            },
            kept.release());
    });
}
// end

// snippet: future
template <class T>
T await(std::future<T> result) {
    return mioco::suspend<T>([&](mioco::resumer<T> caller) {
        std::thread([caller = std::move(caller), result = std::move(result)]() mutable {
            try {
                std::move(caller).resume(result.get());
            } catch (...) {
                std::move(caller).fail(std::current_exception());
            }
        }).detach();
    });
}
// end

template int await<int>(std::future<int>);
