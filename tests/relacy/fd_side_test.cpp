// SPDX-License-Identifier: MPL-2.0
#include "io/fd_side.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

using detail::wait_arm;
using detail::wait_token;
using side_type = detail::basic_fd_side<relacy_sync>;

/// A fiber that waits in the slot, and one that comes and gets into line behind it.
template <class Self>
struct two_waiters : scenario<Self> {
    static constexpr std::uint32_t first = 0;
    static constexpr std::uint32_t second = 1;

    struct waker {
        two_waiters& all;
        bool claim(wait_token token) const {
            return all.words[token.index() - 1].claim(token.epoch(), wait_arm::event);
        }
        void complete(wait_token token) const {
            static_cast<void>(all.words[token.index() - 1].complete());
        }
        void wake(wait_token token) const {
            if (claim(token)) complete(token);
        }
    };

    wait_token begin(std::uint32_t who) { return {who + 1, words[who].begin(false)}; }

    void before() {
        held = begin(first);
        static_cast<void>(side.slot().arm(held));
    }
    void thread(unsigned number) {
        if (number == first) return static_cast<Self&>(*this).end();
        node.token = begin(second).raw();
        is_in_line = side.enqueue(node);
    }
    void after() {
        check(!is_in_line || words[second].is_done(), "nobody is left in line");
        check(!node.linked, "nor his arm");
    }

    side_type side;
    detail::basic_wait_word<relacy_sync> words[2];
    detail::queued_arm node;
    wait_token held;
    bool is_in_line = false;
};

struct the_first_gives_up : two_waiters<the_first_gives_up> {
    void end() {
        side.slot().disarm(held);
        side.pass_on(waker{*this});
    }
};

struct the_first_has_its_event : two_waiters<the_first_has_its_event> {
    void end() {
        side.post(waker{*this});
        if (words[first].is_done()) side.pass_on(waker{*this});
    }
};

struct all_is_closed : two_waiters<all_is_closed> {
    void end() { side.close(waker{*this}); }
};

TEST(fd_side, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<the_first_gives_up, the_first_has_its_event,
                                         all_is_closed>("io/fd_side.hpp");
}

}  // namespace
}  // namespace mioco::relacy
