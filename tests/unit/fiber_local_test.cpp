// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;

class fiber_local : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;
};
MIOCO_ON_WORKER_COUNTS(fiber_local);

// Tells when it goes.
struct goes {
    std::string* log;
    char name;
    ~goes() { *log += name; }
};

TEST_P(fiber_local, is_each_fibers_own) {
    mioco::fiber_local<int> number;
    run([&] {
        std::vector<mioco::join_handle<int>> fibers;
        for (int i = 0; i < 100; ++i) {
            fibers.push_back(mioco::spawn([&, i] {
                EXPECT_EQ(*number, 0);
                *number = i;
                mioco::yield();
                return ++*number;
            }));
        }
        for (int i = 0; i < 100; ++i) EXPECT_EQ(fibers[static_cast<unsigned>(i)].join(), i + 1);
        EXPECT_EQ(*number, 0);
    });
}

TEST_P(fiber_local, begins_with_what_the_function_returns) {
    mioco::fiber_local<std::string> text{[] { return std::string("begun"); }};
    run([&] {
        EXPECT_EQ(*text, "begun");
        text->clear();
        EXPECT_EQ(mioco::spawn([&] { return *text; }).join(), "begun");
        EXPECT_EQ(*text, "");
    });
}

TEST_P(fiber_local, is_made_when_it_is_first_asked_for) {
    std::atomic<int> made = 0;
    mioco::fiber_local<int> number{[&] { return ++made; }};
    run([&] {
        mioco::spawn([] {}).join();
        EXPECT_EQ(number.get_if(), nullptr);
        EXPECT_EQ(made, 0);
        EXPECT_EQ(number.get(), 1);
        EXPECT_EQ(number.get(), 1);
        EXPECT_EQ(*number.get_if(), 1);
    });
}

TEST_P(fiber_local, keeps_its_address_across_waits) {
    mioco::fiber_local<int> number;
    std::vector<std::unique_ptr<mioco::fiber_local<int>>> others;
    for (int i = 0; i < 50; ++i) others.push_back(std::make_unique<mioco::fiber_local<int>>());
    run([&] {
        int& mine = *number;
        mioco::sleep_for(1us);
        for (auto& each : others) **each = 1;
        mioco::yield();
        EXPECT_EQ(&*number, &mine);
    });
}

TEST_P(fiber_local, is_destroyed_at_the_end_before_the_join_returns) {
    mioco::fiber_local<counted> object{[&] { return counted(living); }};
    run([&] {
        mioco::spawn([&] { static_cast<void>(object.get()); }).join();
        EXPECT_EQ(living, 0);
        EXPECT_THROW(mioco::spawn([&] {
                         static_cast<void>(object.get());
                         throw std::runtime_error("wanted");
                     }).join(),
                     std::runtime_error);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(fiber_local, values_go_in_the_reverse_order_of_their_making) {
    std::string log;
    mioco::fiber_local<goes> a{[&] { return goes{&log, 'a'}; }};
    mioco::fiber_local<goes> b{[&] { return goes{&log, 'b'}; }};
    mioco::fiber_local<goes> c{[&] { return goes{&log, 'c'}; }};
    run([&] {
        mioco::spawn([&] {
            for (auto* each : {&b, &c, &a}) static_cast<void>(each->get());
        }).join();
    });
    EXPECT_EQ(log, "acb");
}

TEST_P(fiber_local, of_a_cancelled_fiber_may_wait_in_its_destructor) {
    struct waiting {
        std::atomic<int>* finished;
        ~waiting() {
            mioco::sleep_for(50us);
            mioco::yield();
            ++*finished;
        }
    };
    std::atomic<int> finished = 0;
    std::atomic<int> parked = 0;
    mioco::fiber_local<waiting> local{[&] { return waiting{&finished}; }};
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      for (int i = 0; i < 50; ++i) {
                          mioco::spawn([&] {
                              static_cast<void>(local.get());
                              ++parked;
                              mioco::sleep_for(1h);
                          });
                      }
                      while (parked != 50) mioco::yield();
                      rt.stop();
                      mioco::sleep_for(1h);
                  });
              }),
              std::errc::operation_canceled);
    EXPECT_EQ(finished, 50);
}

TEST_P(fiber_local, may_be_used_by_the_closure_of_a_fiber_that_never_began) {
    struct uses {
        mioco::fiber_local<counted>* local;
        explicit uses(mioco::fiber_local<counted>& object) : local(&object) {}
        uses(uses&& other) noexcept : local(std::exchange(other.local, nullptr)) {}
        uses& operator=(uses&&) = delete;
        ~uses() {
            if (local != nullptr) static_cast<void>(local->get());
        }
    };
    std::atomic<int> made = 0;
    mioco::fiber_local<counted> object{[&] {
        ++made;
        return counted(living);
    }};
    mioco::runtime rt(settings());
    rt.run([&] {
        rt.stop();
        for (int i = 0; i < 16; ++i) mioco::spawn([u = uses(object)] {});
    });
    EXPECT_EQ(made, 16);
    EXPECT_EQ(living, 0);
}

TEST_P(fiber_local, may_be_used_by_the_destructor_of_another) {
    std::string log;
    mioco::fiber_local<goes> inner{[&] { return goes{&log, 'i'}; }};
    struct uses {
        mioco::fiber_local<goes>* other;
        std::string* log;
        ~uses() {
            static_cast<void>(other->get());
            *log += 'u';
        }
    };
    mioco::fiber_local<uses> outer{[&] { return uses{&inner, &log}; }};
    run([&] {
        // Made by the destructor.
        mioco::spawn([&] { static_cast<void>(outer.get()); }).join();
        EXPECT_EQ(std::exchange(log, {}), "ui");
        // There before: lives longer than who uses it.
        mioco::spawn([&] {
            static_cast<void>(inner.get());
            static_cast<void>(outer.get());
        }).join();
        EXPECT_EQ(std::exchange(log, {}), "ui");
        // Destroyed before: is made anew.
        mioco::spawn([&] {
            static_cast<void>(outer.get());
            static_cast<void>(inner.get());
        }).join();
        EXPECT_EQ(std::exchange(log, {}), "iui");
    });
}

TEST_P(fiber_local, may_be_used_by_the_destructor_of_a_result_that_nobody_joins) {
    struct uses {
        mioco::fiber_local<counted>* local;
        explicit uses(mioco::fiber_local<counted>& object) : local(&object) {}
        uses(uses&& other) noexcept : local(std::exchange(other.local, nullptr)) {}
        uses& operator=(uses&&) = delete;
        ~uses() {
            if (local != nullptr) static_cast<void>(local->get());
        }
    };
    std::atomic<int> made = 0;
    mioco::fiber_local<counted> object{[&] {
        ++made;
        return counted(living);
    }};
    flag nobody_joins;  // a handle that is dropped after its fiber's end destroys the result itself
    run([&] {
        for (int i = 0; i < 16; ++i) {
            mioco::spawn([&] {
                nobody_joins.await();
                return uses(object);
            });
        }
        nobody_joins.raise();
    });
    EXPECT_EQ(made, 16);
    EXPECT_EQ(living, 0);
}

TEST_P(fiber_local, whose_making_throws_is_made_by_the_next_call) {
    int tries = 0;
    mioco::fiber_local<int> number{[&] {
        if (++tries == 1) throw std::runtime_error("wanted");
        return tries;
    }};
    run([&] {
        EXPECT_THROW(static_cast<void>(number.get()), std::runtime_error);
        EXPECT_EQ(number.get_if(), nullptr);
        EXPECT_EQ(*number, 2);
    });
}

TEST_P(fiber_local, value_outlives_the_object) {
    run([&] {
        mioco::spawn([&] {
            {
                mioco::fiber_local<counted> object{[&] { return counted(living); }};
                static_cast<void>(object.get());
            }
            EXPECT_EQ(living, 1);
            // Perhaps with the number that the other had.
            mioco::fiber_local<int> next;
            EXPECT_EQ(next.get_if(), nullptr);
            EXPECT_EQ(*next, 0);
            EXPECT_EQ(living, 1);
        }).join();
        EXPECT_EQ(living, 0);
    });
}

TEST_P(fiber_local, may_be_of_a_type_that_does_not_move) {
    mioco::fiber_local<std::mutex> mutex;
    mioco::fiber_local<std::atomic<int>> number{[] { return std::atomic<int>(3); }};
    run([&] {
        const std::scoped_lock held(*mutex);
        EXPECT_EQ(*number, 3);
    });
}

TEST_P(fiber_local, objects_made_and_used_by_many_fibers_at_once) {
    run([&] {
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 50; ++i) {
            fibers.push_back(mioco::spawn([&, i] {
                for (int round = 0; round < 20; ++round) {
                    mioco::fiber_local<int> mine{[i] { return i; }};
                    mioco::yield();
                    EXPECT_EQ(*mine, i);
                }
            }));
        }
        for (auto& each : fibers) each.join();
    });
}

TEST(fiber_local_of_threads, is_each_threads_own_and_ends_with_it) {
    std::atomic<int> living = 0;
    std::string log;
    mioco::fiber_local<counted> object{[&] { return counted(living); }};
    mioco::fiber_local<goes> waits_too{[&] { return goes{&log, 'w'}; }};
    mioco_test::thread([&] {
        static_cast<void>(waits_too.get());
        static_cast<void>(object.get());
        EXPECT_EQ(living, 1);
        mioco_test::thread([&] {
            static_cast<void>(object.get());
            EXPECT_EQ(living, 2);
        }).join();
        EXPECT_EQ(living, 1);
    }).join();
    EXPECT_EQ(living, 0);
    EXPECT_EQ(log, "w");
}

TEST(fiber_local_of_threads, may_block_in_its_destructor) {
    struct joining {
        mioco::runtime* rt;
        int* got;
        ~joining() {
            *got = rt->spawn([] { return 5; }).join();
        }
    };
    mioco::runtime rt(mioco::config{}.workers(1));
    int got = 0;
    mioco::fiber_local<joining> local{[&] { return joining{&rt, &got}; }};
    mioco_test::thread([&] { static_cast<void>(local.get()); }).join();
    EXPECT_EQ(got, 5);
}

TEST(fiber_local_of_threads, is_not_the_fibers_that_the_thread_runs) {
    mioco::fiber_local<int> number;
    *number = 1;
    mioco::run(mioco::config{}.workers(1), [&] {
        EXPECT_EQ(*number, 0);
        *number = 2;
    });
    EXPECT_EQ(*number, 1);
}

TEST(fiber_local_death, destructors_that_make_each_other_anew_for_ever_are_refused) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    struct endless {
        mioco::fiber_local<endless>* again;
        ~endless() { static_cast<void>(again->get()); }
    };
    EXPECT_DEATH(
        mioco::run(mioco::config{}.workers(1),
                   [] {
                       static mioco::fiber_local<endless> local{[] { return endless{&local}; }};
                       static_cast<void>(local.get());
                   }),
        "1000 fiber-locals were made anew");
}

}  // namespace
