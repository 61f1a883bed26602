// SPDX-License-Identifier: MPL-2.0
// What docs/guide/sync.md shows.
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <shared_mutex>
#include <string>
#include <utility>
#include <variant>

#include <mioco/barrier.hpp>
#include <mioco/condition_variable.hpp>
#include <mioco/event.hpp>
#include <mioco/latch.hpp>
#include <mioco/mutex.hpp>
#include <mioco/once.hpp>
#include <mioco/select.hpp>
#include <mioco/semaphore.hpp>
#include <mioco/shared_mutex.hpp>
#include <mioco/spawn.hpp>
#include <mioco/timer.hpp>

using namespace std::chrono_literals;

void store(const std::string& key, int value);
void fetch(int number);
void load_tables();
void step(int worker, int phase);

// snippet: mutex
class accounts {
    mioco::mutex guard_;
    std::map<std::string, int> balance_;

public:
    void pay(const std::string& who, int amount) {
        const std::scoped_lock held(guard_);
        balance_[who] += amount;
        store(who, balance_[who]);  // may wait: the lock is the fiber's, not the thread's
    }
};
// end

void timed(mioco::mutex& guard) {
    // snippet: timed
    std::unique_lock held(guard, std::defer_lock);
    if (held.try_lock_for(100ms)) store("late", 1);

    auto event = mioco::select(guard.locking(), mioco::after(100ms));  // or as a case
    if (auto* mine = std::get_if<0>(&event)) mine->unlock();
    // end
}

// snippet: shared
class settings {
    mutable mioco::shared_mutex guard_;
    std::map<std::string, std::string> values_;

public:
    std::string get(const std::string& key) const {
        const std::shared_lock held(guard_);
        const auto found = values_.find(key);
        return found == values_.end() ? "" : found->second;
    }
    void set(const std::string& key, std::string value) {
        const std::unique_lock held(guard_);
        values_[key] = std::move(value);
    }
};
// end

void timed_sharing(mioco::shared_mutex& guard) {
    // snippet: timed-shared
    if (const std::shared_lock reading(guard, 50ms); reading.owns_lock()) fetch(1);
    if (const std::unique_lock writing(guard, 50ms); writing.owns_lock()) store("late", 2);
    // end
}

// snippet: condition
class mailbox {
    mioco::mutex guard_;
    mioco::condition_variable filled_;
    std::queue<std::string> letters_;

public:
    void put(std::string letter) {
        {
            const std::scoped_lock held(guard_);
            letters_.push(std::move(letter));
        }
        filled_.notify_one();
    }
    std::string take() {
        std::unique_lock held(guard_);
        filled_.wait(held, [&] { return !letters_.empty(); });
        auto letter = std::move(letters_.front());
        letters_.pop();
        return letter;
    }
};
// end

// snippet: semaphore
mioco::counting_semaphore<> downloads(8);  // at most eight at a time

void download(int number) {
    downloads.acquire();
    const struct giving_back {
        ~giving_back() { downloads.release(); }
    } at_end;
    fetch(number);
}
// end

// snippet: wait-group
void download_all(int count) {
    const auto under_way = std::make_shared<mioco::wait_group>();
    for (int i = 0; i < count; ++i) {
        under_way->add();
        mioco::spawn([under_way, i] {
            const struct ending {
                mioco::wait_group& of;
                ~ending() { of.done(); }  // also when it throws
            } at_end{*under_way};
            fetch(i);
        });
    }
    under_way->wait();
}
// end

// snippet: latch-barrier
struct meeting {
    mioco::latch ended{2};
    mioco::barrier<> phase_end{2};
};

void two_in_step() {
    const auto together = std::make_shared<meeting>();
    for (int worker = 0; worker < 2; ++worker) {
        mioco::spawn([together, worker] {
            for (int phase = 0; phase < 3; ++phase) {
                step(worker, phase);
                together->phase_end.arrive_and_wait();  // until both have done this phase
            }
            together->ended.count_down();
        });
    }
    together->ended.wait();
}
// end

// snippet: once
mioco::once_flag tables_loaded;

void use_tables() {
    mioco::call_once(tables_loaded, load_tables);  // others wait until it is done
}
// end

// snippet: event
class service {
    mioco::event stop_;

public:
    void run() {
        while (!stop_.wait_for(1s)) fetch(0);  // once a second, until told
    }
    void stop() { stop_.notify(); }  // from any fiber or thread
};
// end
