# SPDX-License-Identifier: MPL-2.0
"""Servers and fibers that compute: what becomes of those who only wait for a little."""

import measure as m
import programs as p

CONNECTIONS = 64
RATE = 4000
P999 = "p99.9 us"
TO_ONE_THREAD_LIMIT = 0.2  # of a single-threaded loop's, where the computing fills 64 % of a core
JUDGED_LOAD = 64

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
    samples = m.interleave(run.rounds(7), {peer.name: peer for peer in peers}, lambda peer: _load(run, peer, options))
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
        result.check_not_behind(P999, {GO_STALL.name})
    result.notes.append(f"Open loop; latency counts from when a request is due. Two workers or threads on both cores, one of which the client "
                        f"shares. A request that computes takes {least_us:.0f} us of a core; these are equally spaced, come on 16 connections "
                        "of their own, and are not counted.")
    return result
