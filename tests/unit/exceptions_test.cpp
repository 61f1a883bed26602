// SPDX-License-Identifier: MPL-2.0
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/process.hpp"
#include "support/workers.hpp"

// The C++ runtime keeps the exceptions that are handled or in flight in the thread. A fiber that
// parks in a handler, or in a destructor during unwinding, takes its own along; here with a change of
// the thread at each resume, and with other fibers in the same situation in between.

namespace {

class exceptions : public mioco_test::on_workers {
protected:
    template <class F>
    static void on_moving_fibers(F body) {
        const mioco_test::scoped_environment unset("MIOCO_MIGRATE", nullptr);
        mioco::run(settings().migrate(mioco::migration::always), [&] {
            std::vector<mioco::join_handle<void>> fibers;
            for (int i = 0; i < 40; ++i) fibers.push_back(mioco::spawn(body, i));
            for (auto& each : fibers) each.join();
        });
    }

    // Switches to others: by a yield, and by a park.
    static void switch_away(int number) {
        for (int i = 0; i < 3; ++i) {
            mioco::yield();
            if ((number + i) % 4 == 0) mioco::sleep_for(std::chrono::microseconds(20));
        }
    }

    static std::string current_text() {
        try {
            throw;
        } catch (const std::runtime_error& e) {
            return e.what();
        }
    }
};
MIOCO_ON_WORKER_COUNTS(exceptions);

TEST_P(exceptions, parked_in_a_handler_stays_the_current_one) {
    on_moving_fibers([](int number) {
        const auto text = std::to_string(number);
        for (int round = 0; round < 10; ++round) {
            try {
                throw std::runtime_error(text);
            } catch (const std::runtime_error& e) {
                const auto before = std::current_exception();
                switch_away(number);
                EXPECT_EQ(e.what(), text);
                EXPECT_EQ(std::current_exception(), before);
                EXPECT_EQ(current_text(), text);
                EXPECT_EQ(std::uncaught_exceptions(), 0);
            }
            EXPECT_EQ(std::current_exception(), nullptr);
        }
    });
}

TEST_P(exceptions, parked_in_a_handler_can_be_rethrown) {
    on_moving_fibers([](int number) {
        const auto text = std::to_string(number);
        try {
            try {
                throw std::runtime_error(text);
            } catch (...) {
                switch_away(number);
                throw;
            }
        } catch (const std::runtime_error& e) {
            switch_away(number);
            EXPECT_EQ(e.what(), text);
        }
    });
}

TEST_P(exceptions, parked_in_a_destructor_during_unwinding_goes_on) {
    struct parking {
        int number;
        int& destroyed;
        ~parking() {
            EXPECT_EQ(std::uncaught_exceptions(), 1);
            switch_away(number);
            EXPECT_EQ(std::uncaught_exceptions(), 1);
            ++destroyed;
        }
    };
    on_moving_fibers([](int number) {
        const auto text = std::to_string(number);
        for (int round = 0; round < 5; ++round) {
            int destroyed = 0;
            try {
                const parking outer{number, destroyed};
                const parking inner{number + 1, destroyed};
                throw std::runtime_error(text);
            } catch (const std::runtime_error& e) {
                EXPECT_EQ(e.what(), text);
            }
            EXPECT_EQ(destroyed, 2);
            EXPECT_EQ(std::uncaught_exceptions(), 0);
            switch_away(number);
            EXPECT_EQ(std::uncaught_exceptions(), 0);
        }
    });
}

// An exception within a destructor that runs because of another, handled in there.
struct throwing_inside {
    int number;
    ~throwing_inside() {
        try {
            throw std::runtime_error("inner " + std::to_string(number));
        } catch (const std::runtime_error& e) {
            EXPECT_EQ(std::uncaught_exceptions(), 1);
            mioco::sleep_for(std::chrono::microseconds(10));
            mioco::yield();
            EXPECT_EQ(e.what(), "inner " + std::to_string(number));
            EXPECT_EQ(std::uncaught_exceptions(), 1);
        }
    }
};

TEST_P(exceptions, nested_to_any_depth_keep_their_order) {
    struct deeper {
        void operator()(int number, int depth) const {
            const auto text = std::to_string(number * 100 + depth);
            try {
                const throwing_inside during_unwinding{number};
                throw std::runtime_error(text);
            } catch (const std::runtime_error& e) {
                switch_away(number + depth);
                if (depth > 0) (*this)(number, depth - 1);
                switch_away(number);
                EXPECT_EQ(e.what(), text);
                EXPECT_EQ(current_text(), text);
            }
        }
    };
    on_moving_fibers([](int number) { deeper{}(number, 5); });
}

TEST_P(exceptions, thrown_while_others_are_parked_in_handlers_are_apart) {
    on_moving_fibers([](int number) {
        if (number % 2 == 0) {
            try {
                throw std::runtime_error("parked");
            } catch (...) {
                for (int i = 0; i < 10; ++i) switch_away(number);
                EXPECT_EQ(current_text(), "parked");
            }
        } else {
            for (int i = 0; i < 30; ++i) {
                EXPECT_EQ(std::current_exception(), nullptr);
                EXPECT_THROW(throw number, int);
                mioco::yield();
            }
        }
    });
}

TEST_P(exceptions, of_a_joined_fiber_are_thrown_in_the_joiners_handler) {
    on_moving_fibers([](int number) {
        try {
            throw std::runtime_error("own");
        } catch (const std::runtime_error&) {
            auto child = mioco::spawn([=] {
                EXPECT_EQ(std::current_exception(), nullptr);
                mioco::yield();
                throw std::runtime_error(std::to_string(number));
            });
            try {
                child.join();
            } catch (const std::runtime_error& e) {
                mioco::yield();
                EXPECT_EQ(e.what(), std::to_string(number));
            }
            EXPECT_EQ(current_text(), "own");
        }
    });
}

TEST_P(exceptions, carried_as_pointers_outlive_their_fiber) {
    on_moving_fibers([](int number) {
        const auto carried = mioco::spawn([number] {
                                 try {
                                     throw std::runtime_error(std::to_string(number));
                                 } catch (...) {
                                     mioco::yield();
                                     return std::current_exception();
                                 }
                             }).join();
        mioco::yield();
        try {
            std::rethrow_exception(carried);
        } catch (const std::runtime_error& e) {
            EXPECT_EQ(e.what(), std::to_string(number));
        }
    });
}

// A new fiber that goes on where another ended, or that starts while one is in a handler, begins
// without any.
TEST_P(exceptions, a_new_fiber_has_none) {
    on_moving_fibers([](int) {
        try {
            throw 1;
        } catch (int) {
            mioco::spawn([] {
                EXPECT_EQ(std::current_exception(), nullptr);
                EXPECT_EQ(std::uncaught_exceptions(), 0);
            }).join();
        }
    });
}

}  // namespace
