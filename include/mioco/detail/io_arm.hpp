// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/select_arm.hpp>

namespace mioco::detail {

class fd_ref;
struct fd_object;

/// Which directions of a descriptor, as bits.
enum class io_ways : std::uint8_t { none = 0, reading = 1, writing = 2, both = 3 };

/// Readiness of a descriptor in a select: in its slots when they are free, and else in line.
class io_arm : public select_arm {
public:
    io_arm(const fd_ref& fd, io_ways wanted) noexcept;

    void begin() noexcept override;
    bool try_take() override;
    bool arm(const select_waiter& who) noexcept override;
    void disarm(const select_waiter& who) noexcept override;
    bool poll_entry(pollfd& entry) const noexcept override;

protected:
    [[nodiscard]] const fd_ref& descriptor() const noexcept { return *ref_; }
    [[nodiscard]] io_ways ready() const noexcept { return ready_; }
    /// Before a `begin`: of an object that may have another one by now.
    void set_descriptor(const fd_ref& fd) noexcept { ref_ = &fd; }

private:
    struct place {
        queued_arm queued;
        bool in_slot = false;
        bool must_look = true;  // no attempt was made since somebody else's
    };
    [[nodiscard]] bool wants(unsigned way) const noexcept;
    // Which descriptor it is that is meant.
    void look_up() noexcept;
    // Nothing to wait for: no descriptor, or one that was closed or released.
    [[nodiscard]] bool is_gone() const noexcept;
    bool looks_ready(unsigned way);
    bool arm_one(unsigned way, const select_waiter& who) noexcept;
    void disarm_one(unsigned way, const select_waiter& who) noexcept;

    const fd_ref* ref_;
    fd_object* fd_ = nullptr;
    io_ways wanted_;
    io_ways ready_ = io_ways::none;
    std::uint16_t generation_ = 0;  // of `fd_` then
    int failure_ = 0;               // why it cannot be watched
    place places_[2];               // by side
};

}  // namespace mioco::detail
