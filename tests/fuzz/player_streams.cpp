// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

namespace {

/// One reads, or writes, at a time: who else comes passes on.
class turn {
public:
    explicit turn(bool& taken) : taken_(taken) { taken = true; }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() { taken_ = false; }

private:
    bool& taken_;
};

template <class F>
void with_reader(stream_end& of, F&& call) {
    std::visit(
        [&](auto& io) {
            if constexpr (requires { io.readable(); }) call(io);
        },
        of.io);
}

template <class F>
void with_writer(stream_end& of, F&& call) {
    std::visit(
        [&](auto& io) {
            if constexpr (requires { io.writable(); }) call(io);
        },
        of.io);
}

}  // namespace

bool player::play_stream(const operation& one) {
    stream_object& it = *in_->streams[one.object / 2];
    stream_end& end = it.ends[one.object % 2];
    if (end.host != host_) return true;
    switch (one.what) {
        case read_exactly:
        case read_some:
        case try_read:
        case read_lease:
            read(end, one);
            break;
        case write_all:
        case write_some:
        case try_write:
            write(end, one, one.amount);
            break;
        case echo:
            read(end, one);
            write(end, one, last_read_);
            break;
        case wait_readable:
        case wait_writable:
            wait_ready(end, one);
            break;
        default:
            close_end(it, end, one.what == act::close_end);
    }
    return true;
}

void player::read(stream_end& from, const operation& one) {
    last_read_ = 0;
    if (from.in == nullptr || from.in->is_reading) return;
    const turn mine(from.in->is_reading);
    const std::size_t needed = one.what == read_exactly ? one.amount : 1;
    const waits here(*this, one, {[&] { return from.in->why_not_reading(needed); }});
    std::vector<std::byte> into(one.amount);
    std::error_code ec;
    std::optional<std::size_t> got = 0;
    with_reader(from, [&](auto& io) {
        if (one.what == read_exactly) {
            got = io.read_exactly(into, ec);
        } else if (one.what == try_read) {
            got = io.try_read(into, ec);
        } else if (one.what == read_lease) {
            const auto lease = io.read_lease(ec);
            into.assign(lease.begin(), lease.end());
            got = lease.size();
        } else {
            got = io.read(into, ec);
        }
    });
    if (!got) return;
    last_read_ = *got;
    from.in->read(std::span(into).first(*got));
    if (is_interruption(ec)) return;
    if (ec == mioco::errc::end_of_stream || (!ec && *got == 0 && one.amount > 0)) {
        from.in->read_end();
    } else if (ec) {
        from.in->error(ec.message());
    }
}

void player::write(stream_end& to, const operation& one, std::size_t count) {
    if (to.out == nullptr || to.out->is_writing || to.out->is_cut() || to.out->is_ended()) return;
    const turn mine(to.out->is_writing);
    const waits here(*this, one, {[&] { return to.out->why_not_writing(); }});
    const auto bytes = to.out->next(count);
    std::error_code ec;
    std::optional<std::size_t> went = 0;
    to.out->write_begins(count);
    with_writer(to, [&](auto& io) {
        if (one.what == try_write) {
            went = io.try_write(bytes, ec);
        } else if (one.what == write_some) {
            went = io.write(bytes, ec);
        } else {
            went = io.write_all(bytes, ec);
        }
    });
    to.out->write_ends(went.value_or(0));
    if (is_interruption(ec)) return;
    if (ec) to.out->error(ec.message());
    if (!ec && one.what == write_all && went != count)
        in_->log.fail(name_of(one) + ": not all was written");
}

// Only the one who writes may end the writing, as what is written at the same time might be lost.
void player::close_end(stream_object& of, stream_end& end, bool all) {
    if (all) {
        for (auto& way : of.ways) way.break_off();
        std::visit(
            [](auto& io) {
                if constexpr (requires { io.close(); }) io.close();
            },
            end.io);
    } else if (end.out != nullptr && !end.out->is_writing && !end.out->is_ended()) {
        end.out->end();
        std::visit(
            [](auto& io) {
                std::error_code ec;
                if constexpr (requires { io.shutdown(mioco::net::direction::write, ec); })
                    io.shutdown(mioco::net::direction::write, ec);
                else if constexpr (requires { io.writable(); })
                    io.close();
            },
            end.io);
    }
}

void player::wait_ready(stream_end& of, const operation& one) {
    std::error_code ec;
    if (one.what == wait_readable && of.in != nullptr) {
        const waits here(*this, one, {[&] { return of.in->why_not_readable(); }});
        with_reader(of, [&](auto& io) { io.readable().wait(ec); });
    } else if (one.what == wait_writable && of.out != nullptr) {
        const waits here(*this, one, {[&] { return of.out->why_not_writing(); }});
        with_writer(of, [&](auto& io) { io.writable().wait(ec); });
    }
}

bool player::play_datagram(const operation& one) {
    datagram_object& it = *in_->datagrams[one.object];
    if (it.is_closed) return true;
    if (one.what == send_datagram) {
        const unsigned number = it.sent++;
        it.under_way.insert(number);
        auto from = mioco::net::udp_socket::v4();
        std::error_code ec;
        from.send_to(std::as_bytes(std::span(&number, 1)), it.where, ec);
        if (ec) it.under_way.erase(number);
        return true;
    }
    if (it.host != host_) return true;
    const waits here(*this, one, {[&] {
        return it.under_way.empty() ? std::string() : std::string("a datagram has come");
    }});
    unsigned number = 0;
    std::error_code ec;
    const std::size_t size = it.real.recv(std::as_writable_bytes(std::span(&number, 1)), ec);
    if (ec) {
        if (!is_interruption(ec) && !it.is_closed)
            in_->log.fail("a datagram's receiver failed: " + ec.message());
    } else if (size != sizeof(number) || it.under_way.erase(number) == 0) {
        in_->log.fail("a datagram came that nobody sent, or came twice");
    }
    return true;
}

}  // namespace mioco_fuzz
