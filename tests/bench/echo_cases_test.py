#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/echo_cases.py asks servers for what a case is about, and draws its figures, targets and remarks from what clients tell.

Usage: echo_cases_test.py BUILD_FOLDER. Nothing is measured here: servers and clients are stand-ins.
"""

import contextlib
import io
import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import echo_cases
import programs as p
import run

THERE = (p.MIOCO, p.RAW, p.GO, p.TOKIO)


def sample(cpu_us, p99_us=500):
    return {"requests": 1000, "server_cpu_ns": 1e6 * cpu_us, "server_user_ticks": 1, "server_system_ticks": 3, "requests_per_second": 2e5,
            "p50_us": 10 * cpu_us, "p99_us": p99_us, "p99_9_us": 900}


def two_a_request(_programs, _server, requests, _connections):
    return 2 * requests + 700


class EchoCases(unittest.TestCase):
    def measured(self, case, cpu_us, p99_us=None, factors=None, count_syscalls=two_a_request):
        """The result where each server takes so much, and the clients see what they make of it; and how it was asked."""
        asked = []

        @contextlib.contextmanager
        def serve(_programs, peer, workers=1, cpus=p.SERVER_CPU, environment=None):
            asked.append({"peer": peer.name, "workers": workers, "cpus": cpus, "environment": environment})
            yield peer.name

        def load(_programs, server, client=None, **options):
            asked[-1] |= options
            factor = (factors or {}).get((server, client), 1)
            return sample(cpu_us[server] * factor, (p99_us or {}).get(server, 500))

        found = mock.Mock(peers=lambda wanted=p.PEERS: [peer for peer in wanted if peer in THERE])
        with (mock.patch.object(p, "serve", serve), mock.patch.object(p, "load", load),
              mock.patch.object(p, "count_syscalls", side_effect=count_syscalls),
              contextlib.redirect_stderr(io.StringIO())):
            return run.CASES[case](run.Run(found, quick=False)), asked

    SAME = {"mioco": 4.0, "raw epoll": 4.0, "Go": 5.0, "Tokio": 4.0}

    def checks(self, result):
        return {check.what: (check.value, check.met) for check in result.checks}

    def test_an_echo_case_compares_by_cpu_time_and_counts_system_calls(self):
        result, _ = self.measured("echo-128-pingpong", self.SAME)
        verdicts = {rival: compared.verdict for rival, compared in result.comparisons(echo_cases.CPU).items()}
        self.assertEqual(verdicts, {"raw epoll": "tied", "Go": "ahead", "Tokio": "tied"})
        self.assertEqual(self.checks(result)["mioco's system calls a request"], (2, True))
        self.assertEqual(self.checks(result)["mioco's CPU time a request to the raw loop's"], (1, True))
        row = result.rows[0]
        self.assertEqual([row[what] for what in ("server", "CPU us a request, median", "user", "system", "syscalls a request", "p50 us")],
                         ["mioco", "4.000", "1.000", "3.000", "2.000", "40"])

    def test_system_calls_are_counted_more_than_once_as_batches_differ(self):
        counts = 0

        def one_is_far_off(*asked):
            nonlocal counts
            counts += 1
            return two_a_request(*asked) + (100_000 if counts == 2 else 0)

        result, _ = self.measured("echo-128-pingpong", self.SAME, count_syscalls=one_is_far_off)
        self.assertEqual(self.checks(result)["mioco's system calls a request"], (2, True))

    def test_to_be_behind_a_runtime_fails_and_behind_a_raw_loop_does_not(self):
        result, _ = self.measured("echo-128-4k", self.SAME | {"raw epoll": 3.9, "Tokio": 3.9})
        runtimes, raw = result.checks
        self.assertEqual((runtimes.what, runtimes.met, runtimes.aim), ("runtimes that mioco is behind in CPU us a request (Tokio)", False, False))
        self.assertEqual((raw.what, raw.met, raw.aim), ("raw loops that mioco is behind in CPU us a request (raw epoll)", False, True))

    def test_one_connection_is_about_its_round_trip(self):
        for rival, round_trip, met in (("raw epoll", 4.0, True), ("raw epoll", 3.9, False), ("Tokio", 3.9, False)):
            result, _ = self.measured("echo-1", self.SAME | {rival: round_trip})
            self.assertEqual(list(result.figures)[0], echo_cases.ROUND_TRIP)
            (value,) = self.checks(result).values()
            self.assertEqual(value, (0 if met else 1, met))

    def test_the_server_gets_a_core_of_its_own_or_two_workers_both(self):
        for case, workers, cpus, peers in (("echo-1000-pipelined", 1, p.SERVER_CPU, THERE),
                                           ("echo-128-two-workers", 2, p.BOTH_CPUS, (p.MIOCO, p.GO, p.TOKIO))):
            _, asked = self.measured(case, self.SAME)
            self.assertEqual({(one["workers"], one["cpus"]) for one in asked}, {(workers, cpus)})
            self.assertEqual([one["peer"] for one in asked[:len(peers)]], [peer.name for peer in peers])

    def test_large_messages_find_large_buffers(self):
        for case, bytes_, environment in (("echo-128-64k", 65536, {"ECHO_BUFFER_BYTES": "65536"}), ("echo-128-4k", 4096, {})):
            _, asked = self.measured(case, self.SAME)
            self.assertEqual((asked[0]["s"], asked[0]["environment"]), (bytes_, environment))

    def test_idle_connections_are_asked_for(self):
        _, asked = self.measured("echo-128-beside-10000", self.SAME)
        self.assertEqual((asked[0]["c"], asked[0]["i"]), (128, 10_000))

    def test_two_workers_are_judged_by_half_of_the_rivals_p99(self):
        result, _ = self.measured("echo-128-two-workers", self.SAME, {"mioco": 500, "Go": 1000, "Tokio": 900})
        self.assertEqual([self.checks(result)[f"p99 to that of {rival}"][1] for rival in ("Go", "Tokio")], [True, False])

    def test_two_clients_have_to_agree(self):
        for factor, met in ((1.02, True), (1.05, False)):
            result, _ = self.measured("echo-clients", self.SAME, factors={("Tokio", "mioco-load"): factor})
            by_rival = {what.split(" to that of ")[1].split(",")[0]: check for what, check in self.checks(result).items()}
            self.assertEqual((by_rival["raw epoll"][1], by_rival["Tokio"][1]), (True, met))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
