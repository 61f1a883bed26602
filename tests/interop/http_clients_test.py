# SPDX-License-Identifier: MPL-2.0
"""Programs that everybody has for HTTP: ab, wrk and curl, against the examples."""

import os
import re
import subprocess
import tempfile
import unittest

import example_program
from echo_server import require
from example_program import ExampleServer


def run(command: list[str], **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with status {done.returncode}: {done.stderr}")
    return done.stdout


class ApacheBench(unittest.TestCase):
    """It speaks HTTP/1.0, and waits for the connection's end, or with -k for one that stays open."""

    def number(self, report: str, name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+)", report, re.MULTILINE)
        return int(found[1]) if found else 0

    def check(self, *options: str) -> str:
        ab = require("ab", "apache2-utils")
        with ExampleServer("http-server") as server:
            report = run([ab, "-q", "-n", "2000", "-c", "20", *options, f"http://127.0.0.1:{server.port}/"])
        self.assertEqual(self.number(report, "Complete requests"), 2000)
        self.assertEqual(self.number(report, "Failed requests"), 0)
        self.assertEqual(self.number(report, "Non-2xx responses"), 0)
        return report

    def test_a_connection_a_request(self):
        self.assertEqual(self.number(self.check(), "Keep-Alive requests"), 0)

    def test_connections_that_stay_open(self):
        self.assertEqual(self.number(self.check("-k"), "Keep-Alive requests"), 2000)

    def test_head_requests(self):
        self.check("-k", "-i")

    def test_posted_bodies(self):
        with tempfile.NamedTemporaryFile() as body:
            body.write(os.urandom(50_000))
            body.flush()
            self.check("-k", "-p", body.name)


class Wrk(unittest.TestCase):
    def check(self, name: str) -> None:
        wrk = require("wrk", "wrk")
        with ExampleServer(name) as server:
            report = run([wrk, "-t", "2", "-c", "50", "-d", "1s", f"http://127.0.0.1:{server.port}/"])
        self.assertNotIn("Non-2xx", report)
        self.assertGreater(int(re.search(r"(\d+) requests in", report)[1]), 0)
        # A machine that stalls may let replies be late; what counts is that none is broken.
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", report)
        if errors:
            self.assertEqual(errors.groups(), ("0", "0", "0"), report)

    def test_the_honest_server(self):
        self.check("http-server")

    def test_the_cheating_server(self):
        self.check("cheating-http-server")


class Curl(unittest.TestCase):
    def test_it_gets_posts_and_keeps_the_connection(self):
        curl = require("curl", "curl")
        with ExampleServer("http-server") as server, tempfile.NamedTemporaryFile() as body:
            body.write(os.urandom(2_000_000))  # so much that it asks for the go-ahead
            body.flush()
            url = f"http://127.0.0.1:{server.port}"
            told = ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n"]
            report = run([curl, *told, f"{url}/", "--next", *told, f"{url}/favicon.ico",
                          "--next", *told, "--data-binary", f"@{body.name}", f"{url}/",
                          "--next", *told, "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{body.name}", f"{url}/",
                          "--next", *told, "-I", f"{url}/"])
            self.assertEqual(report.splitlines(), ["200 1", "404 0", "200 0", "200 0", "200 0"])
            self.assertEqual(run([curl, "-sS", f"{url}/"]), "Hello World")


if __name__ == "__main__":
    example_program.main()
