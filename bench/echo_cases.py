# SPDX-License-Identifier: MPL-2.0
"""The echo server's cases: CPU time and system calls a request, memory of idle connections, latencies."""

import dataclasses
import pathlib
import re
import subprocess

import measure as m
import programs as p

RAW_RATIO_LIMIT = {128: 1.03, 1000: 1.06}
SYSCALLS_LIMIT = 2.06
SYSCALL_ROUNDS = 3
IDLE_KIB_LIMIT = 4.6
IDLE_CONNECTIONS = 9000
P99_RATIO_LIMIT = 2.0
TWO_WORKERS_LIMIT = 0.5
COMPUTING_LATENCY_LIMIT_US = 1000.0
PIPELINE_DEPTH = 16
SMALL_BYTES = 26
CLIENTS_LIMIT = 0.03

CPU = "CPU us a request"
ROUND_TRIP = "round trip us"
P99 = "p99 us"
IDLE = "RSS KiB an idle connection"


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a client asks for, and in how many rounds; messages larger than usual take a buffer of their size."""

    connections: int = 128
    message_bytes: int = SMALL_BYTES
    depth: int = 1
    idle: int = 0
    workers: int = 1
    rounds: int = 9
    quick_rounds: int = 1

    def title(self):
        size = f"{self.message_bytes} bytes" if self.message_bytes < 1024 else f"{self.message_bytes // 1024} KiB"
        parts = ["Echo"] + [f"{self.workers} workers"] * (self.workers > 1)
        parts += [f"{self.connections:,} connection" + "s" * (self.connections > 1) + f" beside {self.idle:,} idle" * (self.idle > 0), size,
                  "ping-pong" if self.depth == 1 else f"pipelined {self.depth} deep"]
        return ", ".join(parts)

    def load(self, run, server, client=None):
        idle = {"i": self.idle} if self.idle else {}
        return p.load(run.programs, server, client, c=self.connections, s=self.message_bytes, p=self.depth, t=run.seconds, w=run.warmup,
                      **idle)

    def serve(self, run, peer):
        buffer = {"ECHO_BUFFER_BYTES": str(self.message_bytes)} if self.message_bytes > p.BUFFER_BYTES else {}
        return p.serve(run.programs, peer, self.workers, p.SERVER_CPU if self.workers == 1 else p.BOTH_CPUS, buffer)

    def peers(self, run):
        return run.programs.peers(p.PEERS if self.workers == 1 else (p.MIOCO, p.GO, p.TOKIO))

    def counts_syscalls(self, run):
        """Where it takes seconds; and how many connections there are to close is little beside."""
        return self in (HUNDRED, THOUSAND) and not (run.quick and self is THOUSAND)


HUNDRED = Shape(quick_rounds=5)
THOUSAND = Shape(connections=1000)

SHAPES = {
    "echo-1": Shape(connections=1),
    "echo-128-pingpong": HUNDRED,
    "echo-1000-pingpong": THOUSAND,
    "echo-10000-pingpong": Shape(connections=10_000, rounds=7),
    "echo-128-pipelined": Shape(depth=PIPELINE_DEPTH),
    "echo-1000-pipelined": Shape(connections=1000, depth=PIPELINE_DEPTH),
    "echo-128-4k": Shape(message_bytes=4096),
    "echo-128-64k": Shape(message_bytes=65536),
    "echo-128-beside-10000": Shape(idle=10_000, rounds=7),
    "echo-128-two-workers": Shape(workers=2),
}


def _by_name(peers):
    return {peer.name: peer for peer in peers}


def _cpu_us(sample):
    return sample["server_cpu_ns"] / sample["requests"] / 1000


def _each(samples, figure):
    """A figure of each sample, for all who were measured."""
    return {who: [figure(sample) for sample in taken] for who, taken in samples.items()}


def _user_share(samples):
    user = sum(s["server_user_ticks"] for s in samples)
    return user / max(1, user + sum(s["server_system_ticks"] for s in samples))


def _syscalls_a_request(run, peer, connections):
    """By the difference of a long and a short run, so that accepting and registering do not count. The middle of some: how many events
    one wait fetches depends on who of the two is ahead, the server or its client, and that changes from run to run."""
    short, long = run.count(20_000), run.count(220_000)
    taken = []
    with p.serve(run.programs, peer) as server:
        for _ in range(run.rounds(SYSCALL_ROUNDS)):
            few, many = (p.count_syscalls(run.programs, server, count, connections) for count in (short, long))
            if few is None or many is None:
                return None
            taken.append((many - few) / (long - short))
    return m.median(taken)


def _echo_row(name, samples, syscalls):
    cpu = [_cpu_us(s) for s in samples]
    median, user = m.median(cpu), _user_share(samples)
    row = {"server": name, "CPU us a request, median": f"{median:.3f}", "least": f"{min(cpu):.3f}", "least to most": m.spread(cpu),
           "user": f"{median * user:.3f}", "system": f"{median * (1 - user):.3f}"}
    if syscalls is not None:
        row["syscalls a request"] = f"{syscalls:.3f}"
    row["requests a second, median"] = f"{m.median([s['requests_per_second'] for s in samples]):.0f}"
    for label, key in (("p50 us", "p50_us"), ("p99 us", "p99_us"), ("p99.9 us", "p99_9_us")):
        row[label] = f"{m.median([s[key] for s in samples]):.0f}"
    return row


def echo(run, name, shape):
    """CPU time of the server a request, closed loop; with one worker it has a core of its own."""
    peers = shape.peers(run)

    def once(peer):
        with shape.serve(run, peer) as server:
            return shape.load(run, server)

    samples = m.interleave(run.rounds(shape.rounds, shape.quick_rounds), _by_name(peers), once)
    result = m.Result(name, shape.title(), samples=samples)
    if shape.connections == 1:
        result.figure(ROUND_TRIP, _each(samples, lambda s: s["p50_us"]))
    result.figure(CPU, _each(samples, _cpu_us))
    if shape.connections > 1:
        result.figure(P99, _each(samples, lambda s: s["p99_us"]))
    for peer in peers:
        syscalls = _syscalls_a_request(run, peer, shape.connections) if shape.counts_syscalls(run) else None
        result.rows.append(_echo_row(peer.name, samples[peer.name], syscalls))
        if peer is p.MIOCO and syscalls is not None:
            result.checks.append(m.Check("mioco's system calls a request", syscalls, SYSCALLS_LIMIT))
    _check_echo(result, shape)
    if shape.workers > 1:
        result.notes.append("The workers have both cores, and the client shares one of them.")
    if shape.message_bytes > p.BUFFER_BYTES:
        result.notes.append("Each rival is given a buffer of a message's size; mioco and Node choose by themselves.")
    return result


def _check_echo(result, shape):
    if shape.connections == 1:
        result.check_not_behind(ROUND_TRIP, {peer.name for peer in (p.RAW, *p.RUNTIMES)}, of="raw epoll and runtimes")
        return
    result.check_not_behind(CPU, {peer.name for peer in p.RUNTIMES}, of="runtimes")
    result.check_not_behind(CPU, {p.RAW.name, p.RAW_URING.name}, of="raw loops", aim=True)
    if shape.workers > 1:
        result.checks += [m.Check(f"p99 to that of {rival}", compared.ratio, TWO_WORKERS_LIMIT)
                          for rival, compared in result.comparisons(P99).items()]
    to_raw = result.comparisons(CPU).get(p.RAW.name)
    if to_raw and shape.connections in RAW_RATIO_LIMIT and shape.message_bytes == SMALL_BYTES:
        result.checks.append(m.Check("mioco's CPU time a request to the raw loop's", to_raw.ratio, RAW_RATIO_LIMIT[shape.connections]))


def clients(run):
    """The headline ratios once more by another client: what depends on who asks is no property of the servers."""
    shape = HUNDRED
    peers = run.programs.peers((p.MIOCO, p.RAW, p.TOKIO))
    asked = {f"{peer.name}, by {client}": (peer, client) for peer in peers for client in p.CLIENTS}

    def once(subject):
        peer, client = subject
        with shape.serve(run, peer) as server:
            return shape.load(run, server, client)

    samples = m.interleave(run.rounds(shape.rounds), asked, once)
    result = m.Result("echo-clients", "Two clients: the same ratios by each, 128 connections, 26 bytes, ping-pong", samples=samples)
    for client in p.CLIENTS:
        of = {peer.name: [_cpu_us(s) for s in samples[f"{peer.name}, by {client}"]] for peer in peers}
        result.figure(f"{CPU}, by {client}", of)
    for who, taken in samples.items():
        result.rows.append(_echo_row(who, taken, None))
    first, second = (result.comparisons(figure) for figure in result.figures)
    for rival in first:
        apart = abs(first[rival].ratio / second[rival].ratio - 1)
        result.checks.append(m.Check(f"mioco's CPU time to that of {rival}, by one client and by the other: apart", apart, CLIENTS_LIMIT))
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
    result.figure(IDLE, _each(samples, lambda s: s["rss_kib"]))
    result.figure(f"{IDLE}, with page tables", _each(samples, lambda s: s["rss_kib"] + s["page_tables_kib"]))
    # Those that have a stack or a task for each connection, and in it a buffer, as mioco's users have.
    result.check_not_behind(IDLE, {peer.name for peer in (p.BOOST_FIBER, p.GO, p.TOKIO, p.TOKIO_MULTI)}, of="runtimes with a task for each")
    for peer in peers:
        rss = [s["rss_kib"] for s in samples[peer.name]]
        tables = m.median([s["page_tables_kib"] for s in samples[peer.name]])
        result.rows.append({"server": peer.name, "RSS KiB, median": f"{m.median(rss):.2f}",
                            "least to most": m.spread(rss), "page tables KiB": f"{tables:.2f}"})
        if peer is p.MIOCO:
            result.checks.append(m.Check("RSS of an idle connection", m.median(rss), IDLE_KIB_LIMIT, "KiB"))
    return result


def _most(run, peer):
    """Requests a second that one worker can do."""
    with p.serve(run.programs, peer) as server:
        return max(p.load(run.programs, server, c=128, t=run.seconds)["requests_per_second"] for _ in range(run.rounds(3)))


def two_workers(run):
    """Latency at half of what one worker can do, with one worker and with two."""
    peers = run.programs.peers((p.MIOCO, p.GO, p.TOKIO))
    rates = {peer.name: round(_most(run, peer) / 2) for peer in peers}

    def once(subject):
        peer, workers = subject
        with p.serve(run.programs, peer, workers, p.SERVER_CPU if workers == 1 else p.BOTH_CPUS) as server:
            return p.load(run.programs, server, c=128, r=rates[peer.name], t=run.seconds)

    subjects = {f"{peer.name}, {workers} worker{'s' * (workers > 1)}": (peer, workers) for peer in peers for workers in (1, 2)}
    samples = m.interleave(run.rounds(9), subjects, once)
    result = m.Result("two-workers", "Two workers, 128 connections, open loop at half of one worker's maximum", samples=samples)
    for who, (peer, _) in subjects.items():
        result.rows.append(_latency_row(who, rates[peer.name], samples[who]))
    of_two = {peer.name: [s["p99_us"] for s in samples[f"{peer.name}, 2 workers"]] for peer in peers}
    result.figure(f"{P99}, 2 workers", of_two)
    if p.MIOCO in peers:
        one, two = (m.median([s["p99_us"] for s in samples[f"{p.MIOCO.name}, {which}"]]) for which in ("1 worker", "2 workers"))
        result.checks.append(m.Check("p99 with two workers to p99 with one", two / one, P99_RATIO_LIMIT))
    result.checks += [m.Check(f"{P99}, 2 workers: to that of {rival}", compared.ratio, TWO_WORKERS_LIMIT)
                      for rival, compared in result.comparisons(f"{P99}, 2 workers").items()]
    result.notes.append("One worker has a core of its own and the client the other; two workers have both, and the client shares one of "
                        "them. So one worker's p99 is what the machine leaves at this rate; under full load it is echo-128-two-workers that counts.")
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
