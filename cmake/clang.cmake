# SPDX-License-Identifier: MPL-2.0
# Toolchain: Clang, the version that the project is checked with where there is one.

find_program(MIOCO_CLANG NAMES clang-19 clang REQUIRED)
find_program(MIOCO_CLANGXX NAMES clang++-19 clang++ REQUIRED)
set(CMAKE_C_COMPILER ${MIOCO_CLANG})
set(CMAKE_CXX_COMPILER ${MIOCO_CLANGXX})
