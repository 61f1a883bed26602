// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Functions and lines for dumps, from debug information.

#include <memory>

#include <mioco/symbolizer.hpp>

/// Debug information read by the library libdw.
namespace mioco::backtrace {

/// A symbolizer for `mioco::set_symbolizer` that reads the debug information of the program and its libraries (compile with `-g`), in the files
/// themselves or in files of their own where Debian and others put these (`/usr/lib/debug`). It knows functions, source files and
/// lines, and which calls were inlined. Where there is none it knows the functions of the symbol table, hidden ones also; in a
/// stripped file nothing that the loader does not know.
///
///     mioco::set_symbolizer(mioco::backtrace::make_symbolizer());
///
/// The first dump reads files, for some milliseconds or, if the program is large, some seconds, and what was read is kept. Nothing is
/// downloaded, whatever `DEBUGINFOD_URLS` says. It needs 192 KiB of stack: call `dump` from a fiber that has them left, or from a thread.
///
/// Throws `std::runtime_error` if libdw cannot begin. Thread-safe.
[[nodiscard]] std::shared_ptr<symbolizer> make_symbolizer();

}  // namespace mioco::backtrace
