// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "io/sim/inode.hpp"
#include "io/sim/turns.hpp"

namespace mioco::detail::sim {

class world;

/// The directories of a host, and what is in them. Calls are as the system's of these names, and return 0 or a negative errno value. Who
/// calls may do everything, and everything is on one device.
///
/// A change of names is on the device once a directory that it concerns is synced. What is not comes into question in the order in which
/// it was done, as a journal has it: a crash keeps the first so many changes, each of them whole.
class file_tree {
public:
    using node = std::shared_ptr<inode>;

    file_tree(world& in, host_id host);

    [[nodiscard]] const node& root() const noexcept { return root_; }

    /// Relative paths begin at `start`. Follows a symbolic link at the end too, if asked to.
    int look_up(const node& start, std::string_view path, bool follows, node& found) const;
    /// As open(2), without the descriptor.
    int open(const node& start, std::string_view path, int flags, mode_t mode, node& opened);
    int make_directory(std::string_view path, mode_t mode);
    /// As symlink(2).
    int make_symbolic_link(std::string_view target, std::string_view path);
    int make_link(std::string_view file, std::string_view path);
    /// The name of a Unix socket.
    int make_socket(std::string_view path, std::weak_ptr<unix_socket> bound);
    int remove(const node& start, std::string_view path, bool is_directory);
    int rename(std::string_view from, std::string_view to);

    /// The changes that concern the directory, and those that these depend on.
    void sync(const inode& directory);
    /// What a crash leaves.
    void crash();

private:
    // Where a path ends.
    struct place {
        node directory;
        std::string name;  // empty, "." or "..": that cannot be made or removed
        node found;
        bool ends_in_slash = false;
    };
    // How far a path was followed.
    struct walk {
        std::string rest;
        node here;
        int links = 0;
    };
    struct naming {
        node directory;
        std::string name;
        node now;  // null: nothing
    };
    using change = std::vector<naming>;  // all or none

    /// What is meant by a path that ends with a symbolic link: what it leads to; itself, but what it leads to with a slash behind it; or its
    /// name, as of what is made, removed and renamed.
    enum class last_link { followed, itself, named };

    static node entry_of(const node& directory, const std::string& name);
    int step(walk& on, last_link last, place& at) const;
    int find(const node& start, std::string_view path, last_link last, place& at) const;
    /// Where something new is to be.
    int find_room(const node& start, std::string_view path, place& at) const;
    node make(mode_t mode);
    int open_unnamed(const inode& in, int flags, mode_t mode, node& opened);
    int open_found(const node& found, int flags, node& opened);
    int add(place& at, const node& made);
    void carry_out(change wanted);
    static void name(entry_map& in, const naming& each);
    static bool is_below(const node& what, const node& directory);
    static int why_not_replaced(const place& from, const place& to);
    void tear_what_is_left();

    world& in_;
    const host_id host_;
    node root_;
    std::deque<change> unsynced_;
};

}  // namespace mioco::detail::sim
