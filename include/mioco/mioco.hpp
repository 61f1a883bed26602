// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// All of mioco's core in one include.

#if __cplusplus < 202002L
#error "mioco needs C++20: compile with -std=c++20"
#endif

#include <mioco/async_fd.hpp>
#include <mioco/barrier.hpp>
#include <mioco/broadcast.hpp>
#include <mioco/channel.hpp>
#include <mioco/condition_variable.hpp>
#include <mioco/config.hpp>
#include <mioco/copy.hpp>
#include <mioco/deadline.hpp>
#include <mioco/dump.hpp>
#include <mioco/error.hpp>
#include <mioco/event.hpp>
#include <mioco/exit_status.hpp>
#include <mioco/fiber_data.hpp>
#include <mioco/fiber_local.hpp>
#include <mioco/fs/directory.hpp>
#include <mioco/fs/file.hpp>
#include <mioco/fs/operations.hpp>
#include <mioco/fs/temporary.hpp>
#include <mioco/fs/whole_file.hpp>
#include <mioco/join_handle.hpp>
#include <mioco/latch.hpp>
#include <mioco/metrics.hpp>
#include <mioco/mutex.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/resolve.hpp>
#include <mioco/net/socket_option.hpp>
#include <mioco/net/tcp_listener.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/net/udp_socket.hpp>
#include <mioco/net/unix_datagram.hpp>
#include <mioco/net/unix_endpoint.hpp>
#include <mioco/net/unix_listener.hpp>
#include <mioco/net/unix_seqpacket.hpp>
#include <mioco/net/unix_stream.hpp>
#include <mioco/no_park.hpp>
#include <mioco/offload.hpp>
#include <mioco/once.hpp>
#include <mioco/oneshot.hpp>
#include <mioco/owned_fd.hpp>
#include <mioco/pipe.hpp>
#include <mioco/process.hpp>
#include <mioco/runtime.hpp>
#include <mioco/scheduler.hpp>
#include <mioco/scope.hpp>
#include <mioco/select.hpp>
#include <mioco/semaphore.hpp>
#include <mioco/shared_mutex.hpp>
#include <mioco/shield.hpp>
#include <mioco/signal.hpp>
#include <mioco/spawn.hpp>
#include <mioco/stack_use.hpp>
#include <mioco/suspend.hpp>
#include <mioco/symbolizer.hpp>
#include <mioco/this_fiber.hpp>
#include <mioco/time.hpp>
#include <mioco/timer.hpp>
#include <mioco/watch.hpp>
