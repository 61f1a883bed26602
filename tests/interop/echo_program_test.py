# SPDX-License-Identifier: MPL-2.0
"""The echo example as a program: what it prints, how it ends, and how it fails."""

import os
import signal
import socket
import struct
import subprocess
import unittest

import echo_server
from echo_server import EchoServer, program, receive_exactly


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([program(), *arguments], capture_output=True, text=True, check=False,
                          env=dict(os.environ, **environment))


def ping(client: socket.socket) -> bytes:
    client.sendall(b"ping")
    return receive_exactly(client, 4)


class EchoProgram(unittest.TestCase):
    def test_it_says_where_it_listens_and_what_to_try(self):
        with EchoServer() as server:
            self.assertEqual(server.greeting, f"Starting tcp echo server on 127.0.0.1:{server.port}\n")
            self.assertIn(f"nc 127.0.0.1 {server.port}", server.hint)
            self.assertNotEqual(server.port, 0)

    def test_an_interrupt_ends_it_with_status_0(self):
        server = EchoServer()
        self.assertEqual(server.interrupt(), 0)
        self.assertEqual(server.stderr, "")

    def test_an_interrupt_ends_it_in_the_midst_of_connections(self):
        server = EchoServer()
        idle = [server.connect() for _ in range(50)]
        flooding = server.connect()
        flooding.setblocking(False)
        # It never reads, so that the server is left waiting for room.
        with self.assertRaises(BlockingIOError):
            while True:
                flooding.send(b"x" * 65536)
        self.assertEqual(ping(idle[0]), b"ping")
        self.assertEqual(server.interrupt(), 0)
        self.assertEqual(server.stderr, "")
        for client in idle:
            self.assertEqual(client.recv(1), b"")
            client.close()
        flooding.close()

    def test_a_port_in_use_is_a_clear_error_and_status_1(self):
        with EchoServer() as server:
            address = f"127.0.0.1:{server.port}"
            second = run(address)
            self.assertEqual(second.returncode, 1)
            self.assertEqual(second.stdout, "")
            self.assertIn(f"echo: mioco: listen on {address} (another socket is there: choose another port", second.stderr)
            self.assertEqual(second.stderr.count("\n"), 1)

    def test_a_bad_address_is_a_clear_error_and_status_1(self):
        said = {"[::1]:x": 'listen on "[::1]:x": no such service: give the port as a number'}
        for address in ("localhost", "127.0.0.1", "127.0.0.1:99999", "", "[::1", "[::1]:x"):
            done = run(address)
            self.assertEqual(done.returncode, 1, address)
            self.assertEqual(done.stdout, "")
            self.assertIn("echo: mioco: " + said.get(address, f'endpoint "{address}": '), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_bad_setting_is_a_clear_error_and_status_1(self):
        done = run("127.0.0.1:0", MIOCO_WORKERS="none")
        self.assertEqual(done.returncode, 1)
        self.assertIn("MIOCO_WORKERS", done.stderr)
        self.assertIn("none", done.stderr)

    def test_an_address_of_another_host_is_a_clear_error_and_status_1(self):
        done = run("192.0.2.1:80")
        self.assertEqual(done.returncode, 1)
        self.assertIn("listen on 192.0.2.1:80: Cannot assign requested address", done.stderr)

    def test_clients_that_reset_or_vanish_are_no_news(self):
        with EchoServer() as server:
            witness = server.connect()
            for number in range(100):
                client = server.connect()
                if number % 3 != 0:
                    client.sendall(b"x" * (number * 1000))
                if number % 2 == 0:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                self.assertEqual(ping(witness), b"ping")
            witness.close()

    def test_a_client_that_is_killed_is_no_news(self):
        with EchoServer() as server, server.connect() as witness:
            code = ("import socket, sys\n"
                    f"s = socket.create_connection(('127.0.0.1', {server.port}))\n"
                    "print('connected', flush=True)\n"
                    "while True: s.sendall(b'x' * 65536)\n")
            client = subprocess.Popen([os.sys.executable, "-c", code], stdout=subprocess.PIPE)
            client.stdout.readline()
            self.assertEqual(ping(witness), b"ping")
            client.send_signal(signal.SIGKILL)
            client.wait()
            client.stdout.close()
            self.assertEqual(ping(witness), b"ping")


class StubbornProgram(unittest.TestCase):
    """A program one of whose fibers computes and never comes to an end."""

    def test_a_second_interrupt_ends_it_at_once(self):
        path = os.path.join(os.environ["MIOCO_BUILD_DIR"], "tests", "interop", "stubborn_program")
        process = subprocess.Popen([path], stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "computing\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.readline(), "stopping\n")
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), -signal.SIGINT)
        process.stdout.close()


if __name__ == "__main__":
    echo_server.main()
