// SPDX-License-Identifier: MPL-2.0
#include "io/epoll/system_thread.hpp"

#include <thread>
#include <utility>

#include <pthread.h>

namespace mioco::detail {

namespace {

class system_thread final : public driver_thread {
public:
    system_thread(const std::string& name, std::function<void()> body)
        : thread_([name = name.substr(0, 15), body = std::move(body)] {
              pthread_setname_np(pthread_self(), name.c_str());
              body();
          }) {}

    void join() noexcept override { thread_.join(); }

private:
    std::thread thread_;
};

}  // namespace

std::unique_ptr<driver_thread> start_system_thread(const std::string& name,
                                                   std::function<void()> body) {
    return std::make_unique<system_thread>(name, std::move(body));
}

}  // namespace mioco::detail
