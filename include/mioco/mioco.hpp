// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// All of mioco's core in one include.

#include <mioco/config.hpp>
#include <mioco/error.hpp>
#include <mioco/join_handle.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/socket_option.hpp>
#include <mioco/net/tcp_listener.hpp>
#include <mioco/net/tcp_stream.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>
#include <mioco/this_fiber.hpp>
#include <mioco/time.hpp>
