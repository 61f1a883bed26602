// SPDX-License-Identifier: MPL-2.0
// Reads of 4 KiB at chosen places of one file by 64 fibers at once, on one worker: `file_read PATH cold|warm [COUNT]`. Cold: by O_DIRECT,
// so that each read waits for the device; warm: from the page cache. MIOCO_FILES=pool has the same done by the pool. `file_read PATH
// WHAT COUNT THREADS` reads by as many plain threads instead, with pread, and with `nowait` behind it by preadv2 with RWF_NOWAIT, which
// is what mioco tries first, and where that finds nothing with pread. Makes the file if it is not there.

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

constexpr std::size_t block_bytes = 4096;
constexpr std::size_t blocks = 16'384;
constexpr std::size_t fibers = 64;

struct free_deleter {
    void operator()(void* memory) const { std::free(memory); }
};
using buffer = std::unique_ptr<char, free_deleter>;

// As O_DIRECT wants it.
buffer aligned_block() {
    return buffer(static_cast<char*>(std::aligned_alloc(block_bytes, block_bytes)));
}

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

void make_file(const char* path) {
    if (access(path, R_OK) == 0) return;
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::vector<char> all(block_bytes * blocks, 'x');
    if (fd < 0 || write(fd, all.data(), all.size()) != static_cast<ssize_t>(all.size()))
        fail("cannot make the file");
    fsync(fd);
    close(fd);
}

// Numbers below `count`, each once, in an order that no read-ahead guesses.
class places {
public:
    explicit places(std::size_t count) : count_(count) {}
    // False: there are no more.
    bool next(std::uint64_t& offset) {
        const std::size_t i = taken_.fetch_add(1, std::memory_order_relaxed);
        offset = i * 7'919 % blocks * block_bytes;
        return i < count_;
    }

private:
    const std::size_t count_;
    std::atomic<std::size_t> taken_{0};
};

void check(std::size_t got) {
    if (got != block_bytes) fail("a read fell short");
}

void read_in_fibers(int fd, std::size_t count) {
    mioco::run(mioco::config{}.workers(1), [&] {
        auto shared = mioco::fs::file::adopt(dup(fd));
        places all(count);
        std::vector<mioco::join_handle<void>> readers;
        for (std::size_t i = 0; i < fibers; ++i) {
            readers.push_back(mioco::spawn([&] {
                const buffer block = aligned_block();
                for (std::uint64_t offset = 0; all.next(offset);)
                    check(shared.read_at(std::span(block.get(), block_bytes), offset));
            }));
        }
        for (auto& each : readers) each.join();
    });
}

ssize_t read_plainly(int fd, char* into, off_t offset, bool is_nowait) {
    if (!is_nowait) return pread(fd, into, block_bytes, offset);
    const iovec all{into, block_bytes};
    const ssize_t count = preadv2(fd, &all, 1, offset, RWF_NOWAIT);
    // The kernel may have taken pages out of the cache since they were read into it: of a file that fits, a few.
    return count < 0 && errno == EAGAIN ? pread(fd, into, block_bytes, offset) : count;
}

void read_in_threads(int fd, std::size_t count, std::size_t threads, bool is_nowait) {
    places all(count);
    const auto read = [&] {
        const buffer block = aligned_block();
        for (std::uint64_t offset = 0; all.next(offset);)
            check(static_cast<std::size_t>(
                read_plainly(fd, block.get(), static_cast<off_t>(offset), is_nowait)));
    };
    std::vector<std::thread> readers;
    for (std::size_t i = 0; i < threads; ++i) readers.emplace_back(read);
    for (auto& each : readers) each.join();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 2 ? argv[2] : "";
    if (what != "cold" && what != "warm") {
        std::fprintf(stderr, "usage: %s PATH cold|warm [COUNT [THREADS [nowait]]]\n", argv[0]);
        return 2;
    }
    make_file(argv[1]);
    const std::size_t count = bench::argument(argc, argv, 3, 100'000);
    const int fd = open(argv[1], O_RDONLY | O_CLOEXEC | (what == "cold" ? O_DIRECT : 0));
    if (fd < 0) fail("cannot open the file");
    const bool by_threads = argc > 4;
    const auto read = [&](std::size_t how_many) {
        if (by_threads)
            return read_in_threads(fd, how_many, bench::argument(argc, argv, 4, 1), argc > 5);
        read_in_fibers(fd, how_many);
    };
    read(what == "warm" ? blocks : fibers);  // so that the cache is full
    bench::report("file_read", 1, count, bench::measure(count, [&] { read(count); }));
}
