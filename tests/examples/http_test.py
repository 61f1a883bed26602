#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The HTTP servers among the examples, byte for byte: how requests are cut, what they may be, and when connections end."""

import os
import socket
import struct
import subprocess
import unittest

import example_program
from example_program import ExampleServer, program

BODY = b"Hello World"


def get(path: str = "/", *fields: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    head = "\r\n".join([f"{method} {path} HTTP/{version}", "Host: here", *fields])
    return head.encode() + b"\r\n\r\n" + body


class Client:
    """One connection, and the replies that come on it."""

    def __init__(self, server: ExampleServer):
        self.socket = server.connect()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def _more(self) -> bool:
        part = self.socket.recv(65536)
        self.unread += part
        return bool(part)

    def reply(self, to_head: bool = False):
        """Status, fields and body of the next reply."""
        while b"\r\n\r\n" not in self.unread:
            assert self._more(), f"the connection has ended after {self.unread!r}"
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        size = 0 if to_head else int(fields.get("content-length", 0))
        while len(self.unread) < size:
            assert self._more(), f"the connection has ended in a body: {self.unread!r}"
        body, self.unread = self.unread[:size], self.unread[size:]
        return int(first.split(" ")[1]), fields, body

    def ended(self) -> bool:
        return self.unread == b"" and self.socket.recv(1) == b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()


class HttpServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ExampleServer("http-server")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.interrupt() == 0
        assert cls.server.stderr == "", cls.server.stderr

    def client(self) -> Client:
        return Client(self.server)

    def expect_hello(self, client: Client) -> dict:
        status, fields, body = client.reply()
        self.assertEqual((status, body), (200, BODY))
        self.assertEqual(fields["content-length"], str(len(BODY)))
        return fields

    def expect_refusal(self, data: bytes, status: int) -> None:
        with self.client() as client:
            client.send(data)
            got, fields, _ = client.reply()
            self.assertEqual((got, fields["connection"]), (status, "close"), data[:80])
            self.assertTrue(client.ended())

    def test_a_connection_stays_open_for_the_next_request(self):
        with self.client() as client:
            for _ in range(100):
                self.assertNotIn("connection", self.expect_hello(client.send(get())))

    def test_requests_in_one_segment_are_all_answered(self):
        with self.client() as client:
            client.send(get() + get("/missing") + get("/?query") + get(method="HEAD") + get())
            self.expect_hello(client)
            self.assertEqual(client.reply()[0], 404)
            self.expect_hello(client)
            self.assertEqual(client.reply(to_head=True)[0], 200)
            self.expect_hello(client)

    def test_a_thousand_pipelined_requests_are_all_answered(self):
        with self.client() as client:
            client.send(get() * 1000)
            for _ in range(1000):
                self.expect_hello(client)

    def test_requests_may_come_byte_by_byte(self):
        with self.client() as client:
            data = get(method="POST", body=b"") + get("/", "Content-Length: 3", method="POST", body=b"abc") + get()
            for byte in data:
                client.send(bytes([byte]))
            for _ in range(3):
                self.expect_hello(client)

    def test_every_cut_of_two_requests_is_the_same(self):
        data = get("/", "Transfer-Encoding: chunked", method="POST", body=b"2\r\nab\r\n0\r\n\r\n") + get("/missing")
        for cut in range(1, len(data)):
            with self.client() as client:
                client.send(data[:cut]).send(data[cut:])
                self.expect_hello(client)
                self.assertEqual(client.reply()[0], 404, cut)

    def test_bodies_by_length_are_passed_over(self):
        for size in (1, 10, 5_000_000):
            with self.client() as client:
                body = get("/missing") + os.urandom(size)  # looks like a request, and is none
                client.send(get("/", f"Content-Length: {len(body)}", method="POST", body=body) + get("/missing"))
                self.expect_hello(client)
                self.assertEqual(client.reply()[0], 404)

    def test_bodies_in_chunks_are_passed_over(self):
        chunks = b"".join(b"%x;with=extension\r\n" % size + b"x" * size + b"\r\n" for size in (1, 16, 70_000))
        with self.client() as client:
            client.send(get("/", "Transfer-Encoding: chunked", method="POST", body=chunks + b"0\r\nTrailer: field\r\n\r\n") +
                        get("/missing"))
            self.expect_hello(client)
            self.assertEqual(client.reply()[0], 404)

    def test_who_waits_for_the_go_ahead_gets_it_once(self):
        with self.client() as client:
            client.send(get("/", "Content-Length: 4", "Expect: 100-continue", method="PUT"))
            self.assertEqual(client.reply()[0], 100)
            client.send(b"bo").send(b"dy")
            self.expect_hello(client)
            # Who sends the body at once needs none.
            client.send(get("/", "Content-Length: 4", "Expect: 100-continue", method="PUT", body=b"body"))
            self.expect_hello(client)

    def test_the_connection_is_closed_when_that_is_asked_for(self):
        with self.client() as client:
            fields = self.expect_hello(client.send(get("/", "Connection: close") + get()))
            self.assertEqual(fields["connection"], "close")
            self.assertTrue(client.ended())

    def test_version_1_0_closes_unless_asked_to_stay(self):
        with self.client() as client:
            fields = self.expect_hello(client.send(get(version="1.0")))
            self.assertEqual(fields["connection"], "close")
            self.assertTrue(client.ended())
        with self.client() as client:
            for _ in range(3):
                fields = self.expect_hello(client.send(get("/", "Connection: Keep-Alive", version="1.0")))
                self.assertEqual(fields["connection"], "keep-alive")

    def test_head_is_the_same_without_the_body(self):
        with self.client() as client:
            status, fields, _ = client.send(get(method="HEAD")).reply(to_head=True)
            self.assertEqual((status, fields["content-length"]), (200, str(len(BODY))))
            self.expect_hello(client.send(get()))

    def test_other_paths_are_not_found(self):
        with self.client() as client:
            for path in ("/missing", "/favicon.ico", "//", "/a/b?c=d", "http://here/missing", "*"):
                self.assertEqual(client.send(get(path)).reply()[0], 404, path)
            for path in ("/", "/?a=b", "http://here/", "http://here", "HTTP://here:80/?x"):
                self.assertEqual(client.send(get(path)).reply()[0], 200, path)

    def test_what_is_no_http_is_refused(self):
        for data in (b"hello\r\n\r\n", b"GET /\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n",
                     b"GET / HTTP/1.1\r\nNo colon\r\n\r\n", b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 10 + b"\r\n\r\n",
                     get("/", "Content-Length: -1"), get("/", "Content-Length: 1", "Content-Length: 2"),
                     get("/", "Content-Length: 1", "Transfer-Encoding: chunked"),
                     get("/", "Content-Length: 99999999999999999999"),
                     get("/", "Transfer-Encoding: chunked", body=b"xyz\r\n")):
            self.expect_refusal(data, 400)

    def test_requests_before_a_bad_one_are_answered(self):
        with self.client() as client:
            client.send(get() + b"\x00\x00\x00\r\n\r\n" + get())
            self.expect_hello(client)
            self.assertEqual(client.reply()[0], 400)
            self.assertTrue(client.ended())

    def test_a_coding_that_hides_where_the_body_ends_is_refused(self):
        for coding in ("identity", "xchunked", "chunked, identity", "chunked, chunked"):
            self.expect_refusal(get("/", f"Transfer-Encoding: {coding}", method="POST", body=get("/hidden")), 400)

    def test_the_head_of_a_chunk_has_a_bound(self):
        self.expect_refusal(get("/", "Transfer-Encoding: chunked", method="POST", body=b"1;" + b"a" * 40_000), 431)

    def test_too_large_a_header_is_refused(self):
        for data in (get("/" + "x" * 20_000), get("/", "Cookie: " + "x" * 20_000), get("/", *["A: b"] * 10_000),
                     b"GET /" + b"x" * 30_000):
            self.expect_refusal(data, 431)

    def test_a_header_that_a_browser_sends_is_not_too_large(self):
        with self.client() as client:
            self.expect_hello(client.send(get("/", *[f"Field-{i}: {'x' * 80}" for i in range(100)])))

    def test_a_refusal_reaches_a_client_that_goes_on_sending(self):
        # Data that nobody reads would have the system reset the connection, and the reply lost.
        with self.client() as client:
            client.send(b"no http\r\n\r\n" + b"x" * 300_000)
            self.assertEqual(client.reply()[0], 400)

    def test_clients_that_vanish_are_no_news(self):
        for data in (b"", b"GET", get("/", "Content-Length: 10", body=b"abc"), get() * 100):
            with self.client() as client:
                client.send(data)
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self.client() as client:
            self.expect_hello(client.send(get()))

    def test_a_port_in_use_is_a_clear_error(self):
        for name in ("http-server", "cheating-http-server"):
            done = subprocess.run([program(name), f"127.0.0.1:{self.server.port}"], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"{name}: mioco: listen on 127.0.0.1:{self.server.port} (another socket is there: choose", done.stderr)


class CheatingHttpServer(unittest.TestCase):
    def test_it_answers_without_end_who_asks_nothing(self):
        with ExampleServer("cheating-http-server") as server, Client(server) as silent, Client(server) as other:
            for client in (silent, other, silent):
                for _ in range(1000):
                    status, _, body = client.reply()
                    self.assertEqual((status, body), (200, BODY))


if __name__ == "__main__":
    example_program.main()
