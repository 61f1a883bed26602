# SPDX-License-Identifier: MPL-2.0
"""User instructions, counted by callgrind: those of a long run less those of a short one, so that starting and ending
do not count."""

import concurrent.futures
import contextlib
import os
import re
import shutil
import subprocess

import measure as m
import programs as p

ECHO_CONNECTIONS = 64
ECHO_LIMIT = 297
ECHO_LIMIT_IN_TURNS = 306  # each round ends with a poll that finds nothing, and with sleep
ECHO_AIM = 160  # docs/profiles.md tells what is in the way
SHORT_ECHOES, LONG_ECHOES = 20_000, 120_000
QUICK_ECHOES = 2_000, 12_000

# Program, arguments of the short and of the long run, operations between the two. One worker: with two, valgrind's
# turn-taking of threads decides what happens. What is told in time or memory alone (sleep, spawn_elsewhere, parked_memory), is the C++
# library's (throw_threads) or up to the disk (file_read) has no count.
MICRO = {
    "context_switch": ("context_switch", ("20000",), ("120000",), 200_000),  # it has two halves
    "yield": ("yield", ("20000", "1"), ("120000", "1"), 100_000),
    "spawn_join": ("spawn_join", ("10000", "1"), ("60000", "1"), 50_000),
    "batch_spawn": ("batch_spawn", ("10000", "1", "2"), ("10000", "1", "7"), 50_000),
    "scope_spawn": ("scope_spawn", ("2000", "1"), ("22000", "1"), 20_000),  # and a bare one
    "skynet": ("skynet", ("1000", "1", "2"), ("1000", "1", "12"), 11_110),
    "parked_spawn": ("parked_spawn", ("2000", "1"), ("12000", "1"), 10_000),
    "channel_pingpong": ("channel_pingpong", ("5000", "1"), ("35000", "1"), 30_000),
    "channel_pingpong beside a thread": ("channel_pingpong", ("5000", "1", "1"), ("35000", "1", "1"), 30_000),
    "channel_stream": ("channel_stream", ("10000", "1"), ("110000", "1"), 100_000),
    "channel_stream beside a thread": ("channel_stream", ("10000", "1", "1"), ("110000", "1", "1"), 100_000),
    "channel_handover": ("channel_handover", ("5000", "1"), ("35000", "1"), 30_000),
    "event_pingpong": ("event_pingpong", ("5000", "1"), ("35000", "1"), 30_000),
    "broadcast_pingpong": ("broadcast_pingpong", ("5000", "1"), ("35000", "1"), 30_000),
    "select_receive": ("select_receive", ("10240",), ("61440",), 51_200),  # filling and a plain receive included
    "select_pingpong": ("select_pingpong", ("2000", "1"), ("22000", "1"), 20_000),
    "mutex_alone": ("mutex_alone", ("10000", "1", "1"), ("210000", "1", "1"), 200_000),
    "mutex_yielding": ("mutex_yielding", ("6400", "1"), ("38400", "1"), 32_000),
    "timers": ("timers", ("2000", "1", "1000"), ("22000", "1", "1000"), 20_000),
    "deadline_read": ("deadline_read", ("8192",), ("49152",), 40_960),  # three reads
    "cancel_throw": ("cancel_throw", ("200",), ("1200",), 1000),  # and two throws
    "simulation": ("simulation", ("events", "20"), ("events", "70"), 50 * 32),
}

# Valgrind does not run Go's programs, knows nothing of multishot, and sees of Node's only the machine that it is.
PEERS = tuple(peer for peer in p.PEERS if peer not in (p.GO, p.RAW_URING, p.NODE))

CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
# With a cache to simulate so slow that at each look a worker's 50 us have passed, and it polls. Else that is up to the machine, and
# what a poll takes moves the count of a bare lock by 3 %.
SLOW_CALLGRIND = (*CALLGRIND, "--cache-sim=yes")


def _collected(stderr):
    found = re.search(r"Collected\s*:\s*(\d+)", stderr)
    if found is None:
        raise RuntimeError(f"no count from callgrind: {stderr.strip()[-500:]}")
    return int(found.group(1))


def run_program(command, callgrind=CALLGRIND):
    """How many it took in all."""
    done = subprocess.run([*callgrind, *map(str, command)], capture_output=True, text=True, timeout=p.RUN_TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode} under valgrind: {done.stderr.strip()[-500:]}")
    return _collected(done.stderr)


def count_micro(programs, name):
    """Instructions an operation."""
    program, short, long, operations = MICRO[name]
    path = programs.need(program)
    long_count, short_count = (run_program([path, *arguments], SLOW_CALLGRIND) for arguments in (long, short))
    return (long_count - short_count) / operations


def count_all_micro(programs):
    """Of each case, as many at once as there are processors: a count is the same on a busy machine."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda name: count_micro(programs, name), MICRO)
        return dict(zip(MICRO, counts))


def run_echoes(programs, peer, requests, callgrind=CALLGRIND, client_cpu=p.CLIENT_CPU):
    """How many a server took in all for so many."""
    server = p.Server([*callgrind, programs.need(peer.program)], p.SERVER_CPU, peer.environment(1))
    with server:
        p.run_json(p.client_command(programs, server, c=ECHO_CONNECTIONS, n=requests), client_cpu)
        return _collected(server.stop())


def count_echo(programs, peer, echoes=(SHORT_ECHOES, LONG_ECHOES), client_cpu=p.CLIENT_CPU):
    """Instructions of the server an echoed message, 64 connections, ping-pong."""
    short, long = (run_echoes(programs, peer, requests, client_cpu=client_cpu) for requests in echoes)
    return (long - short) / (echoes[1] - echoes[0])


@contextlib.contextmanager
def _without_interrupting():
    """Programs that are started meanwhile do not take a CPU from each other."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


def count_echo_in_turns(programs, peer):
    """The same where the client asks on every connection before the server has its turn. Else it is up to the machine's load how many
    messages one poll finds, and fewer of them share what a poll costs."""
    with _without_interrupting():
        return count_echo(programs, peer, client_cpu=p.SERVER_CPU)


def compare_echo(run):
    """mioco's count beside the rivals'."""
    if shutil.which("valgrind") is None:
        raise FileNotFoundError("valgrind is not installed")
    result = m.Result("instructions", f"User instructions an echoed message, {ECHO_CONNECTIONS} connections")
    for peer in run.programs.peers(PEERS):
        m.say(f"  {peer.name}")
        count = count_echo(run.programs, peer, QUICK_ECHOES if run.quick else (SHORT_ECHOES, LONG_ECHOES))
        result.samples[peer.name] = count
        result.rows.append({"server": peer.name, "instructions": f"{count:.0f}"})
        if peer is p.MIOCO:
            result.checks.append(m.Check("user instructions an echoed message", count, ECHO_LIMIT))
            result.checks.append(m.Check("user instructions an echoed message", count, ECHO_AIM, aim=True))
    result.figure("user instructions", {who: [count] for who, count in result.samples.items()})
    return result
