# SPDX-License-Identifier: MPL-2.0
"""The echo example as a process of its own, for clients that share no code with it."""

import contextlib
import shutil
import socket
import subprocess

import example_program
from example_program import ExampleServer, main  # main is for who imports this


def program() -> str:
    return example_program.program("echo")


class EchoServer(ExampleServer):
    def __init__(self, address: str = "127.0.0.1:0", **options):
        super().__init__("echo", address, **options)
        self.hint = self.process.stdout.readline()


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
