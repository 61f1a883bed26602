// SPDX-License-Identifier: MPL-2.0
// Fibers that talk: a few workers take jobs from one channel and answer into another, and whoever waits for the
// answers also waits for the end of the work and for a time.
//
//     make examples && build/release/examples/select
#include <chrono>
#include <cstdio>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include <mioco/mioco.hpp>

using namespace std::chrono_literals;

namespace {

struct tally {
    mioco::mutex guard;
    int jobs = 0;
};

void work(const mioco::receiver<int>& jobs, const mioco::sender<std::string>& answers,
          tally& done) {
    for (const int each : jobs) {
        mioco::sleep_for(1ms);  // where a real one would ask a database
        {
            const std::scoped_lock held(done.guard);
            ++done.jobs;
        }
        answers.send(std::to_string(each) + " squared is " + std::to_string(each * each));
    }
}

void print_answers() {
    tally done;  // nothing stops this runtime, so the fibers end before what they refer to
    mioco::wait_group working;
    auto [jobs, to_do] = mioco::channel<int>(2);
    auto [answers, to_print] = mioco::channel<std::string>(0);
    for (int i = 0; i < 3; ++i) {
        working.add();
        mioco::spawn([&, to_do = to_do, answers = answers] {
            work(to_do, answers, done);
            working.done();
        });
    }
    mioco::spawn([jobs = std::move(jobs)] {
        for (int i = 1; i <= 6; ++i) jobs.send(i);
    });
    for (bool busy = true; busy;) {
        mioco::select(
            mioco::on(to_print.receiving(),
                      [](const std::optional<std::string>& line) {
                          if (line) std::puts(line->c_str());
                      }),
            mioco::on(working.waiting(), [&] { busy = false; }),
            mioco::on(mioco::after(10s), [] { std::puts("nobody has answered for ten seconds"); }));
    }
    std::printf("%d jobs done\n", done.jobs);
}

}  // namespace

int main() {
    try {
        mioco::run(print_answers);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "select: %s\n", e.what());
        return 1;
    }
    return 0;
}
