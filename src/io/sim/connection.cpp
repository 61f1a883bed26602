// SPDX-License-Identifier: MPL-2.0
#include "io/sim/connection.hpp"

#include <algorithm>

#include "io/sim/tcp_socket.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

// The lanes' own tags are 0 and 1.
constexpr std::uint64_t ask_again_tag = 2;
constexpr std::uint64_t give_up_tags = 3;  // and 4; the count of holdings stands above

constexpr nanoseconds_t second = 1'000'000'000;
constexpr std::size_t header_bytes = 66;

act arrival_of(segment::kind what) noexcept {
    return static_cast<act>(static_cast<int>(act::arrived_syn) + static_cast<int>(what));
}

static_assert(static_cast<int>(act::arrived_reset) - static_cast<int>(act::arrived_syn) ==
              static_cast<int>(segment::kind::reset));

}  // namespace

connection::connection(world& in, const place& client, const place& server)
    : in_(in), id_(in.next_id()), places_{client, server} {}

void connection::begin(const std::shared_ptr<tcp_socket>& client) {
    ends_[0] = client;
    began_ = in_.now();
    if (in_.chance(in_.faults().failed_connect))
        fate_ = in_.below(2) == 0 ? fate::refused : fate::unanswered;
    send(0, {segment::kind::syn});
}

void connection::send(unsigned end, segment what) {
    lane& own = lanes_[end];
    what.due = std::max(own.last_due, in_.net().arrival(places_[end].host, places_[1 - end].host,
                                                        what.bytes.size() + header_bytes));
    // An acknowledgement that nobody has seen yet tells the latest.
    if (what.what == segment::kind::ack && !own.queue.empty() &&
        own.queue.back().what == segment::kind::ack && own.queue.back().due == what.due) {
        own.queue.back().acked = what.acked;
        own.queue.back().limit = what.limit;
        return;
    }
    own.last_due = what.due;
    in_.post(what.due, shared_from_this(), end);
    own.queue.push(std::move(what));
}

void connection::leave(unsigned end, leaving how) noexcept {
    ends_[end].reset();
    finished_[end] = how == leaving::finished;
    lost_[end] = how == leaving::lost;
}

void connection::arrive(std::uint64_t tag) {
    if (tag < 2) return run_lane(static_cast<unsigned>(tag));
    if (tag == ask_again_tag) return ask_again();
    const auto which = static_cast<unsigned>((tag & 7) - give_up_tags);
    if (lanes_[which].held && lanes_[which].times_held == tag >> 3) give_up(which);
}

bool connection::is_open(unsigned which) const {
    return in_.net().is_open(places_[which].host, places_[1 - which].host);
}

// The client takes the connection for open by then, so what it sends after that waits too.
bool connection::must_wait(const segment& what) const {
    if (what.what != segment::kind::opened) return false;
    const auto child = ends_[1].lock();
    return child && !child->may_be_queued();
}

void connection::run_lane(unsigned which) {
    lane& own = lanes_[which];
    while (!own.held && !own.queue.empty() && own.queue.front().due <= in_.now()) {
        if (!is_open(which)) return hold(which);
        if (must_wait(own.queue.front())) return delay_opened();
        segment first = own.queue.pop();
        deliver(which, first);
    }
}

void connection::delay(unsigned which, nanoseconds_t until) {
    lane& own = lanes_[which];
    own.queue.front().due = until;
    own.last_due = std::max(own.last_due, until);
    in_.post(until, shared_from_this(), which);
}

// As often as the kernel answers a client again that has not finished its handshake.
void connection::delay_opened() {
    constexpr unsigned most_answers = 5;
    const auto child = ends_[1].lock();
    if (times_delayed_ < most_answers) return delay(0, in_.now() + (second << times_delayed_++));
    child->refuse();
}

void connection::hold(unsigned which) {
    lane& own = lanes_[which];
    own.held = true;
    ++own.times_held;
    in_.note(places_[which].host, act::held_up, id_, which);
    in_.net().hold(shared_from_this(), which);
    const bool connects = own.queue.front().what == segment::kind::syn;
    const nanoseconds_t until = connects ? began_ + in_.wanted().connect_timeout.count()
                                         : in_.now() + in_.wanted().give_up_after.count();
    in_.post(until, shared_from_this(), own.times_held << 3 | (give_up_tags + which));
}

void connection::release(unsigned which) {
    lane& own = lanes_[which];
    if (!std::exchange(own.held, false) || own.queue.empty()) return;
    if (lost_[which]) return own.queue.clear();
    delay(which, in_.net().arrival(places_[which].host, places_[1 - which].host, 0));
}

// Whoever waits for an answer takes the other for gone. It does not tell, as nothing gets through.
void connection::give_up(unsigned which) {
    const std::shared_ptr<tcp_socket> waiting[] = {ends_[which].lock(), ends_[1 - which].lock()};
    bool gave_up = false;
    for (const auto& each : waiting) {
        if (!each || !each->waits_for_answer()) continue;
        in_.note(each->host(), act::gave_up, id_, which);
        each->time_out();
        gave_up = true;
    }
    // With nobody left, nobody would take it.
    if (!gave_up && (waiting[0] || waiting[1])) return;
    lanes_[which].held = false;
    lanes_[which].queue.clear();
}

void connection::deliver(unsigned which, segment& what) {
    const unsigned end = 1 - which;
    in_.note(places_[end].host, arrival_of(what.what), id_,
             static_cast<std::int64_t>(what.bytes.size()));
    if (what.what == segment::kind::syn) return answer_syn();
    if (const auto target = ends_[end].lock()) return target->take(what);
    const bool is_surprise =
        what.what == segment::kind::data || what.what == segment::kind::syn_ack ||
        what.what == segment::kind::opened || (what.what == segment::kind::fin && !finished_[end]);
    if (is_surprise) send(end, {segment::kind::reset});
}

void connection::answer_syn() {
    if (fate_ == fate::unanswered) return drop_syn();
    if (!ends_[1].expired()) return;
    inet_socket* const found =
        fate_ == fate::refused
            ? nullptr
            : in_.net().at(places_[1].host).tcp.listener_at(places_[1].address, places_[0].address);
    if (found == nullptr) return send(1, {segment::kind::reset});
    auto& listener = static_cast<tcp_socket&>(*found);
    if (!listener.has_room_in_queue()) return drop_syn();
    const std::shared_ptr<tcp_socket> child = listener.make_child(shared_from_this());
    ends_[1] = child;
    send(1, {segment::kind::syn_ack, 0, 0, child->window()});
}

void connection::drop_syn() {
    in_.note(places_[1].host, act::dropped_syn, id_, syns_dropped_);
    const nanoseconds_t end = began_ + in_.wanted().connect_timeout.count();
    const nanoseconds_t pause = second << std::min(syns_dropped_++, 20U);
    in_.post(std::min(end, in_.now() + pause), shared_from_this(), ask_again_tag);
}

void connection::ask_again() {
    const auto client = ends_[0].lock();
    if (!client || !client->waits_for_answer()) return;
    if (in_.now() < began_ + in_.wanted().connect_timeout.count())
        return send(0, {segment::kind::syn});
    in_.note(client->host(), act::gave_up, id_, 0);
    client->time_out();
}

}  // namespace mioco::detail::sim
