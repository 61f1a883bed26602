// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <mioco/mioco.hpp>

#include "lines.hpp"
#include "log.hpp"

namespace store {

/// A server as others know it.
struct address {
    std::string name;
    mioco::net::endpoint where;
};

struct server_options {
    /// The other servers.
    std::vector<address> peers;
    /// So long a write waits for a majority of the servers to have it.
    std::chrono::milliseconds patience{500};
    /// Called with what happens that is worth telling.
    std::function<void(const std::string&)> tell = [](const std::string&) {};
};

/// One server of a replicated store: the primary, which sends its log to the others, or a replica.
///
///     SET key value    OK, once a majority of the servers has it     from clients, to the primary
///     GET key          VALUE value, or NONE                          as above
///     PING             PRIMARY, or REPLICA                           from the watchman
///     FENCE epoch      LOG last-epoch length                         as above: obey no primary of an older epoch any more
///     PROMOTE epoch    OK                                            as above: be the primary of that epoch
///     APPEND epoch first count, and as many lines: epoch key value   from the primary of that epoch
///                      HAVE length
///
/// Or ERR and the reason. A GET may find less than the newest: whoever must not has a SET acknowledged first.
/// The server must outlive its fibers.
class server {
public:
    explicit server(server_options options);

    /// Serves until its runtime is stopped.
    void serve(mioco::net::tcp_listener& listener);

private:
    struct peer {
        address at;
        std::size_t has = 0;  // entries that it has of the log of this epoch
    };

    void converse(mioco::net::tcp_stream connection);
    std::string answer(line_stream& from, const std::vector<std::string>& words);
    std::string set(const std::string& key, const std::string& value);
    std::string get(const std::string& key);
    std::string ping();
    std::string fence(epoch_number epoch);
    std::string promote(epoch_number epoch);
    std::string append(epoch_number epoch, std::size_t first, const std::vector<entry>& entries);

    // Of the primary: one fiber a replica.
    void replicate(peer& to, epoch_number epoch);
    void feed(peer& to, epoch_number epoch);
    std::string entries_for(epoch_number epoch, std::size_t has);

    // Under the lock.
    void begin(epoch_number epoch);
    [[nodiscard]] bool rules(epoch_number epoch) const { return is_primary_ && epoch_ == epoch; }
    [[nodiscard]] bool most_have(std::size_t length) const;

    server_options options_;
    mioco::mutex guard_;
    mioco::condition_variable changed_;  // the epoch, the log, or what a replica has
    std::vector<peer> peers_;
    log log_;
    epoch_number epoch_ = 0;  // the newest that it has heard of
    bool is_primary_ = false;
};

}  // namespace store
