// SPDX-License-Identifier: MPL-2.0
#include "server.hpp"

#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace store {

using namespace std::chrono_literals;

server::server(server_options options) : options_(std::move(options)) {
    for (const address& each : options_.peers) peers_.push_back({each});
}

void server::serve(mioco::net::tcp_listener& listener) {
    for (;;) {
        mioco::spawn(
            [this, connection = listener.accept()]() mutable { converse(std::move(connection)); });
    }
}

void server::converse(mioco::net::tcp_stream connection) {
    try {
        connection.nodelay(true);
        line_stream lines(std::move(connection));
        while (const auto line = lines.read()) lines.write(answer(lines, words_of(*line)) + '\n');
    } catch (const std::system_error&) {
        return;  // the client has gone
    }
}

std::string server::answer(line_stream& from, const std::vector<std::string>& words) {
    try {
        const std::string& what = words.at(0);
        if (what == "SET") return set(words.at(1), words.at(2));
        if (what == "GET") return get(words.at(1));
        if (what == "PING") return ping();
        if (what == "FENCE") return fence(number_in(words, 1));
        if (what == "PROMOTE") return promote(number_in(words, 1));
        if (what != "APPEND") return "ERR no such command";
        std::vector<entry> entries;
        for (auto left = number_in(words, 3); left > 0; --left) {
            const auto parts = words_of(from.read().value_or(""));
            entries.push_back({number_in(parts, 0), parts.at(1), parts.at(2)});
        }
        return append(number_in(words, 1), number_in(words, 2), entries);
    } catch (const std::logic_error&) {
        return "ERR malformed";
    }
}

// For clients

std::string server::set(const std::string& key, const std::string& value) {
    std::unique_lock held(guard_);
    if (!is_primary_) return "ERR not the primary";
    const epoch_number epoch = epoch_;
    log_.append({epoch, key, value});
    const std::size_t length = log_.length();
    changed_.notify_all();
    changed_.wait_for(held, options_.patience, [&] { return !rules(epoch) || most_have(length); });
    // It stays in the log all the same: whether it lasts nobody can tell.
    if (!rules(epoch) || !most_have(length)) return "ERR no majority has it";
    return "OK";
}

bool server::most_have(std::size_t length) const {
    std::size_t count = 1;  // itself
    for (const peer& each : peers_) count += each.has >= length ? 1 : 0;
    return 2 * count > peers_.size() + 1;
}

std::string server::get(const std::string& key) {
    const std::scoped_lock held(guard_);
    if (!is_primary_) return "ERR not the primary";
    const auto value = log_.find(key);
    return value ? "VALUE " + *value : "NONE";
}

// For the watchman

std::string server::ping() {
    const std::scoped_lock held(guard_);
    return is_primary_ ? "PRIMARY" : "REPLICA";
}

void server::begin(epoch_number epoch) {
    if (is_primary_) options_.tell("is not the primary any more");
    epoch_ = epoch;
    is_primary_ = false;
    changed_.notify_all();
}

std::string server::fence(epoch_number epoch) {
    const std::scoped_lock held(guard_);
    if (epoch <= epoch_) return "ERR a newer epoch has begun";
    begin(epoch);
    const position end = log_.end();
    return "LOG " + std::to_string(end.epoch) + ' ' + std::to_string(end.length);
}

std::string server::promote(epoch_number epoch) {
    const std::scoped_lock held(guard_);
    if (epoch != epoch_) return "ERR another epoch has begun";
    options_.tell("is the primary of epoch " + std::to_string(epoch));
    is_primary_ = true;
    for (peer& each : peers_) {
        each.has = 0;
        mioco::spawn([this, &each, epoch] { replicate(each, epoch); });
    }
    return "OK";
}

// From the primary to replicas

void server::replicate(peer& to, epoch_number epoch) {
    const auto goes_on = [&] {
        const std::scoped_lock held(guard_);
        return rules(epoch);
    };
    while (goes_on()) {
        try {
            feed(to, epoch);
        } catch (const std::system_error&) {
            mioco::sleep_for(50ms);  // it cannot be reached, or has closed: connect anew
        }
    }
}

// What the replica has is unknown first, so it is sent the whole log.
void server::feed(peer& to, epoch_number epoch) {
    auto connection = mioco::net::tcp_stream::connect(to.at.where);
    connection.nodelay(true);
    line_stream replica(std::move(connection));
    std::size_t has = 0;
    for (;;) {
        const std::string message = entries_for(epoch, has);
        if (message.empty()) return;
        replica.write(message);
        const auto reply = replica.read();
        if (!reply) throw std::system_error(mioco::errc::end_of_stream, to.at.name);
        const auto words = words_of(*reply);
        const std::scoped_lock held(guard_);
        if (!rules(epoch)) return;
        if (words.at(0) != "HAVE") return begin(epoch);  // another primary has been promoted
        has = to.has = number_in(words, 1);
        changed_.notify_all();
    }
}

// Waits for one that it lacks. Empty when the epoch is over.
std::string server::entries_for(epoch_number epoch, std::size_t has) {
    std::unique_lock held(guard_);
    changed_.wait(held, [&] { return !rules(epoch) || log_.length() > has; });
    if (!rules(epoch)) return {};
    std::string message = "APPEND " + std::to_string(epoch) + ' ' + std::to_string(has) + ' ' +
                          std::to_string(log_.length() - has) + '\n';
    for (const entry& each : log_.from(has))
        message += std::to_string(each.epoch) + ' ' + each.key + ' ' + each.value + '\n';
    return message;
}

std::string server::append(epoch_number epoch, std::size_t first,
                           const std::vector<entry>& entries) {
    const std::scoped_lock held(guard_);
    if (epoch < epoch_) return "ERR a newer epoch has begun";
    if (epoch > epoch_) begin(epoch);  // it did not hear the watchman
    if (first > log_.length()) throw std::out_of_range("entries are missing before these");
    log_.take(first, entries);
    return "HAVE " + std::to_string(first + entries.size());
}

}  // namespace store
