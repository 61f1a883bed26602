#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The guide's programs do what the guide says. Gets the build folder as argument."""

import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile

import example_program

EXAMPLES = pathlib.Path(sys.argv[1]) / "examples"


def start(*command):
    """Starts a server and returns it with the port that its first line names."""
    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    first_line = server.stdout.readline()
    port = re.search(r"127\.0\.0\.1:(\d+)", first_line)
    assert port, f"no port in {first_line!r}"
    return server, int(port.group(1))


def stop(server):
    example_program.signal_when_idle(server, signal.SIGINT)
    assert server.wait(timeout=100) == 0, server.returncode


def check_fibers():
    printed = subprocess.run([EXAMPLES / "fibers"], capture_output=True, text=True, timeout=100, check=True).stdout
    assert printed.splitlines() == ["a fiber threw: out of luck", "a thousand fibers returned 500500 in all"], printed


def check_local():
    printed = subprocess.run([EXAMPLES / "local"], capture_output=True, text=True, timeout=100, check=True).stdout
    assert printed.splitlines() == ["through a pipe that came through a socket", "got a datagram"], printed


def check_proxy():
    echo, echo_port = start(EXAMPLES / "echo", "127.0.0.1:0")
    proxy, proxy_port = start(EXAMPLES / "proxy", f"127.0.0.1:{echo_port}", "127.0.0.1:0")
    sent = bytes(range(256)) * 4096
    with socket.create_connection(("127.0.0.1", proxy_port), timeout=100) as connection:
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


def run_file(*arguments):
    return subprocess.run([EXAMPLES / "file", *arguments], capture_output=True, timeout=100, check=False)


def check_file():
    assert run_file().stdout == pathlib.Path("/etc/passwd").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "lines"
        for text in (b"", b"\n", b"one\n\n\ntwo\n", b"x" * 4096 + b"\n" + b"y" * 4095 + b"\n", b"z" * 100_000 + b"\n"):
            path.write_bytes(text)
            assert run_file(path).stdout == text, text[:20]
        path.write_bytes(b"without an end")
        assert run_file(path).stdout == b"without an end\n"
        failed = run_file(path / "below")
    assert failed.returncode == 1 and failed.stdout == b"", failed
    assert failed.stderr.decode() == f'file: mioco: open of "{path}/below": Not a directory\n', failed.stderr


def check_offload():
    printed = subprocess.run([EXAMPLES / "offload"], capture_output=True, text=True, timeout=100, check=True).stdout
    assert printed.splitlines() == [
        *(f"entry {i}" for i in range(10)),
        "meanwhile another fiber ran",
        "a call threw: there is no entry -1",
        "15 characters",
    ], printed


def lines_of(example, *arguments):
    return subprocess.run([EXAMPLES / example, *arguments], capture_output=True, text=True, timeout=100, check=True).stdout.splitlines()


def check_filter():
    assert lines_of("filter") == ["1 apple", "2 cherry", "3 fig", "4 pear", "sort exited with 0"]
    assert lines_of("filter", "head", "-1") == ["1 pear", "head exited with 0"]
    assert lines_of("filter", "false") == ["false exited with 1"]


def check_select():
    printed = lines_of("select")
    assert sorted(printed[:6]) == [f"{i} squared is {i * i}" for i in range(1, 7)], printed
    assert printed[6:] == ["6 jobs done"], printed


def check_descriptors():
    text = b"one\ntwo\nthree without an end"
    ran = subprocess.run([EXAMPLES / "descriptors"], input=text, capture_output=True, timeout=100, check=True)
    assert ran.stdout == b"1  one\n2  two\n3  three without an end\n", ran.stdout
    assert ran.stderr == b"descriptors: 3 lines\n", ran.stderr


def check_numbers():
    for name, arguments, what in (
        ("channel_sync", ["soon"], '"soon" is no number of seconds: give one from 0 to 86400'),
        ("channel_sync", ["1", "2s"], '"2s" is no number of seconds: give one from 0 to 86400'),
        ("descriptors", ["-1"], '"-1" is no number of seconds: give one from 0 to 86400'),
        ("echo_udp", ["127.0.0.1:0", "0"], '"0" is no number of ports: give one from 1 to 65535'),
        ("echo_udp", ["127.0.0.1:0", ""], '"" is no number of ports: give one from 1 to 65535'),
    ):
        ended = subprocess.run([EXAMPLES / name, *arguments], input="", capture_output=True, text=True, timeout=100, check=False)
        assert ended.returncode == 1 and ended.stderr == f"{name}: {what}\n", (name, ended)


def check_own_case():
    assert lines_of("own_case") == ["a token"] * 3 + ["none left"]


def check_priorities():
    assert lines_of("priorities") == [
        "alarm: step 1", "alarm: step 2",
        "serve A: step 1", "serve B: step 1", "serve A: step 2", "serve B: step 2",
        "clean up: step 1", "clean up: step 2",
    ]


def is_sanitized():
    lines = (EXAMPLES.parent / "CMakeCache.txt").read_text(encoding="utf-8").splitlines()
    return any(re.fullmatch("MIOCO_SANITIZE:[A-Z]+=.+", line) for line in lines)


def run_with_few_descriptors(most, name, *arguments):
    """Two workers take four besides the standard ones, as long as none has a timerfd."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    settings = {name: value for name, value in os.environ.items() if name != "MIOCO_TIMER"}
    # Looking for leaks takes a descriptor.
    settings |= {"MIOCO_WORKERS": "2", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    return subprocess.run([EXAMPLES / name, *arguments], preexec_fn=limit, env=settings, capture_output=True, text=True, timeout=100, check=False)


def check_shortage():
    """Each of them ends with status 1, and one line that says what to do."""
    cure = r"\(raise this process's limit of \d+ open files: ulimit -n\): Too many open files\n"
    programs = [path for path in EXAMPLES.iterdir() if path.is_file() and os.access(path, os.X_OK)]
    assert len(programs) > 15, programs
    arguments = {"proxy": ["127.0.0.1:0"], "file": ["127.0.0.1:0"], "replicated-store": ["--real", "1"]}
    for path in programs:
        ended = run_with_few_descriptors(6, path.name, *arguments.get(path.name, []))
        expected = f"{path.name}: mioco: a worker could not get its epoll instance {cure}"
        assert ended.returncode == 1 and re.fullmatch(expected, ended.stderr), (path.name, ended)
    if is_sanitized():
        return  # the library looks the main thread's stack up in /proc there
    # Which tells of the addresses that they take by default, too.
    tried = {name: "listen on 127.0.0.1:5555" for name in ("echo", "echoplus", "http-server", "cheating-http-server", "channel")}
    tried |= {"unixecho": "listen on /tmp/.unixecho.socket", "echo_udp": "a new UDP socket"}
    for name, wanted in tried.items():
        ended = run_with_few_descriptors(7, name)
        assert ended.returncode == 1 and re.fullmatch(f"{name}: mioco: {wanted} {cure}", ended.stderr), (name, ended)


check_descriptors()
check_numbers()
check_fibers()
check_file()
check_filter()
check_offload()
check_local()
check_own_case()
check_priorities()
check_proxy()
check_select()
check_shortage()
