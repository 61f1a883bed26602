// SPDX-License-Identifier: MPL-2.0
// The original's tests of shutting down, by name. What an error of `start` was there is `operation_canceled` here.
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/workers.hpp"

namespace {

using mioco_test::error_of;

class shutting_down : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(shutting_down);

constexpr int children = 1024;

TEST_P(shutting_down, simple_shutdown) {
    EXPECT_EQ(error_of([] {
                  run([] {
                      for (int i = 0; i < children; ++i) {
                          mioco::spawn([] {
                              for (;;) mioco::yield();
                          });
                      }
                      for (int i = 0; i < 16; ++i) mioco::yield();
                      mioco::shutdown();
                  });
              }),
              std::errc::operation_canceled);
}

TEST_P(shutting_down, simple_shutdown_on_blocked) {
    EXPECT_EQ(error_of([] {
                  run([] {
                      for (int i = 0; i < children; ++i) {
                          mioco::spawn([] {
                              auto [reader, writer] = mioco::pipe();
                              char buffer[16];
                              for (;;) reader.read(buffer);
                          });
                      }
                      for (int i = 0; i < 2; ++i) mioco::yield();
                      mioco::shutdown();
                  });
              }),
              std::errc::operation_canceled);
}

TEST_P(shutting_down, empty_shutdown) {
    EXPECT_EQ(error_of([] { run([] { mioco::shutdown(); }); }), std::errc::operation_canceled);
}

TEST_P(shutting_down, empty_shutdown_2) {
    EXPECT_EQ(error_of([] {
                  run([] {
                      for (int i = 0; i < 16; ++i) mioco::spawn([] {});
                      mioco::shutdown();
                  });
              }),
              std::errc::operation_canceled);
}

}  // namespace
