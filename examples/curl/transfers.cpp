// SPDX-License-Identifier: MPL-2.0
#include "transfers.hpp"

#include <array>
#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

struct transfers::transfer {
    transfer(const std::string& of, mioco::resumer<std::string> by)
        : url(of), caller(std::move(by)) {}

    std::string url;
    mioco::resumer<std::string> caller;
    std::unique_ptr<CURL, void (*)(CURL*)> handle{curl_easy_init(), curl_easy_cleanup};
    std::string body;
    std::array<char, CURL_ERROR_SIZE> error{};

    void fail(CURLcode how) {
        const std::string why = error[0] != '\0' ? error.data() : curl_easy_strerror(how);
        auto failure = std::make_exception_ptr(std::runtime_error(url + ": " + why));
        std::move(caller).fail(std::move(failure));
    }
};

transfers::transfers() : all_(nullptr, curl_multi_cleanup) {
    static const CURLcode begun = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (begun == CURLE_OK) all_.reset(curl_multi_init());
    if (all_ == nullptr) throw std::runtime_error("libcurl cannot begin");
    curl_multi_setopt(all_.get(), CURLMOPT_SOCKETFUNCTION, &transfers::on_socket);
    curl_multi_setopt(all_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(all_.get(), CURLMOPT_TIMERFUNCTION, &transfers::on_timer);
    curl_multi_setopt(all_.get(), CURLMOPT_TIMERDATA, this);
    timer_.clear();
    auto [requests, received] = mioco::unbounded_channel<request>();
    requests_ = std::move(requests);
    driver_ = mioco::spawn([this, received = std::move(received)] { drive(received); });
}

transfers::~transfers() {
    requests_.close();
    mioco::shield([this] {
        try {
            driver_.join();
        } catch (const std::exception&) {  // cancelled, as the runtime stops
        }
    });
    for (const auto& [handle, each] : under_way_) curl_multi_remove_handle(all_.get(), handle);
}

std::string transfers::fetch(const std::string& url) {
    return mioco::suspend<std::string>([&](mioco::resumer<std::string> caller) {
        const auto made = std::make_shared<transfer>(url, std::move(caller));
        CURL* const handle = made->handle.get();
        if (handle == nullptr) throw std::bad_alloc();
        curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, made->error.data());
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &transfers::on_data);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &made->body);
        // Owns no share of the resumer that it belongs to, or a transfer that is dropped would drop nothing.
        made->caller.on_cancel([requests = requests_, left = std::weak_ptr(made)] {
            if (auto what = left.lock())
                static_cast<void>(requests.try_send({std::move(what), true}));
        });
        requests_.send({made});
    });
}

void transfers::drive(const mioco::receiver<request>& requests) {
    while (wait(requests)) end_those_that_are_done();
}

// For one thing, and does that. False: no more requests come.
bool transfers::wait(const mioco::receiver<request>& requests) {
    struct event {
        curl_socket_t socket = CURL_SOCKET_TIMEOUT;
        int what = 0;
    } event;
    std::optional<request> wanted;
    {
        std::vector<mioco::any_case> cases;
        cases.emplace_back(requests.receiving());
        cases.emplace_back(timer_.expiring());
        std::vector<struct event> events(cases.size());
        for (const auto& [number, each] : sockets_) {
            if (each.read) {
                cases.emplace_back(each.fd.readable());
                events.push_back({.socket = number, .what = CURL_CSELECT_IN});
            }
            if (each.write) {
                cases.emplace_back(each.fd.writable());
                events.push_back({.socket = number, .what = CURL_CSELECT_OUT});
            }
        }
        const std::size_t first = mioco::select(cases);
        if (first == 0) {
            wanted = cases[0].take<std::optional<request>>();
            if (!wanted) return false;
        }
        event = events[first];
    }
    if (wanted) {
        carry_out(*wanted);
    } else {
        if (event.socket == CURL_SOCKET_TIMEOUT) timer_.clear();
        int running = 0;
        curl_multi_socket_action(all_.get(), event.socket, event.what, &running);
    }
    return true;
}

void transfers::carry_out(const request& wanted) {
    CURL* const handle = wanted.what->handle.get();
    if (wanted.is_to_end) {
        if (under_way_.erase(handle) > 0) curl_multi_remove_handle(all_.get(), handle);
    } else {
        if (curl_multi_add_handle(all_.get(), handle) != CURLM_OK)
            return wanted.what->fail(CURLE_FAILED_INIT);
        under_way_.emplace(handle, wanted.what);
    }
}

void transfers::end_those_that_are_done() {
    int left = 0;
    while (const CURLMsg* const news = curl_multi_info_read(all_.get(), &left)) {
        const CURLcode how = news->data.result;
        const auto ended = std::move(under_way_.extract(news->easy_handle).mapped());
        curl_multi_remove_handle(all_.get(), ended->handle.get());
        if (how == CURLE_OK) {
            std::move(ended->caller).resume(std::move(ended->body));
        } else {
            ended->fail(how);
        }
    }
}

int transfers::on_socket(CURL*, curl_socket_t number, int what, void* self, void*) noexcept {
    auto& sockets = static_cast<transfers*>(self)->sockets_;
    if (what == CURL_POLL_REMOVE) {
        sockets.erase(number);
        return 0;
    }
    const auto [place, is_new] = sockets.try_emplace(number);
    // Without a descriptor to watch it with it counts as ready.
    std::error_code ignored;
    if (is_new) place->second.fd = mioco::async_fd::borrow(number, ignored);
    place->second.read = (what & CURL_POLL_IN) != 0;
    place->second.write = (what & CURL_POLL_OUT) != 0;
    return 0;
}

int transfers::on_timer(CURLM*, long wait_ms, void* self) noexcept {
    auto& timer = static_cast<transfers*>(self)->timer_;
    if (wait_ms < 0) {
        timer.clear();
    } else {
        timer.set(std::chrono::milliseconds(wait_ms));
    }
    return 0;
}

std::size_t transfers::on_data(char* data, std::size_t size, std::size_t count, void* to) noexcept {
    try {
        static_cast<std::string*>(to)->append(data, size * count);
        return size * count;
    } catch (const std::exception&) {
        return 0;  // the transfer fails
    }
}
