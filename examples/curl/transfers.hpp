// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#if !__has_include(<curl/curl.h>)
#error "curl needs libcurl, which is in Debian's package libcurl4-openssl-dev"
#endif
#include <curl/curl.h>
#include <mioco/mioco.hpp>

/// Transfers by libcurl. A fiber of its own makes all calls of the library, and waits for what that wants to wait for
/// (`curl_multi_socket_action`): so no thread blocks, and the library, which lets one caller in at a time, needs no lock.
class transfers {
public:
    /// In a fiber. Throws `std::runtime_error` if libcurl cannot begin.
    transfers();
    /// Ends all that is under way: who waits for it gets a `std::future_error`.
    ~transfers();
    transfers(const transfers&) = delete;
    transfers& operator=(const transfers&) = delete;

    /// What is at the URL; parks the fiber until that has come. Throws `std::runtime_error` with libcurl's reason. By many fibers
    /// at once. A cancellation point: who leaves ends the transfer.
    std::string fetch(const std::string& url);

private:
    struct transfer;
    struct request {
        std::shared_ptr<transfer> what;
        bool is_to_end = false;
    };
    struct socket {
        mioco::async_fd fd;
        bool read = false;
        bool write = false;
    };

    void drive(const mioco::receiver<request>& requests);
    bool wait(const mioco::receiver<request>& requests);
    void carry_out(const request& wanted);
    void end_those_that_are_done();

    static int on_socket(CURL*, curl_socket_t number, int what, void* self, void*) noexcept;
    static int on_timer(CURLM*, long wait_ms, void* self) noexcept;
    static std::size_t on_data(char* data, std::size_t size, std::size_t count, void* to) noexcept;

    // What libcurl waits for
    std::map<curl_socket_t, socket> sockets_;
    mioco::timer timer_;

    std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> all_;
    std::map<CURL*, std::shared_ptr<transfer>> under_way_;
    mioco::sender<request> requests_;
    mioco::join_handle<void> driver_;
};
