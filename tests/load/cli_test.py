#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The load generators as a user starts them: command lines, output, errors, exit statuses.

Usage: cli_test.py BUILD_FOLDER. The servers are plain Python, so that no part of mioco tests itself.
"""

import contextlib
import json
import os
import pathlib
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAMS = {}


def find_programs(build_folder):
    for name in ("mioco-load", "tcp_bench", "benchmark-echo"):
        found = [p for p in pathlib.Path(build_folder).rglob(name) if p.is_file() and os.access(p, os.X_OK)]
        if not found:
            sys.exit(f"cli_test: there is no {name} under {build_folder}: build the tools first")
        PROGRAMS[name] = str(found[0])


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def echo_and_tell(answered):
    """Sets it once a client has come back, which has got an answer then."""
    def serve(connection):
        data = connection.recv(65536)
        connection.sendall(data)
        if connection.recv(1, socket.MSG_PEEK):
            answered.set()
        echo(connection)
    return serve


def shout(connection):
    while data := connection.recv(65536):
        connection.sendall(data.upper())


def hang_up(connection):
    connection.recv(1)


def read_to_end(master):
    """What was written to a terminal that nobody has open any more; its end is an error."""
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            shown += chunk
    return shown.decode()


class Server:
    """Serves on a free port, a thread a connection."""

    def __init__(self, serve=echo):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.serve = serve
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        with connection, contextlib.suppress(OSError):
            self.serve(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def unused_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def run(command_line):
    """Runs it as a shell would, with quotes removed."""
    program, *arguments = shlex.split(command_line)
    return subprocess.run([PROGRAMS[program], *arguments], capture_output=True, text=True, timeout=170, check=False)


class TcpBench(unittest.TestCase):
    def test_prints_the_format_of_old(self):
        with Server() as server:
            done = run(f'tcp_bench -c=16 -t=1 -a="{server.address}"')
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        form = (
            f"Benchmarking: {server.address}\n16 clients, running 26 bytes, 1 sec.\n\n"
            r"Speed: (\d+) request/sec, (\d+) response/sec\nRequests: (\d+)\nResponses: (\d+)\n"
        )
        self.assertRegex(done.stdout, f"\\A{form}\\Z")
        speed, _, requests, responses = map(int, re.match(form, done.stdout).groups())
        self.assertEqual(speed, requests)
        self.assertGreater(responses, 0)
        self.assertLessEqual(responses, requests)
        self.assertLessEqual(requests - responses, 16)

    def test_an_answer_that_differs_fails(self):
        with Server(shout) as server:
            done = run(f"tcp_bench -c=4 -t=1 -a={server.address}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("4 of 4 connections failed", done.stderr)
        self.assertIn("differs from the request", done.stderr)


class MiocoLoad(unittest.TestCase):
    def test_tells_errors_and_latencies(self):
        with Server() as server:
            done = run(f"mioco-load -a {server.address} -c 4 -t 0.5 --size 1000 --pipeline 4 --workers 1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("4 clients, running 1000 bytes, 0.5 sec.\n", done.stdout)
        self.assertIn("\nErrors: 0\nUnanswered: 0\n", done.stdout)
        latencies = re.search(r"\nLatency: p50 (\S+) us, p99 (\S+) us, p99.9 (\S+) us, max (\S+) us\n\Z", done.stdout)
        p50, p99, p99_9, most = map(float, latencies.groups())
        self.assertTrue(0 < p50 <= p99 <= p99_9 <= most, done.stdout)

    def test_json_is_all_that_stdout_gets(self):
        with Server() as server:
            done = run(f"mioco-load -a {server.address} -c 5 -t 0.5 --warmup 0.1 --rate 200 --json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = json.loads(done.stdout)
        self.assertEqual((told["connections"], told["rate"], told["errors"], told["unanswered"]), (5, 200, 0, 0))
        self.assertEqual(told["requests"], 100)
        self.assertGreater(told["responses"], 0)

    def test_looks_names_up(self):
        with Server() as server:
            for address in (f"localhost:{server.port}", f":{server.port}"):
                done = run(f"mioco-load -a {address} -c 1 -t 0.1")
                self.assertEqual((done.returncode, done.stderr), (0, ""), address)

    def test_a_connection_that_the_server_closes_is_an_error(self):
        with Server(hang_up) as server:
            done = run(f"mioco-load -a {server.address} -c 3 -t 20")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Errors: 3\n", done.stdout)
        self.assertIn("3 of 3 connections failed; the first: connection ", done.stderr)

    def test_ctrl_c_prints_what_was_measured(self):
        answered = threading.Event()
        with Server(echo_and_tell(answered)) as server:
            command = [PROGRAMS["mioco-load"], "-a", server.address, "-c", "4", "-t", "1000", "--json"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                self.assertTrue(answered.wait(20))
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=100)
        self.assertEqual((process.returncode, err), (0, ""))
        told = json.loads(out)
        self.assertTrue(told["interrupted"])
        self.assertGreater(told["responses"], 0)
        self.assertLess(told["seconds"], 20)

    def test_shows_progress_on_a_terminal_alone(self):
        master, terminal = pty.openpty()
        with Server() as server:
            command = [PROGRAMS["mioco-load"], "-a", server.address, "-c", "2", "-t", "3.5"]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, timeout=100, check=False)
        os.close(terminal)
        shown = read_to_end(master)
        os.close(master)
        self.assertEqual(done.returncode, 0)
        lines = re.findall(r"\r\x1b\[K(\d+) s: (\d+) response/sec, (\d+) so far, 0 errors", shown)
        seconds = [int(line[0]) for line in lines]
        self.assertGreaterEqual(len(seconds), 2, repr(shown))  # of three, where the machine is busy
        self.assertGreaterEqual(seconds[0], 1, repr(shown))
        self.assertEqual(seconds, sorted(set(seconds)), repr(shown))
        self.assertTrue(shown.endswith("\r\x1b[K"), repr(shown))


class BenchmarkEcho(unittest.TestCase):
    form = re.compile(r"\AThroughput: (\d+\.\d\d) \[reqests/sec\], errors: (\d+)\n\Z")

    def check(self, done, errors, status=0):
        self.assertEqual(done.returncode, status, done.stderr)
        line = self.form.match(done.stdout)
        self.assertTrue(line, done.stdout)
        self.assertEqual(int(line[2]), errors)
        return float(line[1])

    def test_takes_the_command_line_of_old(self):
        with tempfile.TemporaryDirectory() as folder, Server() as server:
            file = pathlib.Path(folder, "data.json")
            file.write_bytes(os.urandom(2954))
            done = run(f"benchmark-echo -t64 -c10 -e10 -f{file} -p{server.port} 127.0.0.1")
        self.assertGreater(self.check(done, errors=0), 0)
        self.assertEqual(done.stderr, "")

    def test_sends_a_greeting_by_default(self):
        heard = []

        def listen(connection):
            heard.append(connection.recv(100))
            connection.sendall(heard[-1])

        with Server(listen) as server:
            done = run(f"benchmark-echo -p {server.port} 127.0.0.1")
        self.check(done, errors=0)
        self.assertEqual(heard, [b"hello world\n"])

    def test_answers_that_differ_are_errors(self):
        with Server(shout) as server:
            self.assertEqual(self.check(run(f"benchmark-echo -t2 -c3 -e4 -p{server.port} 127.0.0.1"), errors=24), 0)

    def test_a_closed_connection_ends_with_errors(self):
        with Server(hang_up) as server:
            self.check(run(f"benchmark-echo -t2 -c3 -e4 -p{server.port} 127.0.0.1"), errors=24)

    def test_exit_statuses_are_those_of_old(self):
        self.assertEqual(run("benchmark-echo -x 127.0.0.1").returncode, 1)
        without_address = run("benchmark-echo -t64 -c10 -e10000")
        self.assertEqual(without_address.returncode, 2)
        self.assertIn("Usage: benchmark-echo", without_address.stderr)
        no_file = run("benchmark-echo -f/nonexistent/data.json 127.0.0.1")
        self.assertEqual(no_file.returncode, 1)
        self.assertIn("/nonexistent/data.json", no_file.stderr)


class Refusals(unittest.TestCase):
    def test_nobody_listens(self):
        address = unused_address()
        port = address.rpartition(":")[2]
        for line in (
            f"tcp_bench -a={address} -t=30",
            f"mioco-load -a {address} -t 30",
            f"benchmark-echo -t2 -c2 -e2 -p{port} 127.0.0.1",
        ):
            with self.subTest(line):
                done = run(line)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"nobody listens on {address}: start a server there first", done.stderr)

    def test_bad_arguments(self):
        for line, told in (
            ("tcp_bench -c=0", "--clients: must be a whole number from 1 to"),
            ("tcp_bench -t=soon", '--seconds: must be a number from 0.01 to 100000, not "soon"'),
            ("tcp_bench -a=5555", 'address "5555": give host:port'),
            ("tcp_bench -a=127.0.0.1:0", "the port must be from 1 to 65535"),
            ("tcp_bench -a=127.0.0.1:70000", 'address "127.0.0.1:70000"'),
            ("mioco-load -a no.such.host.invalid:80", "no.such.host.invalid"),
            ("mioco-load --sise 5", "--sise"),
            ("benchmark-echo -e0 127.0.0.1", "-e: must be a whole number from 1 to"),
            ("benchmark-echo -p70000 127.0.0.1", "-p: must be a whole number from 1 to 65535"),
        ):
            with self.subTest(line):
                done = run(line)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(told, done.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: cli_test.py BUILD_FOLDER")
    find_programs(sys.argv.pop())
    unittest.main(verbosity=2)
