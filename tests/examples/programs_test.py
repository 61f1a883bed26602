#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The guide's programs do what the guide says. Gets the build folder as argument."""

import pathlib
import re
import signal
import socket
import subprocess
import sys

EXAMPLES = pathlib.Path(sys.argv[1]) / "examples"


def start(*command):
    """Starts a server and returns it with the port that its first line names."""
    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    first_line = server.stdout.readline()
    port = re.search(r"127\.0\.0\.1:(\d+)", first_line)
    assert port, f"no port in {first_line!r}"
    return server, int(port.group(1))


def stop(server):
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=20) == 0, server.returncode


def check_fibers():
    printed = subprocess.run([EXAMPLES / "fibers"], capture_output=True, text=True, timeout=20, check=True).stdout
    assert printed.splitlines() == ["a fiber threw: out of luck", "a thousand fibers returned 500500 in all"], printed


def check_proxy():
    echo, echo_port = start(EXAMPLES / "echo", "127.0.0.1:0")
    proxy, proxy_port = start(EXAMPLES / "proxy", f"127.0.0.1:{echo_port}", "127.0.0.1:0")
    sent = bytes(range(256)) * 4096
    with socket.create_connection(("127.0.0.1", proxy_port), timeout=20) as connection:
        received = b""
        for begin in range(0, len(sent), 65536):
            connection.sendall(sent[begin : begin + 65536])
            while len(received) < begin + 65536:
                received += connection.recv(65536)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b"", "the proxy did not pass the end of the stream on"
    assert received == sent
    stop(proxy)
    stop(echo)


check_fibers()
check_proxy()
