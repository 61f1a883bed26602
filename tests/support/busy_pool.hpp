// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <memory>

#include <mioco/mioco.hpp>

#include "support/cancel_sweep.hpp"
#include "support/flag.hpp"

// Scenes of the cancel sweep for calls that a thread of the pool makes.

namespace mioco_test {

/// The only thread of the pool, which is busy until it is told to go on.
class busy_thread {
public:
    busy_thread() {
        holds_ = mioco::spawn([this] {
            mioco::offload([this] {
                begun_.raise();
                go_on_.await_computing();
            });
        });
        begun_.await();
    }
    void go_on() { go_on_.raise(); }
    void join() { holds_.join(); }

private:
    flag begun_;
    flag go_on_;
    mioco::join_handle<void> holds_;
};

template <class Call>
std::function<scene()> on_a_busy_pool(Call call) {
    return [=] {
        const auto busy = std::make_shared<busy_thread>();
        return scene{[=](lasting) { call(); }, [=] { busy->go_on(); }, [=] { busy->join(); }};
    };
}

}  // namespace mioco_test
