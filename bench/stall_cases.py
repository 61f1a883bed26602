# SPDX-License-Identifier: MPL-2.0
"""Servers and fibers that compute: what becomes of those who only wait for a little."""

import measure as m
import micro_cases
import programs as p

CONNECTIONS = 64
RATE = 4000
P999 = "p99.9 us"
TO_ONE_THREAD_LIMIT = 0.2  # of a single-threaded loop's, where the computing fills 64 % of a core
JUDGED_LOAD = 64
UNDISTURBED = "mioco, nobody computes"  # what the machine itself leaves

STALL = p.Peer("mioco", "stall_echo", "MIOCO_WORKERS")
RAW_STALL = p.Peer("raw epoll, one thread", "raw_stall")
GO_STALL = p.Peer("Go", "go_stall", "GOMAXPROCS")
TOKIO_STALL = p.Peer("Tokio", "tokio_stall", "TOKIO_WORKER_THREADS")


def _each(samples, figure):
    return {who: [figure(sample) for sample in taken] for who, taken in samples.items()}


def _load(run, peer, options):
    workers, cpus = (1, p.SERVER_CPU) if peer is RAW_STALL else (2, p.BOTH_CPUS)
    with p.serve(run.programs, peer, workers, cpus) as server:
        return p.load(run.programs, server, c=CONNECTIONS, r=RATE, t=2 * run.seconds, **options)


def _row(name, samples):
    row = {"server": name}
    for label, key in (("p50 us", "p50_us"), ("p99 us", "p99_us"), (P999, "p99_9_us"), ("most us", "max_us")):
        row[label] = f"{m.median([s[key] for s in samples]):.0f}"
    row["p99.9 least to most"] = m.spread([s["p99_9_us"] for s in samples], 0)
    used = m.median([s["server_cpu_ns"] / s["seconds"] / 1e9 for s in samples])
    return row | {"cores used by the server": f"{used:.2f}"}


def stalls(run, load):
    """Latency of requests that cost little, beside others that compute for so many percent of one core's time in all."""
    least_us = p.run_json([run.programs.need(STALL.program), "--time"], p.SERVER_CPU)["computing_us"]
    options = {"z": round(RATE * least_us / 1e6 / (load / 100))} if load else {}
    peers = run.programs.peers((STALL, GO_STALL, TOKIO_STALL, *((RAW_STALL,) if load < 100 else ())))
    asked = {peer.name: (peer, options) for peer in peers}
    if load and STALL in peers:
        asked[UNDISTURBED] = (STALL, {})
    samples = m.interleave(run.rounds(7), asked, lambda subject: _load(run, *subject))
    title = f"Small requests, {RATE} a second over {CONNECTIONS} connections, "
    result = m.Result(f"stalls-{load}", title + (f"beside computing of {load} % of a core" if load else "and nobody computes"),
                      samples=samples)
    result.figure(P999, _each(samples, lambda s: s["p99_9_us"]))
    result.figure("p99 us", _each(samples, lambda s: s["p99_us"]))
    result.rows = [_row(who, taken) for who, taken in samples.items()]
    if load == JUDGED_LOAD:
        to_raw = result.comparisons(P999).get(RAW_STALL.name)
        if to_raw:
            result.checks.append(m.Check("p99.9 to that of one thread's epoll loop", to_raw.ratio, TO_ONE_THREAD_LIMIT))
        result.check_not_behind(P999, {GO_STALL.name}, of="of Go's servers, those")
    result.notes.append(f"Open loop; latency counts from when a request is due. Two workers or threads on both cores, one of which the client "
                        f"shares. A request that computes takes {least_us:.0f} us of a core; these are equally spaced, come on 16 connections "
                        "of their own, and are not counted.")
    if UNDISTURBED in samples:
        result.notes.append(f"\"{UNDISTURBED}\" has none of the computing beside it: so much is the machine's doing, and its other guests'.")
    return result


WAKE_ROUNDS = 300
COMPUTING_US = 5000
WAIT_LIMIT_US = 2000.0


def wake_and_compute(run):
    """Long tasks: who is woken must not stand behind the waker, which goes on to compute."""
    count = run.count(WAKE_ROUNDS)
    commands = {}
    for name, program, arguments, environment in (("mioco", "wake_and_compute", (count, 2), {}), ("Go", "go_wake", (count,), {"GOMAXPROCS": "2"}),
                                                  ("Tokio", "tokio_wake", (count, 2), {})):
        if run.programs.find(program):
            commands[name] = ([run.programs.find(program), *arguments], environment)
    samples = m.interleave(run.rounds(5), commands, lambda s: p.run_json(s[0], p.BOTH_CPUS, s[1]))
    result = m.Result("wake-and-compute", "A fiber that wakes another and computes for 5 ms: until the other one runs, two workers",
                      samples=samples)
    result.figure("wait us", _each(samples, lambda s: s["median_us"]))
    for who, taken in samples.items():
        result.rows.append({"who": who, "us, median": f"{m.median([s['median_us'] for s in taken]):.0f}",
                            "p99": f"{m.median([s['p99_us'] for s in taken]):.0f}",
                            "median, least to most": m.spread([s["median_us"] for s in taken], 0)})
        if who == "mioco":
            result.checks.append(m.Check(f"wait of {COMPUTING_US} us of computing, p99", m.median([s["p99_us"] for s in taken]),
                                         WAIT_LIMIT_US, "us"))
    return result


def short_messages(run):
    """Short messages: two fibers that ask each other are not torn apart onto two workers."""
    commands = {name: command for name, command in micro_cases.subjects(run, "channel_pingpong", run.count(1_000_000), 2).items()
                if name in ("mioco", "Go", "Tokio")}
    samples = m.interleave(run.rounds(7), commands, lambda s: p.run_json(s[0], p.BOTH_CPUS, s[1]))
    result = m.Result("short-messages", "A round trip between two fibers over two channels, two workers", samples=samples)
    for figure, key in (("wall ns", "wall_ns"), ("CPU ns", "cpu_ns")):
        result.figure(figure, _each(samples, lambda s, key=key: s[key]))
    for who, taken in samples.items():
        result.rows.append({"who": who, "wall ns, median": f"{m.median([s['wall_ns'] for s in taken]):.1f}",
                            "least to most": m.spread([s["wall_ns"] for s in taken], 1),
                            "CPU ns, median": f"{m.median([s['cpu_ns'] for s in taken]):.1f}"})
    result.check_not_behind("wall ns")
    return result
