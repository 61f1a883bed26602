# SPDX-License-Identifier: MPL-2.0
"""Servers beside the echo server: connections for one request each, HTTP, and a TCP proxy."""

import measure as m
import programs as p

CONNECTION_CPU = "CPU us a connection"
AT_A_TIME = 32
CHURN_SYSCALLS_LIMIT = 7.0


def _each(samples, figure):
    return {who: [figure(sample) for sample in taken] for who, taken in samples.items()}


def _cpu_us(sample):
    return sample["server_cpu_ns"] / sample["requests"] / 1000


def _user_share(samples):
    user = sum(s["server_user_ticks"] for s in samples)
    return user / max(1, user + sum(s["server_system_ticks"] for s in samples))


def _cpu_row(name, samples, what):
    """A table's row: processor time, and how it divides."""
    cpu = [_cpu_us(s) for s in samples]
    median, user = m.median(cpu), _user_share(samples)
    return {"server": name, f"{what}, median": f"{median:.2f}", "least to most": m.spread(cpu), "user": f"{median * user:.2f}",
            "system": f"{median * (1 - user):.2f}"}


def _latencies(samples, *keys):
    return {f"{key.removesuffix('_us').replace('_', '.')} us": f"{m.median([s[key] for s in samples]):.0f}" for key in keys}


def _rate(samples):
    return f"{m.median([s['requests_per_second'] for s in samples]):.0f}"


def _churn_syscalls(run, peer):
    """By the difference of a long and a short run, so that starting does not count."""
    short, long = run.count(4000), run.count(20_000)
    with p.serve(run.programs, peer) as server:
        few, many = (p.count_syscalls(run.programs, server, count, AT_A_TIME, "churn_client") for count in (short, long))
    return None if few is None or many is None else (many - few) / (long - short)


def churn(run):
    """Connections that are made, asked once and closed; the server has a core of its own."""
    peers = run.programs.peers()

    def once(peer):
        with p.serve(run.programs, peer) as server:
            command = p.client_command(run.programs, server, "churn_client", c=AT_A_TIME, t=run.seconds, w=run.warmup)
            return p.run_json(command, p.CLIENT_CPU)

    samples = m.interleave(run.rounds(9), {peer.name: peer for peer in peers}, once)
    result = m.Result("churn", f"Connect, one request, close; {AT_A_TIME} connections at a time", samples=samples)
    result.figure(CONNECTION_CPU, _each(samples, _cpu_us))
    result.figure("connections a second", _each(samples, lambda s: s["requests_per_second"]), smaller_is_better=False)
    for peer in peers:
        taken = samples[peer.name]
        syscalls = _churn_syscalls(run, peer)
        result.rows.append(_cpu_row(peer.name, taken, CONNECTION_CPU) |
                           {"syscalls a connection": "-" if syscalls is None else f"{syscalls:.2f}", "connections a second": _rate(taken)} |
                           _latencies(taken, "p50_us", "p99_us"))
        if peer is p.MIOCO and syscalls is not None:
            result.checks.append(m.Check("mioco's system calls a connection", syscalls, CHURN_SYSCALLS_LIMIT))
    result.check_not_behind(CONNECTION_CPU, {peer.name for peer in p.RUNTIMES})
    result.notes.append("What is counted is whole connections: from before the socket is made until the reply is there. The client "
                        "closes them, which costs it more than it costs a server to serve them; so all servers sleep at times.")
    return result
