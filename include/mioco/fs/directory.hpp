// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>

namespace mioco::fs {

/// What is in a directory.
struct directory_entry {
    /// The directory's path, and the name in it.
    std::filesystem::path path;
    /// Of a symbolic link `symlink`. `not_found` if the file system does not tell types, and the entry is gone since.
    std::filesystem::file_type type = std::filesystem::file_type::none;
};

/// What is in a directory, one after the other and in no order: `for (const auto& entry : fs::read_directory(path))`. "." and ".." are
/// left out. What is added or removed meanwhile may be among it or not; the rest comes once. Move-only; used by one fiber or thread at
/// a time. New here.
class directory_entries {
public:
    /// No directory: it has no entries.
    directory_entries() noexcept;
    /// Takes the other's, which has none then.
    directory_entries(directory_entries&& other) noexcept;
    /// Closes what it held before.
    directory_entries& operator=(directory_entries&& other) noexcept;
    directory_entries(const directory_entries&) = delete;
    directory_entries& operator=(const directory_entries&) = delete;
    /// Closes the directory. It may park, and is no cancellation point.
    ~directory_entries();

    /// The next entry; none: there are no more. Some hundred are read at a time, by a call on the pool as those of files are; where the file
    /// system does not tell types there is another call for each entry. A cancelled call has read nothing, and the next one goes on; after
    /// another failure there are no more. Throws `std::system_error`, and is a cancellation point, when it has to make such a call.
    std::optional<directory_entry> next();
    /// The same, with the error in `ec` and no entry returned.
    std::optional<directory_entry> next(std::error_code& ec);

    /// Goes through what `next` returns; there is one pass.
    class iterator {
    public:
        using value_type = directory_entry;                ///< What it leads to.
        using difference_type = std::ptrdiff_t;            ///< As iterators have one.
        using iterator_concept = std::input_iterator_tag;  ///< One pass.

        /// At the next entry. Throws as `next`.
        explicit iterator(directory_entries& of) : of_(&of), here_(of.next()) {}
        /// The entry.
        const directory_entry& operator*() const noexcept { return *here_; }  // NOLINT
        /// The entry.
        const directory_entry* operator->() const noexcept { return &*here_; }  // NOLINT
        /// To the next one. Throws as `next`.
        iterator& operator++() {
            here_ = of_->next();
            return *this;
        }
        /// The same.
        void operator++(int) { ++*this; }
        /// Whether there are no more.
        friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
            return !at.here_.has_value();
        }

    private:
        directory_entries* of_;
        std::optional<directory_entry> here_;
    };
    /// At the first that was not returned yet. Throws as `next`.
    iterator begin() { return iterator(*this); }
    /// Behind the last one.
    static std::default_sentinel_t end() noexcept { return {}; }

private:
    friend directory_entries read_directory(const std::filesystem::path& path);
    friend directory_entries read_directory(const std::filesystem::path& path, std::error_code& ec);
    struct state;
    static directory_entries open(const std::filesystem::path& path, std::error_code* ec);
    std::optional<directory_entry> take(std::error_code* ec);

    std::unique_ptr<state> state_;
};

/// Opens a directory to see what is in it. It parks, throws and is cancelled as the calls of `mioco/fs/operations.hpp`.
directory_entries read_directory(const std::filesystem::path& path);
/// The same, with the error in `ec` and no entries returned.
directory_entries read_directory(const std::filesystem::path& path, std::error_code& ec);

}  // namespace mioco::fs
