# SPDX-License-Identifier: MPL-2.0
"""The echo server's cases: CPU time and system calls a request, memory of idle connections, latencies."""

import pathlib
import re
import subprocess

import measure as m
import programs as p

RAW_RATIO_LIMIT = {128: 1.03, 1000: 1.06}
SYSCALLS_LIMIT = 2.1
IDLE_KIB_LIMIT = 4.6
IDLE_CONNECTIONS = 9000
P99_RATIO_LIMIT = 2.0
COMPUTING_LATENCY_LIMIT_US = 1000.0
PIPELINE_DEPTH = 16


def _by_name(peers):
    return {peer.name: peer for peer in peers}


def _cpu_us(sample):
    return sample["server_cpu_ns"] / sample["requests"] / 1000


def _user_share(samples):
    user = sum(s["server_user_ticks"] for s in samples)
    return user / max(1, user + sum(s["server_system_ticks"] for s in samples))


def _syscalls_a_request(run, peer, connections):
    """By the difference of a long and a short run, so that accepting and registering do not count."""
    short, long = 20_000, 420_000
    with p.serve(run.programs, peer) as server:
        few = p.count_syscalls(run.programs, server, short, connections)
        many = p.count_syscalls(run.programs, server, long, connections)
    return None if few is None or many is None else (many - few) / (long - short)


def _echo_row(peer, samples, syscalls, raw_least):
    cpu = [_cpu_us(s) for s in samples]
    user = _user_share(samples)
    return {
        "server": peer.name,
        "CPU us a request, least": f"{min(cpu):.3f}",
        "to raw": f"{min(cpu) / raw_least:.3f}" if raw_least else "-",
        "least to most": m.spread(cpu),
        "user": f"{min(cpu) * user:.3f}",
        "system": f"{min(cpu) * (1 - user):.3f}",
        "syscalls a request": "-" if syscalls is None else f"{syscalls:.3f}",
        "requests a second, most": f"{max(s['requests_per_second'] for s in samples):.0f}",
        "p99 us, median": f"{m.median([s['p99_us'] for s in samples]):.0f}",
    }


def echo(run, connections, depth):
    """CPU time of the server a request, closed loop, one worker pinned to a core of its own."""
    peers = run.programs.peers()

    def once(peer):
        with p.serve(run.programs, peer) as server:
            return p.load(run.programs, server, c=connections, p=depth, t=run.seconds)

    samples = m.interleave(run.rounds(8), _by_name(peers), once)
    how = "ping-pong" if depth == 1 else f"pipelined {depth} deep"
    result = m.Result(f"echo-{connections}-{'pingpong' if depth == 1 else 'pipelined'}",
                      f"Echo, {connections} connections, 26 bytes, {how}", samples=samples)
    raw = samples.get(p.RAW.name)
    raw_least = min(map(_cpu_us, raw)) if raw else None
    for peer in peers:
        syscalls = _syscalls_a_request(run, peer, connections) if depth == 1 else None
        result.rows.append(_echo_row(peer, samples[peer.name], syscalls, raw_least))
        if peer is p.MIOCO and syscalls is not None:
            result.checks.append(m.Check("mioco's system calls a request", syscalls, SYSCALLS_LIMIT))
    if p.MIOCO in peers and raw_least:
        ratio = min(map(_cpu_us, samples[p.MIOCO.name])) / raw_least
        result.checks.insert(0, m.Check("mioco's CPU time a request to the raw loop's", ratio,
                                        RAW_RATIO_LIMIT[connections]))
    return result


def _rss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return int(re.search(r"^Rss:\s*(\d+)", text, re.MULTILINE).group(1))


def _page_tables_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"^VmPTE:\s*(\d+)", text, re.MULTILINE).group(1))


def _idle_connection(run, peer):
    count = IDLE_CONNECTIONS
    with p.serve(run.programs, peer) as server:
        rss, tables = _rss_kib(server.pid), _page_tables_kib(server.pid)
        client = subprocess.Popen(p.client_command(run.programs, server, c=count, k=True), text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            if not client.stdout.readline().startswith("kept"):
                raise RuntimeError(f"{peer.name} did not answer {count} connections")
            return {"rss_kib": (_rss_kib(server.pid) - rss) / count,
                    "page_tables_kib": (_page_tables_kib(server.pid) - tables) / count}
        finally:
            client.communicate()


def idle_memory(run):
    """Memory of a connection that has had one message echoed and then waits."""
    peers = run.programs.peers()
    samples = m.interleave(run.rounds(5), _by_name(peers), lambda peer: _idle_connection(run, peer))
    result = m.Result("idle-memory", f"Memory of an idle connection, {IDLE_CONNECTIONS} of them, each served once",
                      samples=samples)
    for peer in peers:
        rss = [s["rss_kib"] for s in samples[peer.name]]
        tables = m.median([s["page_tables_kib"] for s in samples[peer.name]])
        result.rows.append({"server": peer.name, "RSS KiB, median": f"{m.median(rss):.2f}",
                            "least to most": m.spread(rss), "page tables KiB": f"{tables:.2f}"})
        if peer is p.MIOCO:
            result.checks.append(m.Check("RSS of an idle connection", m.median(rss), IDLE_KIB_LIMIT, "KiB"))
    return result


def two_workers(run):
    """Latency at half of what one worker can do, with one worker and with two."""
    peers = run.programs.peers((p.MIOCO, p.GO, p.TOKIO))
    result = m.Result("two-workers", "Two workers, 128 connections, open loop at half of one worker's maximum")
    for peer in peers:
        with p.serve(run.programs, peer) as server:
            most = max(p.load(run.programs, server, c=128, t=run.seconds)["requests_per_second"] for _ in range(3))
        rate = round(most / 2)

        def once(workers, peer=peer, rate=rate):
            cpus = p.SERVER_CPU if workers == 1 else p.BOTH_CPUS
            with p.serve(run.programs, peer, workers, cpus) as server:
                return p.load(run.programs, server, c=128, r=rate, t=run.seconds)

        samples = m.interleave(run.rounds(9), {f"{peer.name}, 1 worker": 1, f"{peer.name}, 2 workers": 2}, once)
        result.samples |= samples
        for who, taken in samples.items():
            result.rows.append(_latency_row(who, rate, taken))
        if peer is p.MIOCO:
            one, two = (m.median([s["p99_us"] for s in taken]) for taken in samples.values())
            result.checks.append(m.Check("p99 with two workers to p99 with one", two / one, P99_RATIO_LIMIT))
    result.notes.append("One worker has a core of its own and the client the other; two workers have both, and the "
                        "client shares one of them.")
    return result


def _latency_row(who, rate, samples):
    row = {"server": who, "rate": str(rate)}
    for label, key in (("p50 us", "p50_us"), ("p99 us", "p99_us"), ("p99.9 us", "p99_9_us"), ("most us", "max_us")):
        row[label] = f"{m.median([s[key] for s in samples]):.0f}"
    row["p99 least to most"] = m.spread([s["p99_us"] for s in samples], 0)
    row["CPU us a request"] = f"{m.median([_cpu_us(s) for s in samples]):.2f}"
    return row


def computing(run):
    """Latency of connections while one fiber of their server never stops computing."""
    server_program = run.programs.need("compute_echo")

    def once(compute):
        with p.Server([server_program], p.BOTH_CPUS, {"MIOCO_WORKERS": "2"}) as server:
            options = {"x": True} if compute else {}
            return p.load(run.programs, server, c=32, r=2000, t=run.seconds, **options)

    samples = m.interleave(run.rounds(5), {"nobody computes": False, "a fiber computes": True}, once)
    result = m.Result("computing", "Connections answered while a fiber on their own worker computes", samples=samples)
    for who, taken in samples.items():
        result.rows.append(_latency_row(who, 2000, taken))
    late = m.median([s["p99_us"] for s in samples["a fiber computes"]])
    result.checks.append(m.Check("p99 while a fiber computes", late, COMPUTING_LATENCY_LIMIT_US, "us"))
    result.notes.append("Two workers, 32 connections, 2000 requests a second; each computing lasts 20 ms and is "
                        "followed by the next. The p99 is judged; what is later is so where nobody computes, too.")
    return result
