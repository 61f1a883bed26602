// SPDX-License-Identifier: MPL-2.0
#pragma once

// Which tools must be told of a switch, as macros that both compilers agree on.

#if defined(__SANITIZE_ADDRESS__)
#define MIOCO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MIOCO_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define MIOCO_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MIOCO_TSAN 1
#endif
#endif

#if defined(MIOCO_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(MIOCO_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define MIOCO_VALGRIND 1
#endif
