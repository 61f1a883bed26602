// SPDX-License-Identifier: MPL-2.0
#include "debug/dump_on_signal.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include <semaphore.h>
#include <unistd.h>

#include <mioco/dump.hpp>

#include "base/never_destroyed.hpp"
#include "base/signals_blocked.hpp"
#include "io/driver.hpp"

namespace mioco::detail {

namespace {

struct dump_registration {
    unsigned uses = 0;
    struct sigaction before{};
};

// Never destroyed, so that a handler that is half-way when the last user ends finds it all there.
struct dump_service {
    sem_t wanted{};
    std::atomic<pid_t> process{0};
    std::atomic<bool> requested{false};
    std::atomic<bool> ending{false};
    std::mutex changing;  // for what follows
    unsigned users = 0;
    std::unique_ptr<driver_thread> thread;
    std::array<dump_registration, NSIG> registrations;
};
dump_service& service() noexcept {
    static never_destroyed<dump_service> lasting;
    return lasting.value;
}
std::atomic<dump_service*> for_handlers{nullptr};

void on_dump_signal(int number) noexcept {
    dump_service& mine = *for_handlers.load();
    if (getpid() != mine.process.load()) {
        // In a child: the default effect, when this returns.
        struct sigaction standard{};
        standard.sa_handler = SIG_DFL;
        sigaction(number, &standard, nullptr);
        raise(number);
        return;
    }
    mine.requested.store(true);
    sem_post(&mine.wanted);
}

void write_dumps(dump_service& mine) noexcept {
    while (!mine.ending.load()) {
        if (mine.requested.exchange(false)) dump();
        sem_wait(&mine.wanted);
    }
}

void start_writing(dump_service& mine) {
    if (mine.users != 0) return;
    sem_init(&mine.wanted, 0, 0);
    mine.process.store(getpid());
    mine.requested.store(false);
    mine.ending.store(false);
    for_handlers.store(&mine);
    const signals_blocked meanwhile;
    mine.thread = system_driver().start_thread("mioco-dump", [&mine] { write_dumps(mine); });
}

void end_writing(dump_service& mine) noexcept {
    if (mine.users != 0) return;
    mine.ending.store(true);
    sem_post(&mine.wanted);
    mine.thread->join();
    mine.thread = nullptr;
}

[[noreturn]] void refuse_number(int number, const char* why) {
    throw std::invalid_argument("mioco: config::dump_on_signal(" + std::to_string(number) +
                                "): " + why);
}

bool install_dump_handler(int number, struct sigaction& before) noexcept {
    struct sigaction action{};
    action.sa_handler = &on_dump_signal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, &before) == 0;
}

void restore_handler(int number, const struct sigaction& before) noexcept {
    struct sigaction now{};
    sigaction(number, nullptr, &now);
    if (now.sa_handler == &on_dump_signal) sigaction(number, &before, nullptr);
}

}  // namespace

dump_signal::dump_signal(int number) : number_(number) {
    if (number <= 0 || number >= NSIG)
        refuse_number(number, "no such signal; 0 is for none, and SIGQUIT is usual");
    dump_service& mine = service();
    const std::scoped_lock held(mine.changing);
    start_writing(mine);
    dump_registration& each = mine.registrations[static_cast<std::size_t>(number)];
    if (each.uses == 0 && !install_dump_handler(number, each.before)) {
        end_writing(mine);
        refuse_number(number, "this signal cannot be handled");
    }
    ++each.uses;
    ++mine.users;
}

dump_signal::~dump_signal() {
    dump_service& mine = service();
    const std::scoped_lock held(mine.changing);
    dump_registration& each = mine.registrations[static_cast<std::size_t>(number_)];
    if (--each.uses == 0) restore_handler(number_, each.before);
    --mine.users;
    end_writing(mine);
}

}  // namespace mioco::detail
