// SPDX-License-Identifier: MPL-2.0
// Cancels and deadlines at each call that waits for a fiber's end, a callback, or the pool; see cancel_sweep_test.cpp.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/busy_pool.hpp"
#include "support/cancel_sweep.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::blocking_call;
using mioco_test::busy_thread;
using mioco_test::flag;
using mioco_test::lasting;
using mioco_test::on_a_busy_pool;
using mioco_test::scene;
using enum mioco_test::seen;

// Another runtime, whose fiber ends when it is told to, whoever asks it to stop.
struct other_runtime {
    mioco::runtime rt{mioco::config{}.workers(1)};
    flag go_on;

    int until_told() const {
        return mioco::shield([&] {
            go_on.await();
            return 7;
        });
    }
};

template <class Call>
std::function<scene()> over_there(Call call) {
    return [=] {
        const auto there = std::make_shared<other_runtime>();
        const auto ends = std::make_shared<mioco::join_handle<int>>(
            there->rt.spawn([raw = there.get()] { return raw->until_told(); }));
        return scene{[=](lasting) { call(*there, *ends); }, [=] { there->go_on.raise(); },
                     [=] { there->rt.wait(); }};
    };
}

// Who is stopped before it has begun never does: not the fiber that is to be waited for.
template <class Call>
std::function<scene()> begun_there(Call call) {
    return [=] {
        const auto there = std::make_shared<other_runtime>();
        const auto begun = std::make_shared<flag>();
        static_cast<void>(there->rt.spawn([raw = there.get(), begun] {
            begun->raise();
            raw->until_told();
        }));
        begun->await();
        return scene{[=](lasting) { call(there->rt); }, [=] { there->go_on.raise(); },
                     [=] { there->rt.wait(); }};
    };
}

scene running_there() {
    const auto there = std::make_shared<other_runtime>();
    return {[=](lasting) { EXPECT_EQ(there->rt.run([=] { return there->until_told(); }), 7); },
            [=] { there->go_on.raise(); }, [=] { there->rt.wait(); }};
}

template <class Call>
std::function<scene()> until_told(Call call) {
    return [=] {
        const auto told = std::make_shared<mioco::event>();
        return scene{[=](lasting) { call(*told); }, [=] { told->notify(); }};
    };
}

scene spawning_into_a_full_scope() {
    const auto told = std::make_shared<mioco::event>();
    return {[=](lasting) {
                std::atomic<int> ran = 0;  // also if the wait for its end is interrupted
                mioco::scope all(1);
                all.spawn([told] { told->wait(); });
                all.spawn([&] { ++ran; });
                all.wait();
                EXPECT_EQ(ran, 1);
            },
            [=] { told->notify(); }};
}

scene forking_into_a_full_scope() {
    const auto told = std::make_shared<mioco::event>();
    return {[=](lasting) {
                mioco::scope all(1);
                all.spawn([told] { told->wait(); });
                EXPECT_EQ(all.fork([] { return 7; }).join(), 7);
            },
            [=] { told->notify(); }};
}

// Where a failure is its fiber's own business, a cancel is still that of all.
std::vector<blocking_call> of_scopes_that_contain() {
    using mioco::on_failure;
    return {
        {"scope::wait", throws, throws, until_told([](auto& told) {
             mioco::scope all(0, on_failure::contain);
             for (int i = 0; i < 2; ++i) all.spawn([&] { told.wait(); });
             all.wait();
         }),
         false},
        {"scope::spawn", throws, throws, until_told([](auto& told) {
             mioco::scope all(1, on_failure::contain);
             for (int i = 0; i < 2; ++i) all.spawn([&] { told.wait(); });
             all.wait();
         }),
         false},
        {"forked::join", throws, throws, until_told([](auto& told) {
             mioco::scope all(0, on_failure::contain);
             auto one = all.fork([&] {
                 told.wait();
                 return 7;
             });
             EXPECT_EQ(one.join(), 7);
         }),
         false},
    };
}
MIOCO_SWEEP(scopes_that_contain, of_scopes_that_contain);

scene suspended() {
    using resumer = mioco::resumer<int>;
    using ends = std::pair<mioco::sender<resumer>, mioco::receiver<resumer>>;
    const auto waiting = std::make_shared<ends>(mioco::unbounded_channel<resumer>());
    return {[=](lasting) {
                const auto hand_on = [&](resumer caller) {
                    EXPECT_FALSE(waiting->first.try_send(std::move(caller)));
                };
                EXPECT_EQ(mioco::suspend<int>(hand_on), 7);
            },
            [=] {
                while (!waiting->second.recv().value().resume(7)) continue;
            }};
}

std::vector<blocking_call> of_fibers() {
    using handle = mioco::join_handle<int>;
    return {
        {"join_handle::join", throws, throws,
         over_there([](auto&, handle& fiber) { EXPECT_EQ(fiber.join(), 7); })},
        {"select", throws, throws, over_there([](auto&, handle& fiber) {
             EXPECT_EQ(std::get<0>(mioco::select(fiber.joining())), 7);
         })},
        {"runtime::wait", throws, throws, begun_there([](auto& rt) { rt.wait(); })},
        {"runtime::shutdown", throws, throws,
         begun_there([](auto& rt) { EXPECT_TRUE(rt.shutdown(1h)); })},
        {"runtime::run", throws, throws, running_there, false},
        {"run", throws, throws, until_told([](auto& told) {
             mioco::run(mioco::config{}.workers(1), [&] { told.wait(); });
         }),
         false},
        {"scope::wait", throws, throws, until_told([](auto& told) {
             mioco::scope all;
             all.spawn([&] { told.wait(); });
             all.wait();
         }),
         false},
        {"scope::spawn", throws, throws, spawning_into_a_full_scope, false},
        {"scope::fork", throws, throws, forking_into_a_full_scope, false},
        {"forked::join", throws, throws, until_told([](auto& told) {
             mioco::scope all;
             auto one = all.fork([&] {
                 told.wait();
                 return 7;
             });
             EXPECT_EQ(one.join(), 7);
         }),
         false},
        {"all", throws, throws,
         until_told([](auto& told) { mioco::all([&] { told.wait(); }, [] {}); }), false},
        {"race", throws, throws, until_told([](auto& told) {
             mioco::race([&] { told.wait(); }, [] { mioco::sleep_for(1h); });
         }),
         false},
        {"parallel_for_each", throws, throws, until_told([](auto& told) {
             mioco::parallel_for_each(std::vector{1, 2, 3}, 2, [&](int) { told.wait(); });
         }),
         false},
        {"suspend", throws, throws, suspended},
        {"~runtime", not_seen, not_seen, until_told([](auto& told) {
             mioco::runtime rt(mioco::config{}.workers(1));
             flag begun;
             static_cast<void>(rt.spawn([&] {
                 mioco::shield([&] {
                     begun.raise();
                     told.wait();
                 });
             }));
             mioco::shield([&] { begun.await(); });
         })},
    };
}
MIOCO_SWEEP(fibers, of_fibers);

// The pool

struct file_in_folder {
    mioco::fs::temporary_directory folder;
    mioco::fs::file file = mioco::fs::file::open(folder.path() / "file",
                                                 {.read = true, .write = true, .create = true});
};

// Some wait for next to nothing: what is in memory is read at once, and a ring needs no thread of the pool.
template <class Call>
void call_from_the_beginning(mioco::fs::file& of, Call call, lasting time) {
    do {
        of.seek(0);
        try {
            call(of);
        } catch (...) {
            EXPECT_EQ(of.seek(0, mioco::fs::seek_from::current), 0U);
            throw;
        }
    } while (time == lasting::long_time);
}

// A file with "abc" in it, and what is to be in it afterwards.
template <class Call>
std::function<scene()> in_a_file(Call call, std::string_view afterwards = "abc") {
    return [=] {
        const auto one = std::make_shared<file_in_folder>();
        one->file.write_all(std::string_view("abc"));
        one->file.seek(0);
        const auto busy = std::make_shared<busy_thread>();
        return scene{[=](lasting time) { call_from_the_beginning(one->file, call, time); },
                     [=] { busy->go_on(); },
                     [=] {
                         busy->join();
                         std::string text(one->file.size(), '\0');
                         one->file.seek(0);
                         one->file.read_exactly(text);
                         EXPECT_EQ(text, afterwards);
                     }};
    };
}

scene connecting_by_name() {
    const auto listener =
        std::make_shared<mioco::net::tcp_listener>(mioco::net::tcp_listener::bind("127.0.0.1:0"));
    const std::string name = "localhost:" + std::to_string(listener->local().port());
    return on_a_busy_pool(
        [=] { EXPECT_EQ(mioco::net::tcp_stream::connect(name).peer(), listener->local()); })();
}

scene closing_a_file() {
    const auto one = std::make_shared<file_in_folder>();
    const auto busy = std::make_shared<busy_thread>();
    return {[=](lasting) { one->file.close(); }, [=] { busy->go_on(); },
            [=] {
                busy->join();
                EXPECT_FALSE(one->file.is_open());
            }};
}

char letters[] = "xy";
const iovec two_parts[] = {{letters + 1, 1}, {letters, 1}};

std::vector<blocking_call> of_the_pool() {
    using mioco::fs::file;
    constexpr std::string_view one = "x";
    return {
        {"offload", throws_before_it_runs, throws_before_it_runs,
         on_a_busy_pool([] { EXPECT_EQ(mioco::offload([](int n) { return n; }, 7), 7); }), false},
        {"offload_abandonable", throws, throws,
         on_a_busy_pool([] { EXPECT_EQ(mioco::offload_abandonable([] { return 7; }), 7); }), false},
        {"block_in_place", not_seen, not_seen,
         on_a_busy_pool([] { EXPECT_EQ(mioco::block_in_place([] { return 7; }), 7); }), false},
        {"net::resolve", throws, throws,
         on_a_busy_pool([] { EXPECT_FALSE(mioco::net::resolve("localhost:80").empty()); }), false},
        {"net::resolve_for", throws, throws,
         on_a_busy_pool([] { EXPECT_FALSE(mioco::net::resolve_for("localhost:80", 1h).empty()); }),
         false},
        {"tcp_stream::connect", throws, throws, connecting_by_name, false},
        {"tcp_listener::bind", throws, throws, on_a_busy_pool([] {
             EXPECT_TRUE(mioco::net::tcp_listener::bind("localhost:0").is_open());
         }),
         false},
        {"udp_socket::bind", throws, throws,
         on_a_busy_pool([] { EXPECT_TRUE(mioco::net::udp_socket::bind("localhost:0").is_open()); }),
         false},
        {"udp_socket::connect", throws, throws,
         on_a_busy_pool([] { mioco::net::udp_socket::v4().connect("localhost:9"); }), false},
        {"file::open", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& of) { EXPECT_TRUE(file::open(of.path()).is_open()); }), false},
        {"file::read", throws_before_it_runs, throws_before_it_runs, in_a_file([](file& from) {
             char buffer[1];
             EXPECT_EQ(from.read(buffer), 1U);
             EXPECT_EQ(buffer[0], 'a');
         }),
         false},
        {"file::read_exactly", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& from) {
             char buffer[2];
             from.read_exactly(buffer);
             EXPECT_EQ(std::string_view(buffer, 2), "ab");
         }),
         false},
        {"file::read_at", throws_before_it_runs, throws_before_it_runs, in_a_file([](file& from) {
             char buffer[1];
             EXPECT_EQ(from.read_at(buffer, 1), 1U);
             EXPECT_EQ(buffer[0], 'b');
         }),
         false},
        {"file::readv", throws_before_it_runs, throws_before_it_runs, in_a_file([](file& from) {
             char buffer[2];
             const iovec into[] = {{buffer + 1, 1}, {buffer, 1}};
             EXPECT_EQ(from.readv(into), 2U);
             EXPECT_EQ(std::string_view(buffer, 2), "ba");
         }),
         false},
        {"file::readv_at", throws_before_it_runs, throws_before_it_runs, in_a_file([](file& from) {
             char buffer[2];
             const iovec into[] = {{buffer + 1, 1}, {buffer, 1}};
             EXPECT_EQ(from.readv_at(into, 1), 2U);
             EXPECT_EQ(std::string_view(buffer, 2), "cb");
         }),
         false},
        {"file::writev", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& to) { EXPECT_EQ(to.writev(two_parts), 2U); }, "yxc"), false},
        {"file::writev_at", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& to) { EXPECT_EQ(to.writev_at(two_parts, 1), 2U); }, "ayx"), false},
        {"file::seek", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& in) { EXPECT_EQ(in.seek(0, mioco::fs::seek_from::end), 3U); }), false},
        {"file::write", throws_before_it_runs, throws_before_it_runs,
         in_a_file([=](file& to) { EXPECT_EQ(to.write(one), 1U); }, "xbc"), false},
        {"file::write_all", throws_before_it_runs, throws_before_it_runs,
         in_a_file([=](file& to) { to.write_all(one); }, "xbc"), false},
        {"file::write_at", throws_before_it_runs, throws_before_it_runs,
         in_a_file([=](file& to) { EXPECT_EQ(to.write_at(one, 2), 1U); }, "abx"), false},
        {"file::size", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& of) { EXPECT_EQ(of.size(), 3U); }), false},
        {"file::flush", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& of) { of.flush(); }), false},
        {"file::flush_data", throws_before_it_runs, throws_before_it_runs,
         in_a_file([](file& of) { of.flush_data(); }), false},
        {"file::close", not_seen, not_seen, closing_a_file, false},
    };
}
MIOCO_SWEEP(pool, of_the_pool);

}  // namespace
