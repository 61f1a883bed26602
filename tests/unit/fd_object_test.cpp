// SPDX-License-Identifier: MPL-2.0
#include "io/fd.hpp"
#include "io/post_event.hpp"

#include <cerrno>
#include <cstdint>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/descriptor_leaks.hpp"

namespace {

using namespace mioco::detail;

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

bool is_ready(fd_object& fd, side which) { return fd[which].slot().is_ready(); }

class fd_object_of_a_pair : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_), 0);
        fd_ = new_fd_object(ends_[0]);
        ASSERT_NE(fd_, nullptr);
    }
    void TearDown() override {
        if (fd_ != nullptr) drop_share(*fd_);
        close(ends_[1]);
    }
    // Whether the other end sees the connection ended.
    [[nodiscard]] bool other_end_sees_the_end() const {
        char byte;
        return recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
    }

    int ends_[2] = {-1, -1};
    fd_object* fd_ = nullptr;
};

TEST_F(fd_object_of_a_pair, closes_the_descriptor_with_the_last_share) {
    add_share(*fd_);
    drop_share(*fd_);
    EXPECT_TRUE(is_open(ends_[0]));
    drop_share(*fd_);
    fd_ = nullptr;
    EXPECT_FALSE(is_open(ends_[0]));
    EXPECT_TRUE(other_end_sees_the_end());
}

TEST_F(fd_object_of_a_pair, close_ends_the_connection_and_keeps_the_number) {
    close_fd(*fd_);
    EXPECT_TRUE(is_open(ends_[0]));
    EXPECT_TRUE(other_end_sees_the_end());
    EXPECT_EQ(send(ends_[0], "x", 1, MSG_NOSIGNAL), -1) << "what stands in its place takes nothing";
    close_fd(*fd_);
    EXPECT_EQ(release_fd(*fd_), -EBADF);
}

TEST_F(fd_object_of_a_pair, events_reach_the_sides_that_they_concern) {
    post_event(fd_->event_key(), EPOLLIN, waker());
    EXPECT_TRUE(is_ready(*fd_, side::read));
    EXPECT_FALSE(is_ready(*fd_, side::write));
    EXPECT_FALSE(fd_->is_hung_up());
    post_event(fd_->event_key(), EPOLLOUT, waker());
    EXPECT_TRUE(is_ready(*fd_, side::write));
}

TEST_F(fd_object_of_a_pair, the_end_and_errors_concern_both_sides_and_stay) {
    post_event(fd_->event_key(), EPOLLIN | EPOLLRDHUP, waker());
    EXPECT_TRUE(fd_->is_hung_up());
    EXPECT_FALSE(is_ready(*fd_, side::write)) << "who sends no more may still receive";
    post_event(fd_->event_key(), EPOLLERR | EPOLLHUP, waker());
    EXPECT_TRUE(is_ready(*fd_, side::read));
    EXPECT_TRUE(is_ready(*fd_, side::write));
}

TEST_F(fd_object_of_a_pair, an_event_of_an_earlier_use_is_dropped) {
    const std::uint64_t old_key = fd_->event_key();
    const fd_object* const block = fd_;
    drop_share(*fd_);
    const int second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fd_ = new_fd_object(second);
    ASSERT_EQ(fd_, block) << "the block is used again";
    post_event(old_key, EPOLLIN | EPOLLOUT | EPOLLHUP, waker());
    EXPECT_FALSE(is_ready(*fd_, side::read));
    EXPECT_FALSE(is_ready(*fd_, side::write));
    EXPECT_FALSE(fd_->is_hung_up());
}

TEST_F(fd_object_of_a_pair, nothing_of_an_earlier_use_is_left) {
    post_event(fd_->event_key(), EPOLLIN | EPOLLOUT | EPOLLHUP, waker());
    close_fd(*fd_);
    drop_share(*fd_);
    fd_ = new_fd_object(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_FALSE(is_ready(*fd_, side::read));
    EXPECT_FALSE(is_ready(*fd_, side::write));
    EXPECT_FALSE(fd_->is_hung_up());
    EXPECT_FALSE(fd_->is_closed());
    EXPECT_EQ(fd_->watcher.load(), nullptr);
}

TEST_F(fd_object_of_a_pair, release_gives_the_descriptor_of_a_sole_owner_alone) {
    add_share(*fd_);
    EXPECT_EQ(release_fd(*fd_), -EBUSY);
    drop_share(*fd_);
    fd_->was_blocking = true;
    const std::uint64_t old_key = fd_->event_key();
    EXPECT_EQ(release_fd(*fd_), ends_[0]);
    EXPECT_NE(fd_->event_key(), old_key);
    fd_ = nullptr;
    EXPECT_EQ(fcntl(ends_[0], F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(close(ends_[0]), 0);
}

struct waker_that_counts {
    int& woken;
    bool claim(wait_token) const { return true; }
    void complete(wait_token) const { ++woken; }
    void wake(wait_token) const { ++woken; }
};

TEST(fd_side, those_in_the_queue_do_not_wake_each_other_while_somebody_is_in_the_slot) {
    fd_side reading;
    int woken = 0;
    const waker_that_counts counting{woken};
    const wait_token first(1, 1);
    queued_arm second;
    second.token = wait_token(2, 1).raw();
    ASSERT_EQ(reading.slot().arm(first), fd_side::arming::armed);
    ASSERT_TRUE(reading.enqueue(second));
    reading.pass_on(counting);
    EXPECT_EQ(woken, 0) << "the first one does it when he leaves";
    reading.slot().disarm(first);
    reading.pass_on(counting);
    EXPECT_EQ(woken, 1);
    reading.dequeue(second);
}

}  // namespace
