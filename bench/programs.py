# SPDX-License-Identifier: MPL-2.0
"""The programs that are measured: where they are, how they are started, and what they print."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

SERVER_CPU = "0"
CLIENT_CPU = "1"
BOTH_CPUS = "0,1"
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 10
RUN_TIMEOUT_S = 300

CLIENTS = ("load_client", "mioco-load")

# What servers read into, unless ECHO_BUFFER_BYTES says otherwise.
BUFFER_BYTES = 16 * 1024

ROOT = pathlib.Path(__file__).resolve().parent.parent
NO_COMMIT = "this tree"

FOLDERS = (".", "bench/peers", "bench/net", "bench/micro", "peers", "net", "micro", "examples", "tools/load")


@dataclasses.dataclass(frozen=True)
class Peer:
    """An echo server. `environment(workers)` says on how many threads it runs; `settings` are pairs that it always has there."""

    name: str
    program: str
    workers_variable: str | None = None
    settings: tuple = ()

    def environment(self, workers):
        chosen = {self.workers_variable: str(workers)} if self.workers_variable else {}
        return chosen | dict(self.settings)


MIOCO = Peer("mioco", "echo", "MIOCO_WORKERS")
RAW = Peer("raw epoll", "raw_epoll")
RAW_URING = Peer("raw io_uring", "raw_uring")
LIBEV = Peer("libev", "libev_echo")
LIBUV = Peer("libuv", "libuv_echo")
ASIO = Peer("Boost.Asio", "asio_echo")
ASIO_COROUTINES = Peer("Boost.Asio, coroutines", "asio_coroutine_echo")
BOOST_FIBER = Peer("Boost.Fiber", "boost_fiber_echo")
GO = Peer("Go", "go_echo", "GOMAXPROCS")
TOKIO = Peer("Tokio", "tokio_echo", "TOKIO_WORKER_THREADS")
# On one thread, too, in the runtime that can have several.
TOKIO_MULTI = Peer("Tokio, multi-thread", "tokio_echo", "TOKIO_WORKER_THREADS", (("TOKIO_FLAVOR", "multi_thread"),))
NODE = Peer("Node", "node_echo")
RUNTIMES = (LIBEV, LIBUV, ASIO, ASIO_COROUTINES, BOOST_FIBER, GO, TOKIO, TOKIO_MULTI, NODE)
PEERS = (MIOCO, RAW, RAW_URING, *RUNTIMES)


def commit(root=ROOT):
    """What git calls the tree, or no more than that it is this one: in an unpacked tarball, say."""
    # Without this git would look further up, and name a commit of whatever repository the tree was unpacked in.
    if not (root / ".git").exists():
        return NO_COMMIT
    try:
        return subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True,
                              timeout=START_TIMEOUT_S, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return NO_COMMIT


class Programs:
    """Finds programs in a build folder."""

    def __init__(self, folder, client="load_client"):
        self.folder = pathlib.Path(folder)
        self.client = client
        self.commit = commit()  # once: they were built before, whatever is edited while they are measured
        self._failures = {}

    def find(self, name):
        for sub in FOLDERS:
            path = self.folder / sub / name
            if path.is_file() and os.access(path, os.X_OK):
                return path
        return None

    def need(self, name):
        path = self.find(name)
        if path is None:
            raise FileNotFoundError(f"no program \"{name}\" in {self.folder}: build it with -DMIOCO_BENCH=ON")
        return path

    def peers(self, wanted=PEERS):
        """Those that are built and, of the echo servers, start here."""
        return [peer for peer in wanted if self.find(peer.program) is not None and self.failure(peer) is None]

    def failure(self, peer):
        """Why a rival that is built does not start, or None: a kernel may have no io_uring, or deny it. mioco has no excuse. Others than
        echo servers are not tried: it is not known here what they want to be started with."""
        if peer.program == MIOCO.program or peer not in PEERS:
            return None
        if peer not in self._failures:
            try:
                with serve(self, peer):
                    self._failures[peer] = None
            except RuntimeError as error:
                self._failures[peer] = str(error)
        return self._failures[peer]

    def version(self, peer):
        """What a rival says of itself; mioco's echo server has no such option, and is of this tree."""
        if peer.program == MIOCO.program:
            return self.commit
        done = subprocess.run([self.need(peer.program), "--version"], capture_output=True, text=True,
                              timeout=START_TIMEOUT_S, check=True)
        return re.sub(r"(\d)_(\d)", r"\1.\2", done.stdout.strip())  # as Boost writes it


class Server:
    """A running echo server on a free port; a context manager."""

    def __init__(self, command, cpus=SERVER_CPU, environment=None):
        self._command = ["taskset", "-c", cpus, *map(str, command), "127.0.0.1:0"]
        self._environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        # A shell that starts this in the background has SIGINT ignored, and servers inherit that: then none would end by it.
        self._process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True,
                                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        hangs = threading.Timer(START_TIMEOUT_S, self._process.kill)
        hangs.start()
        first = self._process.stdout.readline()
        hangs.cancel()
        found = re.search(r" on (\S+:\d+)", first)
        if found is None:
            raise RuntimeError(f"{' '.join(self._command)}: no address in its first line {first!r}: {self.stop().strip()}")
        self.address = found.group(1)
        self.pid = self._process.pid
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the server as Ctrl-C would, and returns what it wrote to stderr."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.communicate(timeout=STOP_TIMEOUT_S)[1]
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.communicate()[1]


def serve(programs, peer, workers=1, cpus=SERVER_CPU, environment=None):
    return Server([programs.need(peer.program)], cpus, peer.environment(workers) | (environment or {}))


def run_json(command, cpus=None, environment=None):
    """Runs a program that prints one line of JSON, and returns what stands in it."""
    pinned = ["taskset", "-c", cpus] if cpus else []
    done = subprocess.run([*pinned, *map(str, command)], env={**os.environ, **(environment or {})},
                          capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def client_command(programs, server, client="load_client", **options):
    """The command of a load client in C; an option is named by its letter, and True stands for a bare flag."""
    command = [programs.need(client), "-P", server.pid]
    for letter, value in options.items():
        command += [f"-{letter}"] if value is True else [f"-{letter}", value]
    return [*map(str, command), server.address]


def load(programs, server, client=None, **options):
    """Loads a server, by the client that was chosen as far as it has the options."""
    if (client or programs.client) == "mioco-load" and set(options) <= {"c", "p", "r", "s", "t", "w"}:
        return _load_by_mioco(programs, server, options)
    return run_json(client_command(programs, server, **options), CLIENT_CPU)


def cpu_times(pid):
    """Of a process from its start: nanoseconds by its CPU clock; and the kernel's ticks as a user, and within the system."""
    cpu_clock = (~pid << 3) | 2  # clock_getcpuclockid of a process, in the kernel's encoding
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return time.clock_gettime_ns(cpu_clock), int(fields[11]), int(fields[12])


def _load_by_mioco(programs, server, options):
    """The same by way of mioco-load, which knows nothing of the server's CPU time: here it includes accepting, and there is no
    warm-up, which would count as well."""
    command = [programs.need("mioco-load"), "--json", "--workers", 1, "-a", server.address]
    for letter, value in options.items():
        command += [f"-{letter}", value] if letter != "w" else []
    before = cpu_times(server.pid)
    sample = run_json(command, CLIENT_CPU)
    after = cpu_times(server.pid)
    keys = ("server_cpu_ns", "server_user_ticks", "server_system_ticks")
    return sample | {key: end - start for key, start, end in zip(keys, before, after)}


def count_syscalls(programs, server, requests, connections, client="load_client"):
    """The server's system calls while a client asks so often, or None where neither perf nor strace can count."""
    command = ["taskset", "-c", CLIENT_CPU, *client_command(programs, server, client, c=connections, n=requests)]
    if shutil.which("perf"):
        done = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(server.pid), "--",
                               *command], capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
        found = re.search(r"^(\d+),", done.stderr, re.MULTILINE)
        if done.returncode == 0 and found:
            return int(found.group(1))
    if shutil.which("strace"):
        strace = subprocess.Popen(["strace", "-c", "-f", "-p", str(server.pid)], stderr=subprocess.PIPE, text=True)
        strace.stderr.readline()  # "attached"
        subprocess.run(command, check=True, capture_output=True, timeout=RUN_TIMEOUT_S)
        strace.send_signal(signal.SIGINT)
        found = re.search(r"^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)", strace.communicate()[1], re.MULTILINE)
        return int(found.group(1)) if found else None
    return None
