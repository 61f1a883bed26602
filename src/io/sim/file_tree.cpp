// SPDX-License-Identifier: MPL-2.0
#include "io/sim/file_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_path = 4095;
constexpr int most_links = 40;
// A kernel writes its journal by itself after a while; here when it is long.
constexpr std::size_t most_unsynced_names = 4096;

constexpr bool is_ordinary(std::string_view name) noexcept {
    return !name.empty() && name != "." && name != "..";
}

}  // namespace

file_tree::file_tree(world& in, host_id host) : in_(in), host_(host), root_(make(S_IFDIR | 0755)) {
    root_->names = 1;
    root_->parent = root_;
    for (const char* const each : {"run", "tmp", "var"}) {
        const node made = make(S_IFDIR | 0777);
        made->names = 1;
        made->parent = root_;
        root_->entries.emplace(each, made);
    }
    root_->synced_entries = root_->entries;
}

file_tree::node file_tree::make(mode_t mode) {
    return std::make_shared<inode>(in_.next_id(), mode, in_.now());
}

// Null: nothing.
file_tree::node file_tree::entry_of(const node& directory, const std::string& name) {
    if (name == ".") return directory;
    if (name == "..") return directory->parent.lock();
    const auto entry = directory->entries.find(name);
    return entry == directory->entries.end() ? nullptr : entry->second;
}

int file_tree::step(walk& on, last_link last, place& at) const {
    if (!on.here->is_directory()) return -ENOTDIR;
    const std::string name = on.rest.substr(0, on.rest.find('/'));
    if (name.size() > longest_name) return -ENAMETOOLONG;
    on.rest.erase(0, name.size());
    const bool is_last = on.rest.find_first_not_of('/') == std::string::npos;
    at = {on.here, name, entry_of(on.here, name), is_last && !on.rest.empty()};
    if (at.found == nullptr) return is_last ? 0 : -ENOENT;
    const bool follows =
        last == last_link::followed || (last == last_link::itself && at.ends_in_slash);
    if (at.found->is_link() && (follows || !is_last)) {
        if (++on.links > most_links) return -ELOOP;
        on.rest.insert(0, at.found->target);
        if (on.rest.front() == '/') on.here = root_;
        at = {on.here, "", on.here, false};
        return 0;
    }
    if (at.ends_in_slash && !at.found->is_directory() && last != last_link::named) return -ENOTDIR;
    on.here = at.found;
    return 0;
}

int file_tree::find(const node& start, std::string_view path, last_link last, place& at) const {
    if (path.empty()) return -ENOENT;
    if (path.size() > longest_path) return -ENAMETOOLONG;
    walk on{std::string(path), path.front() == '/' ? root_ : start};
    at = {on.here, "", on.here, false};
    for (;;) {
        on.rest.erase(0, std::min(on.rest.find_first_not_of('/'), on.rest.size()));
        if (on.rest.empty()) return 0;
        const int failure = step(on, last, at);
        if (failure < 0 || at.found == nullptr) return failure;
    }
}

int file_tree::look_up(const node& start, std::string_view path, bool follows, node& found) const {
    place at;
    const int failure = find(start, path, follows ? last_link::followed : last_link::itself, at);
    if (failure < 0) return failure;
    found = at.found;
    return found == nullptr ? -ENOENT : 0;
}

int file_tree::find_room(const node& start, std::string_view path, place& at) const {
    const int failure = find(start, path, last_link::named, at);
    if (failure < 0) return failure;
    if (at.found != nullptr) return -EEXIST;
    return 0;
}

int file_tree::add(place& at, const node& made) {
    if (at.directory->names == 0) return -ENOENT;  // it was removed, and somebody has it open
    if (in_.chance(in_.faults().no_space)) return -ENOSPC;
    if (made->is_directory()) made->parent = at.directory;
    carry_out({{at.directory, at.name, made}});
    return 0;
}

int file_tree::open(const node& start, std::string_view path, int flags, mode_t mode,
                    node& opened) {
    const bool makes = (flags & O_CREAT) != 0;
    const bool is_new = makes && (flags & O_EXCL) != 0;
    place at;
    const bool follows = !is_new && (flags & O_NOFOLLOW) == 0;
    const int failure = find(start, path, follows ? last_link::followed : last_link::itself, at);
    if (failure < 0) return failure;
    if (at.found == nullptr) {
        if (!makes) return -ENOENT;
        if (at.ends_in_slash) return -EISDIR;
        opened = make(S_IFREG | (mode & 07777));
        return add(at, opened);
    }
    if (is_new) return -EEXIST;
    return (flags & O_TMPFILE) == O_TMPFILE ? open_unnamed(*at.found, flags, mode, opened)
                                            : open_found(at.found, flags, opened);
}

int file_tree::open_unnamed(const inode& in, int flags, mode_t mode, node& opened) {
    if (!in.is_directory()) return -ENOTDIR;
    if ((flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
    opened = make(S_IFREG | (mode & 07777));
    return 0;
}

int file_tree::open_found(const node& found, int flags, node& opened) {
    const bool wants_directory = (flags & O_DIRECTORY) != 0;
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (found->is_directory()) {
        if (writes || (flags & O_CREAT) != 0) return -EISDIR;
    } else if (wants_directory) {
        return -ENOTDIR;
    }
    if (found->is_link()) return -ELOOP;
    if (S_ISSOCK(found->mode)) return -ENXIO;
    opened = found;
    if ((flags & O_TRUNC) != 0 && writes) {
        opened->content.resize(0);
        opened->note_write(in_.now());
    }
    return 0;
}

int file_tree::make_directory(std::string_view path, mode_t mode) {
    place at;
    const int failure = find_room(root_, path, at);
    return failure < 0 ? failure : add(at, make(S_IFDIR | (mode & 07777)));
}

int file_tree::make_symbolic_link(std::string_view target, std::string_view path) {
    if (target.empty()) return -ENOENT;
    if (target.size() > longest_path) return -ENAMETOOLONG;
    place at;
    if (const int failure = find_room(root_, path, at); failure < 0) return failure;
    if (at.ends_in_slash) return -ENOENT;
    const node made = make(S_IFLNK | 0777);
    made->target = target;
    return add(at, made);
}

int file_tree::make_link(std::string_view file, std::string_view path) {
    node old;
    if (const int failure = look_up(root_, file, false, old); failure < 0) return failure;
    place at;
    if (const int failure = find_room(root_, path, at); failure < 0) return failure;
    if (at.ends_in_slash) return -ENOENT;
    if (old->is_directory()) return -EPERM;
    return add(at, old);
}

int file_tree::make_socket(std::string_view path, std::weak_ptr<unix_socket> bound) {
    place at;
    const int failure = find_room(root_, path, at);
    if (failure < 0) return failure == -EEXIST ? -EADDRINUSE : failure;
    const node made = make(S_IFSOCK | 0755);
    made->bound = std::move(bound);
    return add(at, made);
}

int file_tree::remove(const node& start, std::string_view path, bool is_directory) {
    place at;
    if (const int failure = find(start, path, last_link::named, at); failure < 0) return failure;
    if (at.found == nullptr) return -ENOENT;
    if (!is_directory && at.found->is_directory()) return -EISDIR;
    if ((is_directory || at.ends_in_slash) && !at.found->is_directory()) return -ENOTDIR;
    if (is_directory) {
        if (at.name == ".") return -EINVAL;
        if (at.name.empty()) return -EBUSY;
        if (at.name == ".." || !at.found->entries.empty()) return -ENOTEMPTY;
    }
    carry_out({{at.directory, at.name, nullptr}});
    return 0;
}

bool file_tree::is_below(const node& what, const node& directory) {
    node each = what;
    while (each != directory) {
        node above = each->parent.lock();
        if (above == nullptr || above == each) return false;
        each = std::move(above);
    }
    return true;
}

int file_tree::why_not_replaced(const place& from, const place& to) {
    const bool moves_directory = from.found->is_directory();
    if (moves_directory && is_below(to.directory, from.found)) return -EINVAL;
    if (to.found == nullptr) return 0;
    if (!moves_directory) return to.found->is_directory() ? -EISDIR : 0;
    if (!to.found->is_directory()) return -ENOTDIR;
    return to.found->entries.empty() ? 0 : -ENOTEMPTY;
}

int file_tree::rename(std::string_view from, std::string_view to) {
    place old;
    if (const int failure = find(root_, from, last_link::named, old); failure < 0) return failure;
    if (old.found == nullptr) return -ENOENT;
    place target;
    if (const int failure = find(root_, to, last_link::named, target); failure < 0) return failure;
    if (!is_ordinary(old.name) || !is_ordinary(target.name)) return -EBUSY;
    const bool wants_directory = old.ends_in_slash || target.ends_in_slash;
    if (wants_directory && !old.found->is_directory()) return -ENOTDIR;
    if (old.found == target.found) return 0;
    if (const int failure = why_not_replaced(old, target); failure < 0) return failure;
    if (in_.chance(in_.faults().no_space)) return -ENOSPC;
    const node moved = old.found;
    carry_out({{target.directory, target.name, moved}, {old.directory, old.name, nullptr}});
    if (moved->is_directory()) moved->parent = target.directory;
    return 0;
}

void file_tree::name(entry_map& in, const naming& each) {
    if (each.now == nullptr) {
        in.erase(each.name);
    } else {
        in.insert_or_assign(each.name, each.now);
    }
}

void file_tree::carry_out(change wanted) {
    for (const naming& each : wanted) {
        const auto before = each.directory->entries.find(each.name);
        if (before != each.directory->entries.end()) {
            --before->second->names;
            before->second->changed_at = in_.now();
        }
        if (each.now != nullptr) {
            ++each.now->names;
            each.now->changed_at = in_.now();
        }
        name(each.directory->entries, each);
        each.directory->note_write(in_.now());
        in_.note(host_, act::named, each.directory->number,
                 each.now == nullptr ? 0 : static_cast<std::int64_t>(each.now->number));
    }
    unsynced_.push_back(std::move(wanted));
    if (unsynced_.size() <= most_unsynced_names) return;
    for (const naming& each : unsynced_.front()) name(each.directory->synced_entries, each);
    unsynced_.pop_front();
}

// From the last one back: a change that concerns a directory of a later one that is written must be written before it.
void file_tree::sync(const inode& directory) {
    std::vector<const inode*> concerned{&directory};
    std::deque<change> written;
    std::deque<change> left;
    while (!unsynced_.empty()) {
        change last = std::move(unsynced_.back());
        unsynced_.pop_back();
        const bool is_concerned = std::ranges::any_of(last, [&](const naming& each) {
            return std::ranges::find(concerned, each.directory.get()) != concerned.end();
        });
        if (is_concerned) {
            for (const naming& each : last) concerned.push_back(each.directory.get());
        }
        (is_concerned ? written : left).push_front(std::move(last));
    }
    for (const change& each : written) {
        for (const naming& one : each) name(one.directory->synced_entries, one);
    }
    unsynced_ = std::move(left);
}

void file_tree::crash() {
    const auto kept = static_cast<std::size_t>(in_.below(unsynced_.size() + 1));
    for (std::size_t i = 0; i < kept; ++i) {
        for (const naming& each : unsynced_[i]) name(each.directory->synced_entries, each);
    }
    unsynced_.clear();
    tear_what_is_left();
}

// In the order of names, so that it is drawn in the same order each time.
void file_tree::tear_what_is_left() {
    std::map<const inode*, std::uint64_t> names;
    std::vector<node> directories{root_};
    while (!directories.empty()) {
        const node here = std::move(directories.back());
        directories.pop_back();
        here->entries = here->synced_entries;
        for (const auto& [name, each] : here->entries) {
            each->names = ++names[each.get()];
            if (each->names > 1) continue;
            each->locks.clear();
            if (each->mode != each->synced_mode && in_.below(2) == 0)
                each->mode = each->synced_mode;
            each->synced_mode = each->mode;
            if (each->is_directory()) {
                each->parent = here;
                directories.push_back(each);
            } else if (each->content.tear(in_)) {
                in_.note(host_, act::torn, each->number,
                         static_cast<std::int64_t>(each->content.size()));
                in_.note_content(each->content.bytes());
            }
        }
    }
}

}  // namespace mioco::detail::sim
