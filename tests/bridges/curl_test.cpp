// SPDX-License-Identifier: MPL-2.0
#include <cstddef>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "curl/transfers.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

// The bridge to libcurl that the example curl uses, with a server that does as each case wants.

namespace {

using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::error_of;
using mioco_test::message_of;

class curl_bridge : public testing::Test {
protected:
    curl_bridge() { setenv("no_proxy", "127.0.0.1", 1); }

    [[nodiscard]] std::string url(const std::string& path = "") const {
        return "http://" + listener.local().to_string() + '/' + path;
    }
    // A client whose request has come.
    tcp_stream accept() {
        auto client = listener.accept();
        std::string request;
        while (!request.ends_with("\r\n\r\n")) request += mioco_test::read_some(client);
        path = request.substr(5, request.find(' ', 5) - 5);
        return client;
    }
    static void answer(tcp_stream& client, const std::string& page) {
        std::error_code ec;
        client.write_all("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) +
                             "\r\nConnection: close\r\n\r\n" + page,
                         ec);
    }
    static bool has_gone(tcp_stream& client) {
        char buffer[1];
        std::error_code ec;
        return client.read(buffer, ec) == 0;
    }
    template <class F>
    static void inside(F body) {
        mioco::run(mioco::config{}.workers(2), body);
    }

    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    std::string path;  // of the last request
};

TEST_F(curl_bridge, fetches_many_at_once) {
    inside([&] {
        transfers by;
        constexpr std::size_t count = 50;
        std::vector<mioco::join_handle<std::string>> pages;
        for (std::size_t i = 0; i < count; ++i)
            pages.push_back(mioco::spawn([&, i] { return by.fetch(url(std::to_string(i))); }));
        // None is answered before all have asked.
        std::vector<std::pair<tcp_stream, std::string>> clients;
        while (clients.size() < count) {
            auto client = accept();
            clients.emplace_back(std::move(client), path);
        }
        for (auto& [client, asked] : clients) answer(client, "page " + asked);
        for (std::size_t i = 0; i < count; ++i)
            EXPECT_EQ(pages[i].join(), "page " + std::to_string(i));
    });
}

TEST_F(curl_bridge, tells_why_there_is_nothing) {
    inside([&] {
        transfers by;
        EXPECT_TRUE(message_of([&] {
                        by.fetch("nonsense://x");
                    }).starts_with("nonsense://x: Protocol \"nonsense\" not supported"));
        auto asking = mioco::spawn([&] { return by.fetch(url()); });
        accept().close();
        EXPECT_EQ(message_of([&] { asking.join(); }), url() + ": Empty reply from server");
    });
}

TEST_F(curl_bridge, ends_transfers_that_are_cancelled_at_once) {
    inside([&] {
        transfers by;
        auto first = mioco::spawn([&] { by.fetch(url()); });
        auto second = mioco::spawn([&] { by.fetch(url()); });
        auto one = accept();
        auto other = accept();
        first.cancel();
        second.cancel();
        EXPECT_EQ(error_of([&] { first.join(); }), std::errc::operation_canceled);
        EXPECT_EQ(error_of([&] { second.join(); }), std::errc::operation_canceled);
        EXPECT_TRUE(has_gone(one));
        EXPECT_TRUE(has_gone(other));
    });
}

// So its socket may have an event that was not fetched yet.
TEST_F(curl_bridge, goes_on_when_one_is_cancelled_as_its_answer_comes) {
    inside([&] {
        transfers by;
        for (int round = 0; round < 50; ++round) {
            auto victim = mioco::spawn([&] { return by.fetch(url("victim")); });
            auto other = mioco::spawn([&] { return by.fetch(url("other")); });
            std::optional<tcp_stream> clients[2];
            for (int i = 0; i < 2; ++i) {
                auto client = accept();
                clients[path == "victim" ? 0 : 1].emplace(std::move(client));
            }
            answer(*clients[0], "page");
            if (round % 2 == 0) mioco::yield();
            victim.cancel();
            answer(*clients[1], "other page");
            const auto error = error_of([&] { EXPECT_EQ(victim.join(), "page"); });
            EXPECT_TRUE(error == std::errc{} || error == std::errc::operation_canceled);
            EXPECT_EQ(other.join(), "other page");
        }
    });
}

TEST_F(curl_bridge, leaves_nobody_waiting_at_its_end) {
    inside([&] {
        std::optional<transfers> by(std::in_place);
        auto asking = mioco::spawn([&] { by->fetch(url()); });
        auto client = accept();
        by.reset();
        EXPECT_THROW(asking.join(), std::future_error);
        EXPECT_TRUE(has_gone(client));
    });
}

TEST_F(curl_bridge, ends_with_its_runtime) {
    mioco::runtime runtime(mioco::config{}.workers(2));
    auto asking = runtime.spawn([&] {
        transfers by;
        by.fetch(url());
    });
    auto client = accept();
    runtime.stop();
    EXPECT_THROW(asking.join(), std::system_error);
    EXPECT_TRUE(has_gone(client));
}

}  // namespace
