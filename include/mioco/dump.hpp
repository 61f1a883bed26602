// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

namespace mioco {

/// Writes every fiber of every runtime to a descriptor, stderr by default, for finding out why a program hangs:
///
///     fiber 17 "acceptor" of mioco: waits for read, for 12.345 s
///         /usr/bin/server+0x4f1a2 serve(mioco::net::tcp_stream)+0x52
///         ...
///     fiber 18 of mioco: runs on worker 1
///     fiber 21 of mioco: ready, has not begun; asked to stop
///
/// First its id, its name if it has one (as much of it as fits), and the name of its runtime (`config::name`). Then its state: it
/// runs, it is ready to run, or it waits for something; then for how long it has. That is counted from the last look at a clock
/// before it parked, which a worker takes when it wakes up and every 61 switches: so it is too long by what fibers computed
/// meanwhile, usually less than a millisecond, and it begins again at zero after 52 days.
///
/// Below a fiber that waits stand the calls that it is in, the innermost first, as file and address in it: `addr2line -Cfie
/// /usr/bin/server 0x4f1a2` tells function and line. There are 32 of them at most, and none of a fiber with a megabyte
/// of frames. They end at code that has no frame description, as that of a library which was unloaded; on 64-bit ARM where it was compiled without
/// frame pointers.
///
/// Behind that stands the function, as much of its name as fits, if the loader knows it: those of a shared library that it exports, and those of a
/// program that is linked with `-rdynamic` (CMake's `ENABLE_EXPORTS`), but none that are `static` or in a namespace without a name. Lines, and the
/// names of all functions, come from who was given to `set_symbolizer`.
///
/// May be called by fibers and threads at any time, while everything else goes on: each fiber is shown as it was at one moment, but
/// not all at the same. Not in a signal handler, as it takes memory and the loader's lock. No library that fibers have calls of may be
/// unloaded meanwhile. Blocks the thread while it writes, and no fiber's wait is disturbed. Not a
/// cancellation point. What cannot be written is lost. New here.
void dump(int fd = 2) noexcept;

/// The same as a string. Throws `std::bad_alloc`.
[[nodiscard]] std::string dump_text();

}  // namespace mioco
