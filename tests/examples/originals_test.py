#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The programs that the original had, as far as they speak no HTTP: what they print and do, and how they end."""

import contextlib
import os
import random
import socket
import subprocess
import tempfile
import time
import unittest

import example_program
from example_program import ExampleServer, program


def echoed(client: socket.socket, message: bytes) -> bytes:
    client.sendall(message)
    received = b""
    while len(received) < len(message):
        part = client.recv(65536)
        if not part:
            break
        received += part
    return received


class EchoPlus(unittest.TestCase):
    def test_it_echoes(self):
        with ExampleServer("echoplus") as server, server.connect() as client:
            self.assertIn("time-out after 5 s", server.greeting)
            for size in (1, 1000, 100_000):
                message = os.urandom(size)
                self.assertEqual(echoed(client, message), message)

    def test_who_sends_nothing_for_the_time_out_is_disconnected(self):
        with ExampleServer("echoplus", "127.0.0.1:0", "2") as server:
            begun = time.monotonic()
            with server.connect() as client:
                self.assertEqual(echoed(client, b"ping"), b"ping")
                self.assertEqual(client.recv(1), b"")
            self.assertGreaterEqual(time.monotonic() - begun, 2)

    def test_who_takes_no_answer_for_the_time_out_is_disconnected(self):
        with ExampleServer("echoplus", "127.0.0.1:0", "0.2") as server, server.connect() as client:
            client.settimeout(20)
            with self.assertRaises(ConnectionError):
                while True:
                    client.sendall(bytes(65536))

    def test_each_message_starts_the_time_anew(self):
        with ExampleServer("echoplus", "127.0.0.1:0", "0.3") as server, server.connect() as client:
            # Together these last for longer than the time-out. On a machine that stalls the client may be cut off all the same,
            # but only a time-out after its last message.
            begun = last = time.monotonic()
            while last - begun < 0.6:
                before, last = last, time.monotonic()
                answer = b""
                with contextlib.suppress(ConnectionError):
                    answer = echoed(client, b"ping")
                if answer != b"ping":
                    self.assertGreaterEqual(time.monotonic() - before, 0.3)
                    return

    def test_a_bad_time_is_a_clear_error(self):
        for text in ("soon", "0", "-1", "nan", "5x", "5 ", ""):
            done = subprocess.run([program("echoplus"), "127.0.0.1:0", text], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f'"{text}"', done.stderr)


class Channel(unittest.TestCase):
    def start(self) -> ExampleServer:
        return ExampleServer("channel", stdin=subprocess.PIPE)

    def test_it_accepts_one_connection_a_line_and_ends_with_its_input(self):
        server = self.start()
        self.assertIn("Press Enter", server.process.stdout.readline())
        clients = [server.connect() for _ in range(2)]
        for client in clients:
            client.sendall(b"ping")
        for accepted, client in enumerate(clients):
            server.process.stdin.write("\n")
            server.process.stdin.flush()
            self.assertEqual(client.recv(4), b"ping")
            # Those that were not accepted have got nothing.
            for other in clients[accepted + 1:]:
                with self.assertRaises(BlockingIOError):
                    other.recv(1, socket.MSG_DONTWAIT)
        server.process.stdin.close()
        for client in clients:
            self.assertEqual(echoed(client, b"pong"), b"pong")
            client.close()
        self.assertEqual(server.wait(), 0)

    def test_an_interrupt_ends_it_while_it_waits_for_a_line(self):
        with self.start():
            pass


class ChannelSync(unittest.TestCase):
    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen([program("channel_sync"), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def test_each_line_comes_through_both_channels_in_order(self):
        process = self.start("1000", "0")
        lines = [f"line {i}" for i in range(40)]  # more than the channels hold
        output, _ = process.communicate("".join(f"{line}\n" for line in lines))
        self.assertEqual(process.returncode, 0)
        printed = [line for line in output.splitlines() if line != "Enter something:"]
        for number in "12":
            mine = [text for head, text in zip(printed[::2], printed[1::2]) if head == f"{number}. Reading ..."]
            self.assertEqual(mine, lines)
        self.assertEqual(len(printed), 4 * len(lines))

    def test_it_says_when_nothing_has_come_for_the_time_out(self):
        process = self.start("0.02", "0")
        # By two threads, in whichever order.
        self.assertEqual({process.stdout.readline(), process.stdout.readline()}, {"Enter something:\n", "TIMEOUT\n"})
        output, _ = process.communicate("late\n")
        self.assertEqual(process.returncode, 0)
        self.assertEqual(output.splitlines().count("late"), 2)


class EchoUdp(unittest.TestCase):
    def start(self, *more: str) -> ExampleServer:
        # An address of this test alone: others use other ports of other addresses.
        address = "127." + ".".join(str(random.randint(1, 254)) for _ in range(3))
        return ExampleServer("echo_udp", f"{address}:60000", *more)

    def test_every_port_answers_up_to_the_last(self):
        with self.start() as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            self.assertIn("60000 to 65535", server.greeting)
            for port in (60000, 60001, 63210, 65534, 65535):
                for message in (b"ping", b"", os.urandom(60_000)):
                    client.sendto(message, (server.host, port))
                    self.assertEqual(client.recvfrom(65536), (message, (server.host, port)))

    def test_a_port_in_use_is_left_out_and_the_next_serves(self):
        with self.start("1") as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            second = ExampleServer("echo_udp", f"{first.host}:60000", "2")
            client.sendto(b"ping", (first.host, 60001))
            self.assertEqual(client.recvfrom(10), (b"ping", (first.host, 60001)))
            self.assertEqual(second.interrupt(), 0)
            self.assertEqual(second.stderr, "echo_udp: port 60000 is in use, and left out\n")


class UnixEcho(unittest.TestCase):
    def check(self, path: str) -> None:
        with ExampleServer("unixecho", path) as server, socket.socket(socket.AF_UNIX) as client:
            self.assertEqual(server.greeting, f'Starting unix echo server on "{path}"\n')
            client.connect(path)
            message = os.urandom(100_000)
            self.assertEqual(echoed(client, message[:1000]), message[:1000])
            client.sendall(message)
            client.shutdown(socket.SHUT_WR)
            received = b""
            while part := client.recv(65536):
                received += part
            self.assertTrue(received == message)

    def test_it_echoes_and_removes_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            self.check(path)
            self.assertFalse(os.path.exists(path))

    def test_a_file_left_over_makes_way(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            with socket.socket(socket.AF_UNIX) as left_over:
                left_over.bind(path)
            self.check(path)

    def test_a_living_server_does_not(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            with ExampleServer("unixecho", path):
                done = subprocess.run([program("unixecho"), path], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, r"listen on .* \(choose another path, .*\): Address already in use\n\Z")
                self.assertTrue(os.path.exists(path))


class Shutdown(unittest.TestCase):
    def test_it_unwinds_every_fiber(self):
        done = subprocess.run([program("shutdown")], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"\ASpawning mioco instance\nSleeping\n\d+ fibers yield\n"
                                      r"Terminating mioco instance\n0 fibers are left\n\Z")
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    example_program.main()
