// SPDX-License-Identifier: MPL-2.0
// The same for the module ares.

#include <mioco/ares.hpp>
#include <mioco/mioco.hpp>

int main() {
    mioco::net::set_resolver(mioco::ares::make_resolver());
    return mioco::net::resolve("localhost:80").empty() ? 1 : 0;
}
