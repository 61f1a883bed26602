// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <netdb.h>

#include "io/epoll/epoll_driver.hpp"
#include "runtime/runtime_access.hpp"
#include "runtime/runtime_core.hpp"
#include "support/flag.hpp"

// Lookups that take as long as the test wants: who waits for one can leave it, which the system's lookup cannot.

namespace {

using namespace std::chrono_literals;
using mioco::detail::found_address;
using mioco::detail::name_query;
using mioco::net::endpoint;
using mioco::net::resolve_errc;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;

class made_up_names final : public mioco::detail::epoll_driver {
public:
    int look_up(const name_query& what, std::vector<found_address>& found) noexcept override {
        ++lookups;
        if (what.host == "slow") {
            began.raise();
            may_end.await_computing();
        }
        for (const endpoint& each : addresses) {
            found_address& made = found.emplace_back();
            std::memcpy(&made.storage, each.data(), each.size());
            made.size = each.size();
        }
        ++ended;
        return failure;
    }
    std::unique_ptr<mioco::detail::driver_thread> start_thread(
        const std::string& name, std::function<void()> body) override {
        if (has_no_threads && name.find("pool") != std::string::npos)
            throw std::system_error(
                std::make_error_code(std::errc::resource_unavailable_try_again));
        return epoll_driver::start_thread(name, std::move(body));
    }

    std::vector<endpoint> addresses{endpoint::loopback_v4(1)};
    int failure = 0;
    bool has_no_threads = false;
    flag began;
    flag may_end;
    std::atomic<int> lookups{0};
    std::atomic<int> ended{0};
};

class look_up : public testing::Test {
protected:
    // With one thread of the pool.
    void run(const std::function<void(mioco::runtime&)>& body) {
        const mioco::config settings = mioco::config{}.workers(2).offload_threads(1);
        mioco::runtime rt(settings);
        mioco::detail::runtime_access::core(rt) =
            std::make_unique<mioco::detail::runtime_core>(settings, names);
        body(rt);
    }
    void run_in_fiber(const std::function<void()>& body) {
        run([&](mioco::runtime& rt) { rt.spawn(body).join(); });
    }
    static mioco::detail::offload_pool& pool_here() {
        return mioco::detail::current_fiber()->on->home().offloads();
    }

    made_up_names names;
};

TEST_F(look_up, gives_each_address_once_in_the_order_of_the_system) {
    names.addresses = {endpoint::loopback_v6(1), endpoint::loopback_v4(1),
                       endpoint::loopback_v6(1)};
    run_in_fiber([] {
        EXPECT_EQ(mioco::net::resolve("any:1"),
                  (std::vector{endpoint::loopback_v6(1), endpoint::loopback_v4(1)}));
    });
}

TEST_F(look_up, failures_are_the_system_s) {
    names.addresses.clear();
    run_in_fiber([this] {
        std::error_code ec;
        for (const int each : {EAI_NONAME, EAI_NODATA, EAI_AGAIN, EAI_FAIL, EAI_SERVICE}) {
            names.failure = each;
            mioco::net::resolve("any", ec);
            EXPECT_EQ(ec, static_cast<resolve_errc>(each));
            EXPECT_FALSE(ec.message().empty());
        }
        names.failure = EAI_MEMORY;
        EXPECT_EQ(error_of([] { mioco::net::resolve("any"); }), std::errc::not_enough_memory);
        names.failure = EMFILE;
        EXPECT_EQ(error_of([] { mioco::net::resolve("any"); }), std::errc::too_many_files_open);
        names.failure = 0;
        mioco::net::resolve("any", ec);
        EXPECT_EQ(ec, resolve_errc::no_address);
    });
}

TEST_F(look_up, is_left_at_the_deadline_and_ends_by_itself) {
    run([this](mioco::runtime& rt) {
        rt.spawn([this] {
              std::error_code ec;
              EXPECT_TRUE(mioco::net::resolve_for("slow", 1ms, ec).empty());
              EXPECT_EQ(ec, std::errc::timed_out);
              EXPECT_FALSE(mioco::net::tcp_stream::connect_for("slow:80", 1ms, ec).is_open());
              EXPECT_EQ(ec, std::errc::timed_out);
              EXPECT_EQ(names.ended, 0);
          }).join();
        names.may_end.raise();
    });
    EXPECT_LE(names.lookups, 2);
    EXPECT_EQ(names.ended, names.lookups) << "the runtime's end waits for it";
}

TEST_F(look_up, that_runs_is_left_by_who_is_stopped) {
    run([this](mioco::runtime& rt) {
        rt.spawn([] { mioco::net::resolve("slow"); }).detach();
        names.began.await();
        rt.stop();
        rt.wait();
        EXPECT_EQ(names.ended, 0);
        names.may_end.raise();
    });
    EXPECT_EQ(names.ended, 1);
}

TEST_F(look_up, that_is_left_tells_so_by_a_code_too) {
    run([this](mioco::runtime& rt) {
        std::error_code ec;
        rt.spawn([&] { mioco::net::resolve("slow", ec); }).detach();
        names.began.await();
        rt.stop();
        rt.wait();
        EXPECT_EQ(ec, std::errc::operation_canceled);
        names.may_end.raise();
    });
}

TEST_F(look_up, that_waits_for_a_thread_is_not_made_when_it_is_left) {
    run([this](mioco::runtime& rt) {
        rt.spawn([this] {
              auto first = mioco::spawn([] { mioco::net::resolve("slow"); });
              names.began.await();
              std::error_code ec;
              mioco::net::resolve_for("another", 1ms, ec);
              EXPECT_EQ(ec, std::errc::timed_out);
              EXPECT_EQ(pool_here().queued(), 0U);
              names.may_end.raise();
              first.join();
          }).join();
    });
    EXPECT_EQ(names.lookups, 1);
}

TEST_F(look_up, without_a_thread_is_an_error) {
    names.has_no_threads = true;
    run_in_fiber([this] {
        EXPECT_EQ(error_of([] { mioco::net::resolve("any"); }),
                  std::errc::resource_unavailable_try_again);
        EXPECT_EQ(names.lookups, 0);
        names.has_no_threads = false;
        EXPECT_EQ(mioco::net::resolve("any").size(), 1U);
    });
}

TEST_F(look_up, many_at_once_take_turns) {
    run([](mioco::runtime& rt) {
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 200; ++i) {
            all.push_back(rt.spawn([i] {
                std::error_code ec;
                mioco::net::resolve_for("any", std::chrono::microseconds(i * 10), ec);
                EXPECT_TRUE(!ec || ec == std::errc::timed_out);
            }));
        }
        for (auto& each : all) each.join();
    });
    EXPECT_EQ(names.ended, names.lookups);
}

}  // namespace
