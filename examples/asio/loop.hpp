// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <exception>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#if !__has_include(<boost/asio/io_context.hpp>)
#error "asio needs Boost.Asio, which is in Debian's package libboost1.81-dev"
#endif
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mioco/mioco.hpp>

/// Asio, on a thread of its own.
class asio_loop {
public:
    asio_loop() : open_(context_.get_executor()), thread_([this] { context_.run(); }) {}
    /// Nothing that is under way goes on: who waits for it gets a `std::future_error`. Nobody who waits may be
    /// cancelled meanwhile.
    ~asio_loop() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    asio_loop(const asio_loop&) = delete;
    asio_loop& operator=(const asio_loop&) = delete;

    boost::asio::io_context& context() { return context_; }

    /// Waits until all that was begun has ended, and takes no more.
    void drain() {
        open_.reset();
        mioco::offload([this] { thread_.join(); });
    }

private:
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_;
    std::thread thread_;
};

/// Has `begin(object, handler)` start an operation, and parks the fiber until Asio calls the handler. Throws the error that it is given.
///
/// Only Asio's thread touches the object, which a timer or a socket asks for. A fiber that is cancelled does not wait for it, so the operation
/// owns the object; and nobody else does, or it could outlive the loop.
template <class Result, class Object, class Begin>
Result await(std::shared_ptr<Object> object, Begin begin) {
    return mioco::suspend<Result>([&](mioco::resumer<Result> caller) {
        const auto loop = object->get_executor();
        caller.on_cancel([loop, left = std::weak_ptr(object)] {
            boost::asio::post(loop, [left] {
                if (const auto object = left.lock()) object->cancel();
            });
        });
        boost::asio::post(loop, [object = std::move(object), begin = std::move(begin),
                                 caller = std::move(caller)]() mutable {
            Object& used = *object;
            begin(used, [object = std::move(object), caller = std::move(caller)](
                            std::error_code failure, auto... result) mutable {
                if (failure) {
                    auto error = std::make_exception_ptr(std::system_error(failure));
                    std::move(caller).fail(std::move(error));
                } else {
                    std::move(caller).resume(std::move(result)...);
                }
            });
        });
    });
}
