// SPDX-License-Identifier: MPL-2.0
// A case of the user's own in a select, made of the public headers alone: a bucket of tokens that refills by itself in
// some other thread of the program, here a plain one.
//
//     make examples && build/release/examples/own_case
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;

namespace {

class bucket {
public:
    /// From any thread.
    void put() {
        const std::scoped_lock held(guard_);
        ++tokens_;
        wake_next();
    }

    /// Taking a token, as a case. See `mioco::selectable` for what each of the three has to do.
    class taking {
    public:
        explicit taking(bucket& from) : from_(&from) {}

        bool try_take() {
            const std::scoped_lock held(from_->guard_);
            if (from_->tokens_ == 0) return false;
            --from_->tokens_;
            return true;
        }

        bool arm(const mioco::select_waiter& who) noexcept {
            const std::scoped_lock held(from_->guard_);
            if (from_->tokens_ > 0) return false;
            from_->waiting_.push_back(who);
            return true;
        }

        void disarm(const mioco::select_waiter& who) noexcept {
            const std::scoped_lock held(from_->guard_);
            const bool was_woken = std::erase(from_->waiting_, who) == 0;
            // Woken for a token, but perhaps another case has won: then the next one may have it.
            if (was_woken && from_->tokens_ > 0) from_->wake_next();
        }

    private:
        bucket* from_;
    };
    taking take() { return taking(*this); }

private:
    void wake_next() {
        while (!waiting_.empty()) {
            const auto next = waiting_.front();
            waiting_.pop_front();
            if (next.wake()) return;
        }
    }

    std::mutex guard_;  // held for a moment, never across a wait
    int tokens_ = 0;
    std::deque<mioco::select_waiter> waiting_;
};

void take_tokens() {
    bucket tokens;
    std::jthread refilling([&] {
        for (int i = 0; i < 3; ++i) tokens.put();
    });
    mioco::run([&] {
        for (int i = 0; i < 3; ++i) {
            auto event = mioco::select(tokens.take(), mioco::after(10s));
            std::puts(event.index() == 0 ? "a token" : "no token for ten seconds");
        }
        auto event = mioco::select(tokens.take(), mioco::otherwise);
        std::puts(event.index() == 0 ? "a token" : "none left");
    });
}

}  // namespace

int main() {
    try {
        take_tokens();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "own_case: %s\n", e.what());
        return 1;
    }
    return 0;
}
