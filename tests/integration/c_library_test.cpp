// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/sockets.hpp"

// A C library that has sockets of its own and tells what it waits for: libcurl, whose transfers a loop of the user's may drive
// (curl_multi_socket_action). It is loaded, as the program curl, which other tests need, comes with it but without its headers.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// Of curl/curl.h and curl/multi.h, which promise that they stay.
constexpr int option_write_data = 10001;
constexpr int option_url = 10002;
constexpr int option_no_proxy = 10177;
constexpr int option_write_function = 20011;
constexpr int multi_socket_function = 20001;
constexpr int multi_socket_data = 10002;
constexpr int multi_timer_function = 20004;
constexpr int multi_timer_data = 10005;
constexpr int wants_read = 1;
constexpr int wants_write = 2;
constexpr int wants_nothing_more = 4;
constexpr int no_socket = -1;

struct curl_library {
    void* library = dlopen("libcurl.so.4", RTLD_NOW);
    void* (*easy_init)();
    int (*easy_setopt)(void*, int, ...);
    void (*easy_cleanup)(void*);
    void* (*multi_init)();
    int (*multi_setopt)(void*, int, ...);
    int (*multi_add_handle)(void*, void*);
    int (*multi_remove_handle)(void*, void*);
    int (*multi_socket_action)(void*, int, int, int*);
    int (*multi_cleanup)(void*);

    curl_library() {
        if (library == nullptr) return;
        find(easy_init, "curl_easy_init");
        find(easy_setopt, "curl_easy_setopt");
        find(easy_cleanup, "curl_easy_cleanup");
        find(multi_init, "curl_multi_init");
        find(multi_setopt, "curl_multi_setopt");
        find(multi_add_handle, "curl_multi_add_handle");
        find(multi_remove_handle, "curl_multi_remove_handle");
        find(multi_socket_action, "curl_multi_socket_action");
        find(multi_cleanup, "curl_multi_cleanup");
    }
    template <class F>
    void find(F*& function, const char* name) {
        function = reinterpret_cast<F*>(dlsym(library, name));
        ASSERT_NE(function, nullptr) << name;
    }
};

const curl_library& curl() {
    static const curl_library loaded;
    return loaded;
}

// What the library asks for. Its calls come within its other calls.
struct wishes {
    int socket = no_socket;
    int what = 0;
    long timeout_ms = -1;

    static int on_socket(void*, int socket, int what, void* self, void*) {
        auto& mine = *static_cast<wishes*>(self);
        mine.socket = what == wants_nothing_more ? no_socket : socket;
        mine.what = what;
        return 0;
    }
    static int on_timer(void*, long timeout_ms, void* self) {
        static_cast<wishes*>(self)->timeout_ms = timeout_ms;
        return 0;
    }
};

std::size_t append(const char* text, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(text, size * count);
    return size * count;
}

// Counts how often the socket was waited for.
int drive(void* transfers, const wishes& now) {
    int waits = 0;
    int running = 1;
    while (running > 0) {
        const auto limit = mioco::after(now.timeout_ms < 0 ? 1h : now.timeout_ms * 1ms);
        int ready = 0;
        if (now.socket == no_socket) {
            mioco::select(limit);
        } else {
            const auto lent = mioco::async_fd::borrow(now.socket);
            const auto event =
                mioco::select(mioco::when((now.what & wants_read) != 0, lent.readable()),
                              mioco::when((now.what & wants_write) != 0, lent.writable()), limit);
            if (event.index() == 0) ready = wants_read;
            if (event.index() == 1) ready = wants_write;
            ++waits;
        }
        EXPECT_EQ(curl().multi_socket_action(transfers, ready == 0 ? no_socket : now.socket, ready,
                                             &running),
                  0);
    }
    return waits;
}

class c_library : public mioco_test::anywhere {};
INSTANTIATE_TEST_SUITE_P(on, c_library, testing::Values(0U, 1U, 2U), mioco_test::place_name);

TEST_P(c_library, transfers_of_libcurl_wait_as_fibers_do) {
    ASSERT_NE(curl().library, nullptr) << "libcurl.so.4 is not there; it comes with curl, which "
                                          "scripts/install-deps test installs";
    inside([] {
        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        mioco_test::beside server([&] {
            auto client = listener.accept();
            std::string request;
            while (!request.ends_with("\r\n\r\n")) request += mioco_test::read_some(client);
            EXPECT_TRUE(request.starts_with("GET /greeting HTTP/1.1\r\n")) << request;
            client.write_all("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"sv);
            mioco::sleep_for(1ms);  // without it there would be less to wait for
            client.write_all("world"sv);
        });
        wishes now;
        std::string body;
        const auto url = "http://" + listener.local().to_string() + "/greeting";
        void* const transfer = curl().easy_init();
        curl().easy_setopt(transfer, option_url, url.c_str());
        curl().easy_setopt(transfer, option_no_proxy, "*");
        curl().easy_setopt(transfer, option_write_function, &append);
        curl().easy_setopt(transfer, option_write_data, &body);
        void* const transfers = curl().multi_init();
        curl().multi_setopt(transfers, multi_socket_function, &wishes::on_socket);
        curl().multi_setopt(transfers, multi_socket_data, &now);
        curl().multi_setopt(transfers, multi_timer_function, &wishes::on_timer);
        curl().multi_setopt(transfers, multi_timer_data, &now);
        curl().multi_add_handle(transfers, transfer);
        EXPECT_GE(drive(transfers, now), 1);
        EXPECT_EQ(body, "helloworld");
        curl().multi_remove_handle(transfers, transfer);
        curl().easy_cleanup(transfer);
        curl().multi_cleanup(transfers);
        server.join();
    });
}

}  // namespace
