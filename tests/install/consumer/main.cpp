// SPDX-License-Identifier: MPL-2.0
// A program outside the project: what it includes and links is what was installed.

#include <mioco/mioco.hpp>

int main() {
    const int sum = mioco::run([] {
        auto two = mioco::spawn([] {
            mioco::yield();
            return 2;
        });
        return 1 + two.join();
    });
    return sum == 3 ? 0 : 1;
}
