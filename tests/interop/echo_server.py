# SPDX-License-Identifier: MPL-2.0
"""The echo example as a process of its own, for clients that share no code with it."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest


def program() -> str:
    return os.path.join(os.environ["MIOCO_BUILD_DIR"], "examples", "echo")


class EchoServer:
    """Starts the example on a free port; ends it as Ctrl-C does, and expects status 0."""

    def __init__(self, address: str = "127.0.0.1:0", **options):
        self.process = subprocess.Popen(
            [program(), address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.greeting = self.process.stdout.readline()
        self.hint = self.process.stdout.readline()
        match = re.fullmatch(r"Starting tcp echo server on (\S+):(\d+)\n", self.greeting)
        if match is None:
            self.process.kill()
            raise AssertionError(f"unexpected greeting {self.greeting!r}: {self.process.stderr.read()}")
        self.host = match[1]
        self.port = int(match[2])

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port))

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait()
        self.stderr = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def __enter__(self) -> "EchoServer":
        return self

    def __exit__(self, kind, value, trace) -> None:
        if self.process.poll() is not None and kind is not None:
            return
        status = self.interrupt()
        if kind is None and (status != 0 or self.stderr):
            raise AssertionError(f"the server ended with status {status}: {self.stderr}")


def require(command: str, package: str) -> str:
    """The command's path. That it is missing is a failure, as a test that is skipped shows nothing."""
    path = shutil.which(command)
    if path is None:
        raise AssertionError(f"{command} is missing: install the package {package}")
    return path


def exchange(command: list[str], sent: bytes) -> bytes:
    """What the command prints when it is given this input."""
    done = subprocess.run(command, input=sent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with status {done.returncode}: {done.stderr!r}")
    return done.stdout


def receive_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            break
        received += part
    return received


def send_ignoring_reset(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        connection.sendall(data)


def main() -> None:
    os.environ.setdefault("MIOCO_BUILD_DIR", sys.argv[1])
    unittest.main(argv=sys.argv[:1], module="__main__")
