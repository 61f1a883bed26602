// SPDX-License-Identifier: MPL-2.0
//
// file [path]
//
// Prints a file line by line, read in a fiber: /etc/passwd unless another one is given.

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include <mioco/mioco.hpp>

namespace {

// The lines of a file, read block by block. While a read waits for the disk, other fibers run.
class line_reader {
public:
    explicit line_reader(const char* path) : file_(mioco::fs::file::open(path)) {}

    // False at the end of the file. The line comes without its end.
    bool next(std::string& line) {
        line.clear();
        for (;;) {
            const auto end = unread_.find('\n');
            line += unread_.substr(0, end);
            if (end != std::string_view::npos) {
                unread_.remove_prefix(end + 1);
                return true;
            }
            unread_ = {buffer_.data(), file_.read(buffer_)};
            if (unread_.empty()) return !line.empty();
        }
    }

private:
    mioco::fs::file file_;
    std::array<char, 4096> buffer_;
    std::string_view unread_;
};

void print_lines(const char* path) {
    line_reader lines(path);
    for (std::string line; lines.next(line);) std::puts(line.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        mioco::run([&] { print_lines(argc > 1 ? argv[1] : "/etc/passwd"); });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "file: %s\n", e.what());
        return 1;
    }
    return 0;
}
