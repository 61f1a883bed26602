// SPDX-License-Identifier: MPL-2.0
// What docs/guide/fibers.md shows.

// snippet: first
#include <cstdio>
#include <mioco/mioco.hpp>

int main() {
    mioco::run([] {
        auto product = mioco::spawn([](int a, int b) { return a * b; }, 6, 7);
        std::printf("%d\n", product.join());
    });
}
// end

#include <stdexcept>
#include <string>
#include <vector>

void crawl(const std::string& host);
void accept_all();
long count_words(const std::string& text);
void log_line(int request, const std::string& text);

void spawning() {
    // snippet: spawn
    const std::string text = "to be or not to be";
    auto counting = mioco::spawn(count_words, text);  // a copy of the text
    std::printf("%ld words\n", counting.join());

    auto failing = mioco::spawn([]() -> int { throw std::runtime_error("out of luck"); });
    try {
        failing.join();
    } catch (const std::runtime_error& e) {
        std::printf("a fiber threw: %s\n", e.what());
    }
    // end
}

void letting_go() {
    // snippet: options
    mioco::spawn({.name = "acceptor"}, accept_all);  // nobody joins: it runs on by itself
    mioco::spawn({.stack_size_bytes = 4 << 20, .pinned = true}, crawl, "example.org");
    // end
}

// snippet: yield
std::vector<int> sieve(int limit) {
    std::vector<int> primes;
    for (int n = 2; n < limit; ++n) {
        bool is_prime = true;
        for (const int p : primes) is_prime = is_prime && n % p != 0;
        if (is_prime) primes.push_back(n);
        if (n % 1000 == 0) mioco::yield();  // others that are ready go first
    }
    return primes;
}
// end

// snippet: this-fiber
void report() {
    if (!mioco::this_fiber::in_fiber()) return;
    const auto name = std::string(mioco::this_fiber::name());
    const auto number = static_cast<unsigned long long>(mioco::this_fiber::id().value());
    std::printf("%s is fiber %llu of a runtime with %u workers\n", name.c_str(), number,
                mioco::this_fiber::worker_count());
}
// end

// snippet: fiber-local
mioco::fiber_local<int> depth;
mioco::fiber_local<std::vector<char>> scratch{[] { return std::vector<char>(4096); }};

void visit(int levels) {
    ++*depth;
    if (levels > 0) visit(levels - 1);  // may wait, and go on in another thread
    --*depth;
}
// end

// snippet: data
struct request_id {
    int number;
};

void handle(int number) {
    const request_id mine{number};
    mioco::this_fiber::set_data(mine);           // the caller's alone
    mioco::this_fiber::set_children_data(mine);  // of all that it spawns, and of theirs
    mioco::spawn([] {
        if (const auto id = mioco::this_fiber::data<request_id>()) log_line(id->number, "begun");
    });
    mioco::this_fiber::clear_children_data();  // of those to come
}
// end

void runtimes() {
    // snippet: runtime
    mioco::runtime background(mioco::config{}.workers(2).name("background"));
    auto answer = background.spawn([] { return 42; });  // from any thread
    answer.join();                                      // a plain thread blocks, a fiber parks
    background.run([] { mioco::yield(); });             // and may be called again
    background.stop();                                  // asks its fibers to unwind
    background.wait();                                  // until none is left
    // end
}

void configured() {
    // snippet: config
    const auto settings = mioco::config{}
                              .workers(4)
                              .stack_size(64 * 1024)
                              .uncaught(mioco::on_uncaught::rethrow)
                              .data(request_id{0});  // what every fiber begins with
    mioco::run(settings, accept_all);
    // end
}
