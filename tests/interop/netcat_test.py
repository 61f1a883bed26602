# SPDX-License-Identifier: MPL-2.0
"""Clients that everybody has: both flavours of nc, ncat, and socat."""

import os
import subprocess
import unittest

import echo_server
from echo_server import EchoServer, exchange, require

LINES = b"first line\nsecond line\n\n\x00\xff binary\nno newline at the end"
BIG = os.urandom(3_000_000)


class Netcat(unittest.TestCase):
    def echoes(self, command_for) -> None:
        with EchoServer() as server:
            command = command_for(str(server.port))
            self.assertEqual(exchange(command, LINES), LINES)
            self.assertEqual(exchange(command, b""), b"")
            self.assertTrue(exchange(command, BIG) == BIG, "three megabytes came back changed")

    def test_openbsd_nc_half_closes_at_the_end_of_its_input(self):
        nc = require("nc.openbsd", "netcat-openbsd")
        self.echoes(lambda port: [nc, "-N", "127.0.0.1", port])

    def test_ncat_half_closes_at_the_end_of_its_input(self):
        ncat = require("ncat", "ncat")
        self.echoes(lambda port: [ncat, "127.0.0.1", port])

    def test_socat_half_closes_at_the_end_of_its_input(self):
        socat = require("socat", "socat")
        # It waits for the answer's end for so many seconds after that of its input.
        self.echoes(lambda port: [socat, "-t", "50", "-", f"TCP:127.0.0.1:{port}"])

    def test_traditional_nc_never_half_closes(self):
        nc = require("nc.traditional", "netcat-traditional")
        with EchoServer() as server:
            client = subprocess.Popen([nc, "127.0.0.1", str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for message in (LINES, b"more", BIG[:10_000]):
                client.stdin.write(message)
                client.stdin.flush()
                received = b""
                while len(received) < len(message):
                    received += client.stdout.read1()
                self.assertEqual(received, message)
            client.terminate()
            client.wait()
            client.stdin.close()
            client.stdout.close()
            # That one vanished harms nobody.
            with server.connect() as other:
                other.sendall(b"next")
                self.assertEqual(echo_server.receive_exactly(other, 4), b"next")

    def test_openbsd_nc_over_ipv6(self):
        nc = require("nc.openbsd", "netcat-openbsd")
        with EchoServer("[::1]:0") as server:
            self.assertEqual(exchange([nc, "-N", "::1", str(server.port)], LINES), LINES)


if __name__ == "__main__":
    echo_server.main()
