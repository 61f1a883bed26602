// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sockets.hpp"

// A process that has no descriptor left. Each test is a process of its own, as the warning comes once a process.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::captured_stderr;
using mioco_test::count_of;
using mioco_test::error_of;
using mioco_test::raw_client;
using mioco_test::read_text;

constexpr auto warning =
    "mioco: accept waits: Too many open files (raise this process's limit of 200 open files: "
    "ulimit "
    "-n); accept fewer at a time";
constexpr auto cure = " (raise this process's limit of 200 open files: ulimit -n): "sv;

// Takes every descriptor that is left, and gives them back one by one.
class hoard {
public:
    hoard() {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 200;
        setrlimit(RLIMIT_NOFILE, &limit);
        for (int fd = dup(STDERR_FILENO); fd >= 0; fd = dup(STDERR_FILENO)) taken_.push_back(fd);
    }
    ~hoard() {
        while (!taken_.empty()) release_one();
    }
    hoard(const hoard&) = delete;
    hoard& operator=(const hoard&) = delete;

    void release_one() {
        close(taken_.back());
        taken_.pop_back();
    }

private:
    std::vector<int> taken_;
};

// What the whole of the child's stderr must be like.
class is_one_warning {
public:
    using is_gtest_matcher = void;
    bool MatchAndExplain(const std::string& text, std::ostream*) const {
        return count_of(warning, text) == 1 && count_of("\n", text) == 1;
    }
    void DescribeTo(std::ostream* out) const { *out << "is the warning, once"; }
    void DescribeNegationTo(std::ostream* out) const { *out << "is not the warning, once"; }
};

class is_empty {
public:
    using is_gtest_matcher = void;
    bool MatchAndExplain(const std::string& text, std::ostream*) const { return text.empty(); }
    void DescribeTo(std::ostream* out) const { *out << "is empty"; }
    void DescribeNegationTo(std::ostream* out) const { *out << "is not empty"; }
};

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(std::string("expected: ") + what);
}

// What the child writes to stderr is looked at while it runs, and shown to the parent afterwards.
template <class F>
[[noreturn]] void run_to_exit(F body) {
    std::string written;
    int status = 0;
    try {
        const captured_stderr captured;
        try {
            body(captured);
        } catch (...) {
            written = captured.text();
            throw;
        }
        written = captured.text();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "threw %s\n", e.what());
        status = 3;
    }
    std::fputs(written.c_str(), stderr);
    std::_Exit(status);
}

void until_warned(const captured_stderr& captured) {
    mioco_test::wait_for([&] { return captured.text().find(warning) != std::string::npos; });
}

// Twice in a row there is nothing left, then something, for two clients that wait meanwhile.
template <class Accept>
void accept_through_a_shortage_by(Accept accept, const captured_stderr& captured) {
    auto listener = tcp_listener::bind("127.0.0.1:0");
    raw_client clients[] = {raw_client(listener.local()), raw_client(listener.local())};
    std::vector<tcp_stream> kept;
    hoard all;
    for (auto& client : clients) {
        std::atomic<bool> accepted{false};
        mioco_test::beside helper([&] {
            until_warned(captured);
            // Time for further attempts, which are to stay silent.
            mioco::sleep_for(std::chrono::milliseconds(50));
            require(!accepted, "accept waits while there is no descriptor");
            all.release_one();
        });
        kept.push_back(accept(listener));
        accepted = true;
        helper.join();
        client.send("served");
        require(read_text(kept.back(), 6) == "served", "the connection works");
    }
}

void accept_through_a_shortage(const captured_stderr& captured) {
    accept_through_a_shortage_by([](tcp_listener& listener) { return listener.accept(); },
                                 captured);
}

void select_through_a_shortage(const captured_stderr& captured) {
    accept_through_a_shortage_by(
        [](tcp_listener& listener) {
            return std::get<0>(mioco::select(listener.accepting(), mioco::after(1h)));
        },
        captured);
}

void select_another_meanwhile(const captured_stderr& captured) {
    auto listener = tcp_listener::bind("127.0.0.1:0");
    raw_client client(listener.local());
    hoard all;
    mioco::event stop;
    mioco_test::beside helper([&] {
        until_warned(captured);
        stop.notify();
    });
    require(mioco::select(listener.accepting(), stop.waiting()).index() == 1, "the other case");
    require(mioco::select(listener.accepting(), mioco::after(20ms)).index() == 1, "a deadline");
    require(mioco::select(listener.accepting(), mioco::otherwise).index() == 1, "otherwise");
    helper.join();
    all.release_one();
    auto connection = std::get<0>(mioco::select(listener.accepting(), mioco::after(1h)));
    client.send("served");
    require(read_text(connection, 6) == "served", "nothing was lost");
}

void serve_others_meanwhile(const captured_stderr& captured) {
    auto [near, far] = mioco_test::connected_pair();
    auto listener = tcp_listener::bind("127.0.0.1:0");
    const raw_client client(listener.local());
    hoard all;
    bool accepted = false;
    auto acceptor = mioco::spawn([&] {
        const auto connection = listener.accept();
        accepted = true;
    });
    until_warned(captured);
    auto partner = mioco::spawn([&far = far] {
        for (int i = 0; i < 100; ++i) far.write_all(read_text(far, 4));
    });
    for (int i = 0; i < 100; ++i) {
        near.write_all("ping"sv);
        require(read_text(near, 4) == "ping", "others are served");
    }
    partner.join();
    require(!accepted, "nothing could be accepted");
    all.release_one();
    acceptor.join();
}

void stop_while_accept_pauses(const captured_stderr& captured) {
    auto listener = tcp_listener::bind("127.0.0.1:0");
    const raw_client client(listener.local());
    mioco::runtime rt(mioco::config{}.workers(2));
    rt.spawn([] {}).join();
    std::error_code ec;
    std::atomic<int> started{0};
    const hoard all;
    auto with_code = rt.spawn([&] {
        ++started;
        listener.accept(ec);
    });
    auto throwing = rt.spawn([&] {
        ++started;
        listener.accept();
    });
    mioco_test::wait_for([&] { return started == 2; });
    until_warned(captured);
    rt.stop();
    rt.wait();
    with_code.join();
    require(ec == std::errc::operation_canceled, "the error code tells of the stop");
    require(error_of([&] { throwing.join(); }) == std::errc::operation_canceled,
            "the fiber was cancelled");
}

void call_what_needs_a_descriptor() {
    auto listener = tcp_listener::bind("127.0.0.1:0");
    const raw_client client(listener.local());
    const hoard all;
    const auto refused = [](auto call) {
        try {
            call();
        } catch (const std::system_error& e) {
            return e.code() == std::errc::too_many_files_open &&
                   std::string_view(e.what()).find(cure) != std::string_view::npos;
        }
        return false;
    };
    require(refused([&] { listener.try_accept(); }), "try_accept");
    require(refused([&] { tcp_stream::connect(listener.local()); }), "connect");
    require(refused([] { tcp_listener::bind("127.0.0.1:0"); }), "bind");
    require(refused([] { mioco::pipe(); }), "pipe");
    require(refused([] { mioco::fs::file::open("/dev/null"); }), "open");
    require(refused([] { mioco::runtime(mioco::config{}.workers(1)); }), "a runtime");
}

void wait_on_a_thread_that_cannot_be_woken() {
    auto [near, far] = mioco_test::connected_pair();
    const hoard all;
    std::thread([&near = near, &far = far] {
        std::error_code ec;
        far.write_all("data"sv, ec);
        require(!ec, "there is room");
        require(read_text(near, 4) == "data", "there is data");
        char buffer[1];
        near.read(buffer, ec);
        require(ec == std::errc::too_many_files_open, "the error code tells");
        require(error_of([&] { near.read(buffer); }) == std::errc::too_many_files_open,
                "read throws");
    }).join();
}

// The lock is kept, as to take it again might need a descriptor too.
void wait_for_a_condition_on_a_thread_that_cannot_be_woken() {
    struct kept_lock {
        void lock() {}
        void unlock() { require(false, "the lock is kept"); }
    };
    const hoard all;
    std::thread([] {
        kept_lock kept;
        mioco::condition_variable changed;
        require(error_of([&] { changed.wait(kept); }) == std::errc::too_many_files_open, "wait");
    }).join();
}

void close_what_a_fiber_reads() {
    auto [near, far] = mioco_test::connected_pair();
    const hoard all;
    auto reader = mioco::spawn([&near = near] {
        require(error_of([&near] { read_text(near, 1); }) == std::errc::bad_file_descriptor,
                "read");
    });
    mioco_test::until_somebody_waits(near.native_handle());
    near.close();
    reader.join();
    require(error_of([&near = near] { near.write("x"sv); }) == std::errc::bad_file_descriptor,
            "write");
    require(mioco_test::read_some(far).empty(), "the peer sees the end");
}

void close_what_is_no_connection() {
    auto [reads, writes] = mioco::pipe();
    auto [lender, other] = mioco::pipe();
    const int lent = lender.release();
    auto borrowed = mioco::async_fd::borrow(lent);
    require((fcntl(lent, F_GETFL) & O_NONBLOCK) != 0, "what is used here is non-blocking");
    const hoard all;
    writes.close();
    char buffer[1];
    const auto end = reads.try_read(buffer);
    require(end && *end == 0, "the reader of a closed pipe sees the end");
    borrowed.close();
    require((fcntl(lent, F_GETFL) & O_NONBLOCK) == 0, "what was lent is blocking again");
    close(lent);
}

void allow_few_descriptors() {
    mioco::select(mioco::after(1ms));  // makes what this thread waits with
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void select_among_more_than_may_be_polled() {
    std::vector<std::pair<mioco::pipe_reader, mioco::pipe_writer>> pipes;
    for (int i = 0; i < 100; ++i) pipes.push_back(mioco::pipe());
    allow_few_descriptors();
    std::vector<mioco::any_case> cases;
    cases.emplace_back(mioco::after(50ms));
    for (auto& each : pipes) cases.emplace_back(each.first.readable());
    require(mioco::select(cases) == 0, "the time comes");
    std::thread sends([&] {
        std::this_thread::sleep_for(20ms);
        pipes.back().second.write_all("x"sv);
    });
    cases.front() = mioco::any_case(mioco::after(1h));
    require(mioco::select(cases) == 100, "what arrives is seen");
    sends.join();
}

long sleeps_of_this_thread() {
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
}

// More cases than poll(2) would take entries: it is asked once for all that name one descriptor, and need not be asked again.
void select_among_many_cases_of_one_descriptor() {
    auto [near, far] = mioco_test::connected_pair();
    allow_few_descriptors();
    std::vector<mioco::any_case> cases;
    cases.emplace_back(mioco::after(300ms));
    for (int i = 0; i < 100; ++i) cases.emplace_back(near.readable());
    const long before = sleeps_of_this_thread();
    require(mioco::select(cases) == 0, "the time comes");
    require(sleeps_of_this_thread() - before < 10, "it does not look again and again");
    const std::string chunk(65'536, 'x');
    while (near.try_write(chunk)) continue;
    for (int i = 0; i < 100; ++i) cases.emplace_back(near.writable());
    cases.front() = mioco::any_case(mioco::after(1h));
    mioco_test::flag seen;
    std::thread drains([&, &far = far] {
        std::this_thread::sleep_for(20ms);
        far.write_all("x"sv);
        seen.await();
        std::this_thread::sleep_for(20ms);
        while (!mioco_test::read_some(far).empty()) continue;
    });
    require(mioco::select(cases) <= 100, "what can be read is seen");
    char byte[1];
    near.read(byte);
    seen.raise();
    require(mioco::select(cases) > 100, "what can be written to is seen");
    near.close();
    drains.join();
}

void end_a_runtime_in_a_shortage() {
    std::vector<int> taken;
    {
        mioco::runtime rt;  // this thread is no worker: it would have a file open while it begins
        const auto take_all = [&] {
            for (int fd = dup(STDERR_FILENO); fd >= 0; fd = dup(STDERR_FILENO)) taken.push_back(fd);
            return 42;
        };
        require(rt.spawn(take_all).join() == 42, "join returns what the fiber returned");
    }
    for (const int fd : taken) close(fd);
}

// Of a function that may want to see what was written to stderr.
template <class F>
auto in_fibers(unsigned workers, F body) {
    return [=](const captured_stderr& captured) {
        mioco::run(mioco::config{}.workers(workers), [&] {
            if constexpr (std::invocable<F>) {
                body();
            } else {
                body(captured);
            }
        });
    };
}

class shortage : public testing::Test {
protected:
    void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

// On one worker, as a second thread may have a file open while it begins, and so keep a descriptor from the hoard.
TEST_F(shortage, accept_in_a_fiber_warns_once_and_goes_on_when_one_is_free) {
    EXPECT_EXIT(run_to_exit(in_fibers(1, accept_through_a_shortage)), testing::ExitedWithCode(0),
                is_one_warning());
}

TEST_F(shortage, accept_on_a_thread_warns_once_and_goes_on_when_one_is_free) {
    EXPECT_EXIT(run_to_exit(accept_through_a_shortage), testing::ExitedWithCode(0),
                is_one_warning());
}

TEST_F(shortage, a_select_that_accepts_waits_too) {
    EXPECT_EXIT(run_to_exit(in_fibers(1, select_through_a_shortage)), testing::ExitedWithCode(0),
                is_one_warning());
    EXPECT_EXIT(run_to_exit(select_through_a_shortage), testing::ExitedWithCode(0),
                is_one_warning());
    const auto on_a_new_thread = [](const captured_stderr& captured) {
        std::thread([&] { select_through_a_shortage(captured); }).join();
    };
    EXPECT_EXIT(run_to_exit(on_a_new_thread), testing::ExitedWithCode(0), is_one_warning());
}

TEST_F(shortage, a_select_that_accepts_takes_another_case_meanwhile) {
    EXPECT_EXIT(run_to_exit(in_fibers(1, select_another_meanwhile)), testing::ExitedWithCode(0),
                is_one_warning());
    EXPECT_EXIT(run_to_exit(select_another_meanwhile), testing::ExitedWithCode(0),
                is_one_warning());
    const auto on_a_new_thread = [](const captured_stderr& captured) {
        std::thread([&] { select_another_meanwhile(captured); }).join();
    };
    EXPECT_EXIT(run_to_exit(on_a_new_thread), testing::ExitedWithCode(0), is_one_warning());
}

TEST_F(shortage, other_fibers_go_on_meanwhile) {
    EXPECT_EXIT(run_to_exit(in_fibers(1, serve_others_meanwhile)), testing::ExitedWithCode(0),
                is_one_warning());
}

TEST_F(shortage, a_stop_ends_the_pause_in_both_forms) {
    EXPECT_EXIT(run_to_exit(stop_while_accept_pauses), testing::ExitedWithCode(0),
                is_one_warning());
}

TEST_F(shortage, other_calls_report_it_and_say_what_to_do) {
    EXPECT_EXIT(run_to_exit(in_fibers(1, call_what_needs_a_descriptor)), testing::ExitedWithCode(0),
                is_empty());
}

// Without a descriptor of its own a thread cannot be woken; it is told so in both forms, and not left waiting. What
// needs no waiting works all the same.
TEST_F(shortage, a_thread_that_cannot_wait_is_told) {
    EXPECT_EXIT(run_to_exit([](const auto&) { wait_on_a_thread_that_cannot_be_woken(); }),
                testing::ExitedWithCode(0), is_empty());
    EXPECT_EXIT(
        run_to_exit([](const auto&) { wait_for_a_condition_on_a_thread_that_cannot_be_woken(); }),
        testing::ExitedWithCode(0), is_empty());
}

// A closed descriptor's place is taken by another one, which is there in time. On one worker for the same reason as above.
TEST_F(shortage, close_still_ends_the_connection) {
    EXPECT_EXIT(run_to_exit(in_fibers(1, close_what_a_fiber_reads)), testing::ExitedWithCode(0),
                is_empty());
    EXPECT_EXIT(run_to_exit(in_fibers(1, close_what_is_no_connection)), testing::ExitedWithCode(0),
                is_empty());
}

TEST_F(shortage, a_select_on_a_thread_may_have_more_descriptors_than_the_limit) {
    EXPECT_EXIT(run_to_exit([](const auto&) { select_among_more_than_may_be_polled(); }),
                testing::ExitedWithCode(0), is_empty());
}

TEST_F(shortage, a_select_on_a_thread_may_have_more_cases_of_a_descriptor_than_the_limit) {
    EXPECT_EXIT(run_to_exit([](const auto&) { select_among_many_cases_of_one_descriptor(); }),
                testing::ExitedWithCode(0), is_empty());
}

TEST_F(shortage, a_runtime_comes_to_its_end) {
    EXPECT_EXIT(run_to_exit([](const auto&) { end_a_runtime_in_a_shortage(); }),
                testing::ExitedWithCode(0), is_empty());
}

}  // namespace
