# SPDX-License-Identifier: MPL-2.0
"""A plain client in another language, with sockets alone."""

import hashlib
import os
import socket
import threading
import unittest

import echo_server
from echo_server import EchoServer, receive_all, receive_exactly

MEGABYTE = 1_000_000


class PythonClient(unittest.TestCase):
    def test_a_hundred_random_megabytes_and_a_half_close_come_back_whole(self):
        with EchoServer() as server, server.connect() as client:
            sent = hashlib.sha256()

            def send() -> None:
                for _ in range(100):
                    part = os.urandom(MEGABYTE)
                    sent.update(part)
                    client.sendall(part)
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            received = hashlib.sha256()
            size = 0
            while part := client.recv(1 << 18):
                received.update(part)
                size += len(part)
            sender.join()
            self.assertEqual(size, 100 * MEGABYTE)
            self.assertEqual(received.hexdigest(), sent.hexdigest())

    def test_single_bytes_come_back_one_by_one(self):
        with EchoServer() as server, server.connect() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for value in range(256):
                client.sendall(bytes([value]))
                self.assertEqual(client.recv(10), bytes([value]))

    def test_two_hundred_clients_at_once_get_their_own(self):
        with EchoServer() as server:
            clients = [server.connect() for _ in range(200)]
            for number, client in enumerate(clients):
                client.sendall(b"client %03d" % number)
            for number, client in reversed(list(enumerate(clients))):
                self.assertEqual(receive_exactly(client, 10), b"client %03d" % number)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(receive_all(client), b"")
                client.close()

    def test_a_client_that_sends_all_before_it_reads_is_served(self):
        # More than the buffers hold would stall both sides: the server writes before it reads on.
        data = os.urandom(50_000)
        with EchoServer() as server, server.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(receive_all(client), data)


if __name__ == "__main__":
    echo_server.main()
