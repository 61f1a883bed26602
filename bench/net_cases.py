# SPDX-License-Identifier: MPL-2.0
"""Servers beside the echo server: connections for one request each, HTTP, and a TCP proxy."""

import re
import shutil
import subprocess

import measure as m
import programs as p

CONNECTION_CPU = "CPU us a connection"
AT_A_TIME = 32
CHURN_SYSCALLS_LIMIT = 7.6


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
    result.check_not_behind(CONNECTION_CPU, {peer.name for peer in p.RUNTIMES}, of="runtimes")
    result.notes.append("What is counted is whole connections: from before the socket is made until the reply is there. The client "
                        "closes them, which costs it more than it costs a server to serve them; so all servers sleep at times.")
    return result


MIB = 1 << 20
CPU_A_MIB = "CPU us a MiB"
CPU_A_REQUEST = "CPU us a request"
PROXIES = (p.Peer("mioco", "tcp_proxy", "MIOCO_WORKERS"), p.Peer("raw epoll", "raw_proxy"), p.Peer("Boost.Asio", "asio_proxy"),
           p.Peer("Go", "go_proxy", "GOMAXPROCS"), p.Peer("Tokio", "tokio_proxy", "TOKIO_WORKER_THREADS"))


def _through_proxy(run, peer, connections, message_bytes):
    """The echo server behind it shares the client's core."""
    with p.serve(run.programs, p.RAW, 1, p.CLIENT_CPU) as target:
        with p.Server([run.programs.need(peer.program), target.address], p.SERVER_CPU, peer.environment(1)) as proxy:
            return p.load(run.programs, proxy, c=connections, s=message_bytes, t=run.seconds, w=run.warmup)


def proxy(run, connections, message_bytes, bulk):
    """CPU time of a TCP proxy between a client and the raw echo server."""
    peers = run.programs.peers(PROXIES)
    samples = m.interleave(run.rounds(9), {peer.name: peer for peer in peers},
                           lambda peer: _through_proxy(run, peer, connections, message_bytes))
    size = f"{message_bytes} bytes" if message_bytes < 1024 else f"{message_bytes // 1024} KiB"
    result = m.Result("proxy-bulk" if bulk else "proxy-small", f"TCP proxy, {connections} connections, {size}, ping-pong", samples=samples)
    # A message goes through it there and back.
    share = MIB / (2 * message_bytes) if bulk else 1
    figure = CPU_A_MIB if bulk else CPU_A_REQUEST
    result.figure(figure, _each(samples, lambda s: _cpu_us(s) * share))
    if not bulk:
        result.figure("p99 us", _each(samples, lambda s: s["p99_us"]))
    for peer in peers:
        taken = samples[peer.name]
        scaled = [s | {"server_cpu_ns": s["server_cpu_ns"] * share} for s in taken]
        result.rows.append(_cpu_row(peer.name, scaled, figure) | {"requests a second": _rate(taken)} |
                           _latencies(taken, "p50_us", "p99_us", "p99_9_us"))
    result.check_not_behind(figure, {"Boost.Asio", "Go", "Tokio"}, of="runtimes")
    return result


HTTP_CONNECTIONS = 128
MINIMAL = (p.Peer("mioco", "http_hello", "MIOCO_WORKERS"), p.Peer("raw epoll", "raw_http"),
           p.Peer("Tokio", "tokio_http", "TOKIO_WORKER_THREADS"))
WHOLE = (p.Peer("mioco, Beast's parser", "http-server", "MIOCO_WORKERS"), p.Peer("Go, net/http", "go_http", "GOMAXPROCS"),
         p.Peer("Tokio, hyper", "hyper_http", "TOKIO_WORKER_THREADS"), p.Peer("Node, http", "node_http"))

_TO_US = {"us": 1.0, "ms": 1e3, "s": 1e6}


def _wrk_us(output, percentile):
    found = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s)$", output, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk told no {percentile} % latency: {output.strip()[-500:]}")
    return float(found.group(1)) * _TO_US[found.group(2)]


def _by_wrk(run, peer):
    """The server's CPU time includes that of accepting, which is little beside the requests."""
    with p.serve(run.programs, peer) as server:
        seconds = max(1, round(2 * run.seconds))  # whole ones are what wrk takes
        command = ["taskset", "-c", p.CLIENT_CPU, "wrk", "-t1", f"-c{HTTP_CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://{server.address}/"]
        before = p.cpu_times(server.pid)
        done = subprocess.run(command, capture_output=True, text=True, timeout=p.RUN_TIMEOUT_S)
        after = p.cpu_times(server.pid)
    found = re.search(r"(\d+) requests in ([\d.]+)(s|m)", done.stdout)
    if done.returncode != 0 or found is None or "Non-2xx" in done.stdout or re.search(r"Socket errors:.*[1-9]", done.stdout):
        raise RuntimeError(f"wrk failed with {peer.name}: {done.stdout}{done.stderr}")
    requests = int(found.group(1))
    keys = ("server_cpu_ns", "server_user_ticks", "server_system_ticks")
    return {"requests": requests, "requests_per_second": requests / float(found.group(2)), "p50_us": _wrk_us(done.stdout, 50),
            "p99_us": _wrk_us(done.stdout, 99)} | {key: end - start for key, start, end in zip(keys, before, after)}


def http(run):
    """A fixed reply, keep-alive, loaded by wrk; the server has a core of its own."""
    if shutil.which("wrk") is None:
        raise FileNotFoundError("wrk is not installed")
    peers = run.programs.peers(MINIMAL + WHOLE)
    samples = m.interleave(run.rounds(7), {peer.name: peer for peer in peers}, lambda peer: _by_wrk(run, peer))
    result = m.Result("http", f"HTTP by wrk, {HTTP_CONNECTIONS} connections that stay open, a reply of 13 bytes", samples=samples)
    result.figure(CPU_A_REQUEST, _each(samples, _cpu_us))
    result.figure("requests a second", _each(samples, lambda s: s["requests_per_second"]), smaller_is_better=False)
    result.figure("p99 us", _each(samples, lambda s: s["p99_us"]))
    for peer in peers:
        taken = samples[peer.name]
        result.rows.append(_cpu_row(peer.name, taken, CPU_A_REQUEST) | {"requests a second": _rate(taken)} |
                           _latencies(taken, "p50_us", "p99_us"))
    result.check_not_behind(CPU_A_REQUEST, {peer.name for peer in peers} - {"raw epoll"}, of="servers but raw epoll")
    result.notes.append("mioco, the raw loop and Tokio have parsers that do the same work, written for this case: no more than GET without a body "
                        "needs. The others are whole libraries, with which mioco's example http-server and the parser of Boost.Beast "
                        "are to be compared.")
    return result
