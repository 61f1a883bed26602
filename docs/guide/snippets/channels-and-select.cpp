// SPDX-License-Identifier: MPL-2.0
// What docs/guide/channels-and-select.md shows.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mioco/broadcast.hpp>
#include <mioco/channel.hpp>
#include <mioco/event.hpp>
#include <mioco/net/tcp_listener.hpp>
#include <mioco/oneshot.hpp>
#include <mioco/select.hpp>
#include <mioco/spawn.hpp>
#include <mioco/timer.hpp>
#include <mioco/watch.hpp>

using namespace std::chrono_literals;

void channels() {
    // snippet: channel
    auto [in, out] = mioco::channel<std::string>(64);
    mioco::spawn([in = std::move(in)] {
        in.send("hello");
        in.send("goodbye");
    });                                              // the last sender goes: the channel closes
    for (auto& line : out) std::puts(line.c_str());  // and this loop ends
    // end
}

// snippet: workers
void square_all(const mioco::receiver<int>& jobs, const mioco::sender<int>& answers) {
    for (const int each : jobs) answers.send(each * each);
}

void pool_of_four() {
    auto [jobs, to_do] = mioco::channel<int>(16);
    auto [answers, done] = mioco::unbounded_channel<int>();
    for (int i = 0; i < 4; ++i) mioco::spawn(square_all, to_do, answers);  // copies of the ends
    answers = {};  // the workers have theirs
    for (int i = 1; i <= 100; ++i) jobs.send(i);
    jobs.close();
    for (const int square : done) std::printf("%d\n", square);
}
// end

void refused(const mioco::sender<std::string>& log, const mioco::receiver<std::string>& lines) {
    // snippet: attempts
    if (auto back = log.try_send("a line")) std::printf("full or closed: %s\n", back->c_str());
    if (auto back = log.try_send_for("a line", 10ms)) std::puts("still full after 10 ms");

    const auto line = lines.try_recv();
    if (!line && lines.is_exhausted()) std::puts("there will never be another");
    // end
}

// snippet: oneshot
struct question {
    std::string text;
    mioco::oneshot_sender<int> reply;
};

int ask(const mioco::sender<question>& oracle, std::string text) {
    auto [reply, answer] = mioco::oneshot<int>();
    oracle.send({std::move(text), std::move(reply)});
    return answer.recv().value_or(-1);  // nothing if the oracle dropped its end
}

void answer_all(const mioco::receiver<question>& questions) {
    for (auto& each : questions) {
        if (each.text.empty()) continue;  // no answer
        const auto refused = std::move(each.reply).send(static_cast<int>(each.text.size()));
        if (refused) std::puts("whoever asked is gone");
    }
}
// end

void many() {
    // snippet: broadcast
    const mioco::broadcast_sender<std::string> news(16);  // keeps the latest 16 for those behind
    auto mine = news.subscribe();
    news.send("it rains");
    if (auto item = mine.try_recv())
        std::printf("%s (%llu missed)\n", item->value.c_str(),
                    static_cast<unsigned long long>(item->missed));
    // end
}

struct limits {
    int connections = 100;
};

void watching() {
    // snippet: watch
    const mioco::watch_sender<limits> current(limits{.connections = 100});
    mioco::spawn([seen = current.subscribe()]() mutable {
        while (auto latest = seen.changed()) std::printf("now %d\n", latest->connections);
    });
    current.send({.connections = 200});
    // end
}

// snippet: select
void serve(mioco::net::tcp_stream& connection, const mioco::receiver<std::string>& inbox) {
    for (;;) {
        auto event = mioco::select(connection.readable(), inbox.receiving(), mioco::after(5min));
        switch (event.index()) {
            case 0: {
                const auto data = connection.read_lease();
                if (data.empty()) return;
                break;
            }
            case 1:
                if (auto& line = std::get<1>(event)) connection.write_all(*line);
                break;
            default:
                return;  // idle for five minutes
        }
    }
}
// end

int slow_square(int n);

void ends() {
    // snippet: joining
    auto answer = mioco::spawn(slow_square, 12);
    auto event = mioco::select(answer.joining(), mioco::after(1s));
    if (event.index() == 0) std::printf("%d\n", std::get<0>(event));
    // end
}

void handlers(const mioco::receiver<int>& jobs, mioco::interval& ticks, mioco::event& stop) {
    // snippet: handlers
    bool running = true;
    const bool may_stop = jobs.size() == 0;
    while (running) {
        mioco::select(
            mioco::on(jobs.receiving(), [&](std::optional<int> job) { running = job.has_value(); }),
            mioco::on(ticks.ticking(), [](auto) { std::puts("tick"); }),
            mioco::on(mioco::when(may_stop, stop.waiting()), [&] { running = false; }));
    }
    // end
}

void trying(const mioco::sender<int>& jobs, mioco::net::tcp_listener& listener) {
    // snippet: otherwise
    auto event = mioco::select(jobs.sending(17), listener.accepting(), mioco::otherwise);
    if (event.index() == 2) std::puts("nobody takes 17, and nobody calls");
    // end
}

// snippet: dynamic
int first_of(std::vector<mioco::receiver<int>>& inboxes) {
    std::vector<mioco::any_case> cases;
    for (auto& each : inboxes) cases.emplace_back(each.receiving());
    const std::size_t won = mioco::select(cases);
    return cases[won].take<std::optional<int>>().value_or(0);
}
// end

// snippet: own-case
class bell {
public:
    void ring() {
        const std::scoped_lock held(guard_);
        ++rings_;
        wake_next();
    }

    class hearing {
    public:
        explicit hearing(bell& of) : of_(&of) {}
        bool try_take() {
            const std::scoped_lock held(of_->guard_);
            return of_->rings_ > 0 && of_->rings_-- > 0;
        }
        bool arm(const mioco::select_waiter& who) noexcept {
            const std::scoped_lock held(of_->guard_);
            if (of_->rings_ > 0) return false;
            of_->waiting_.push_back(who);
            return true;
        }
        void disarm(const mioco::select_waiter& who) noexcept {
            const std::scoped_lock held(of_->guard_);
            const bool was_woken = std::erase(of_->waiting_, who) == 0;
            if (was_woken && of_->rings_ > 0) of_->wake_next();
        }

    private:
        bell* of_;
    };

private:
    void wake_next() {
        while (!waiting_.empty()) {
            const auto next = waiting_.front();
            waiting_.pop_front();
            if (next.wake()) return;
        }
    }

    std::mutex guard_;  // held for a moment, never across a wait
    int rings_ = 0;
    std::deque<mioco::select_waiter> waiting_;
};
static_assert(mioco::selectable<bell::hearing>);
// end

bool wait_for_bell(bell& door) {
    return mioco::select(bell::hearing(door), mioco::after(1s)).index() == 0;
}
