// SPDX-License-Identifier: MPL-2.0
// What docs/guide/files.md shows.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;
using namespace std::string_view_literals;

std::string changed(std::string text);

void whole() {
    // snippet: whole
    std::string settings = mioco::fs::read_file("settings.txt");
    mioco::fs::replace_file("settings.txt", changed(settings));
    // end
}

void open_files() {
    // snippet: file
    auto notes = mioco::fs::file::open("notes.txt", {.read = true, .write = true, .create = true});
    notes.write_all("first line\n"sv);
    notes.flush();  // on the device now
    char head[5];
    notes.read_at(head, 0);  // leaves the position alone
    notes.seek(0, mioco::fs::seek_from::end);
    // end
}

void directories() {
    // snippet: directories
    mioco::fs::create_directories("spool/new");
    for (const auto& entry : mioco::fs::read_directory("spool")) {
        if (entry.type != std::filesystem::file_type::regular) continue;
        if (mioco::fs::status(entry.path).size == 0) mioco::fs::remove(entry.path);
    }
    // end
}

void temporaries() {
    // snippet: temporary
    const mioco::fs::temporary_directory work;  // removed with all that is in it
    mioco::fs::write_file(work.path() / "part 1", "some text"sv);
    auto unnamed = mioco::fs::temporary_file();  // gone when it is closed
    // end
}

// snippet: locks
void count_up() {
    auto counter = mioco::fs::file::open("counter", {.read = true, .write = true, .create = true});
    const std::unique_lock held(counter);  // other processes that lock it wait
    std::string text(counter.size(), '\0');
    counter.read_exactly(text);
    counter.resize(0);
    counter.write_at(std::to_string(std::atoi(text.c_str()) + 1), 0);
}
// end

// snippet: bounded
bool is_only_instance(mioco::fs::file& lock) {
    std::error_code ec;
    mioco::with_deadline(2s, [&] { lock.lock(ec); });
    if (ec && ec != std::errc::timed_out) throw std::system_error(ec, "the lock file");
    return !ec;
}
// end
