// SPDX-License-Identifier: MPL-2.0
#include "timed_face.hpp"

int main(int argc, char** argv) {
    return mioco::load::run_timed_face("tcp_bench", argc, argv, mioco::load::detail_level::speed);
}
