#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Names of a name server, and hosts that do not answer, in a network of the test's own: looked up by the system, and by c-ares.

The test runs itself again in namespaces of its own, which need no rights where the kernel lets users have them. There /etc is a folder
of the test's, dnsmasq answers on 127.0.0.1, and what is sent to most other addresses goes out by an interface behind which nobody is.
Gets the build folder as argument.
"""

import ctypes
import errno
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv[1])
PROGRAM = BUILD / "tests/resolve/names_program"
INSIDE = "MIOCO_OWN_NETWORK"
SKIPPED = 77
# No time that anything is to take, but what the test has: lookups and SYNs would go on for longer.
LIMIT_S = 170

TIMED_OUT = f"(system|generic):{errno.ETIMEDOUT}"
SILENT_PORT = 5300
HERE_4, HERE_6 = "192.0.2.10", "2001:db8::10"
NOBODY_4, NOBODY_6 = "198.51.100.1", "2001:db8:1::1"
CUT_OFF_4, CUT_OFF_6 = "203.0.113.1", "2001:db8:2::1"
NOBODYS_MAC = "02:00:00:00:00:99"

RECORDS = f"""
{HERE_4} both.test
192.0.2.11 both.test
{HERE_6} both.test
2001:db8::11 both.test
{HERE_4} old.test
{HERE_4} half.test
{NOBODY_6} half.test
{NOBODY_4} nobody.test
{NOBODY_6} nobody.test
{CUT_OFF_4} cut-off.test
{CUT_OFF_6} cut-off.test
192.0.2.12 overridden.test
"""
FILES = {
    "hosts": "127.0.0.1 localhost\n::1 localhost\n192.0.2.13 overridden.test\n192.0.2.14 local-only\n",
    "resolv.conf": "nameserver 127.0.0.1\nsearch test\noptions timeout:30 attempts:5\n",
    "nsswitch.conf": "hosts: files dns\nservices: files\n",
    "services": "http 80/tcp\n",
    "passwd": "root:x:0:0:root:/:/bin/sh\n",
    "group": "root:x:0:\n",
}
NETWORK = f"""
link set lo up
link add near type veth peer name far
link set far up
link set near up
addr add 192.0.2.1/24 dev near
addr add 2001:db8::1/64 dev near nodad
addr add {HERE_4}/32 dev lo
addr add {HERE_6}/128 dev lo nodad
route add default via 192.0.2.254 dev near
route add default via 2001:db8::fe dev near
neigh add 192.0.2.254 lladdr {NOBODYS_MAC} dev near nud permanent
neigh add 2001:db8::fe lladdr {NOBODYS_MAC} dev near nud permanent
route add unreachable {CUT_OFF_4}/32
route add unreachable {CUT_OFF_6}/128
"""

HAS_ARES = re.search("^MIOCO_ARES:BOOL=ON$", (BUILD / "CMakeCache.txt").read_text(encoding="utf-8"), re.M) is not None
RESOLVERS = ["system", "ares"] if HAS_ARES else ["system"]


def skip(why):
    print(f"SKIPPED, so that nothing is known of names here: {why}")
    sys.exit(SKIPPED)


def enter_own_network():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    unshare = ["unshare", "--map-root-user", "--mount", "--net"]
    tried = subprocess.run([*unshare, "true"], stderr=subprocess.PIPE, text=True, check=False)
    if tried.returncode != 0:
        skip(f"this system allows no namespaces: {tried.stderr.strip()}")
    os.execvpe(unshare[0], [*unshare, sys.executable, "-B", *sys.argv], os.environ | {INSIDE: "1"})


def make_network():
    for line in NETWORK.split("\n"):
        if not line:
            continue
        done = subprocess.run(["ip", *(["-6"] if "2001:" in line else []), *line.split()], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0 and " type veth " in line:
            skip(f"this system has no virtual interfaces: {done.stderr.strip()}")
        assert done.returncode == 0, (line, done.stderr)


def replace_etc(folder):
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    loader_cache = pathlib.Path("/etc/ld.so.cache")
    if loader_cache.exists():
        shutil.copy(loader_cache, folder)
    subprocess.run(["mount", "--bind", folder, "/etc"], check=True)


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def start_name_server(folder):
    records = folder / "records"
    records.write_text(RECORDS, encoding="utf-8")
    server = subprocess.Popen(["dnsmasq", "--no-daemon", "--user=root", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--addn-hosts={records}",
                               "--listen-address=127.0.0.1", "--bind-interfaces", "--local=/test/", "--no-round-robin", "--log-facility=-",
                               f"--server=/silent.test/127.0.0.1#{SILENT_PORT}", f"--server=/lost.test/{NOBODY_4}"],
                              stderr=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
    said = []
    for line in server.stderr:
        said.append(line)
        if "read " in line:  # the records, which come last
            return server
    raise AssertionError(said)


def program(*arguments, **options):
    options["env"] = os.environ | options.get("env", {})
    return subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **options)


def run(*arguments, **options):
    """Its status, and what it wrote."""
    with program(*arguments, **options) as process:
        out, err = process.communicate(timeout=LIMIT_S)
    assert err == "", err
    return process.returncode, out


class Sniffer:
    """What goes out."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # ETH_P_ALL
        self.socket.bind(("far", 0))
        self.socket.setblocking(False)

    def asked_to_connect(self):
        """The addresses that a SYN was sent to."""
        found = set()
        while True:
            try:
                packet = self.socket.recv(2048)
            except BlockingIOError:
                return found
            if packet[0] >> 4 == 6 and packet[6] == socket.IPPROTO_TCP:
                found.add(socket.inet_ntop(socket.AF_INET6, packet[24:40]))
            elif packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_TCP:
                found.add(socket.inet_ntop(socket.AF_INET, packet[16:20]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def with_each_resolver(test):
    def with_each(self):
        for by in RESOLVERS:
            with self.subTest(by):
                test(self, by)
    return with_each


class Names(unittest.TestCase):
    def setUp(self):
        self.listeners = [socket.create_server((HERE_4, 8000)), socket.create_server((HERE_6, 8000), family=socket.AF_INET6)]

    def tearDown(self):
        for each in self.listeners:
            each.close()

    def expect_failure(self, got, code, *parts):
        status, text = got
        self.assertEqual(status, 1, text)
        self.assertRegex(text, rf"\A{code} ")
        for part in parts:
            self.assertIn(part, text)

    @with_each_resolver
    def test_all_addresses_are_found_the_new_family_first(self, by):
        status, text = run(by, "resolve", "both.test:80")
        self.assertEqual(status, 0, text)
        lines = text.split()
        self.assertEqual(set(lines[:2]), {f"[{HERE_6}]:80", "[2001:db8::11]:80"})
        self.assertEqual(set(lines[2:]), {f"{HERE_4}:80", "192.0.2.11:80"})
        self.assertEqual(run(by, "resolve", "both.test:http"), (0, text))
        self.assertEqual(set(run(by, "resolve", "both.test:80", 4)[1].split()), set(lines[2:]))
        self.assertEqual(set(run(by, "resolve", "both.test:80", 6)[1].split()), set(lines[:2]))

    @with_each_resolver
    def test_what_is_not_there_is_named(self, by):
        not_found, no_address = socket.EAI_NONAME, socket.EAI_NODATA
        self.expect_failure(run(by, "resolve", "missing.test:80"), f"mioco.resolve:{not_found}", '"missing.test:80"')
        self.expect_failure(run(by, "connect", "missing.test:80"), f"mioco.resolve:{not_found}", 'connect to "missing.test:80"')
        self.expect_failure(run(by, "resolve", "old.test", 6), f"mioco.resolve:{no_address}", '"old.test"')

    @with_each_resolver
    def test_the_files_of_the_system_count(self, by):
        self.assertEqual(run(by, "resolve", "local-only:1"), (0, "192.0.2.14:1\n"))
        self.assertEqual(run(by, "resolve", "overridden.test:1"), (0, "192.0.2.13:1\n"))
        self.assertEqual(run(by, "resolve", "old:1"), (0, f"{HERE_4}:1\n"), "by the domain in resolv.conf")

    @with_each_resolver
    def test_a_server_that_does_not_answer_is_given_up(self, by):
        soon = {"RES_OPTIONS": "timeout:1 attempts:1", "ANSWER_WITHIN_MS": "100"}
        self.expect_failure(run(by, "resolve", "www.lost.test:80", env=soon), f"mioco.resolve:{socket.EAI_AGAIN}", '"www.lost.test:80"')

    @with_each_resolver
    def test_a_lookup_is_left_at_the_deadline(self, by):
        for act in ("connect_for", "with_deadline"):
            self.expect_failure(run(by, act, "www.lost.test:80", 20), TIMED_OUT, '"www.lost.test:80"')

    @with_each_resolver
    def test_a_cancelled_lookup_ends_at_once(self, by):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", SILENT_PORT))
            with program(by, "cancel", f"{by}.silent.test") as process:
                silent.recv(512)
                out, err = process.communicate("now\n", timeout=LIMIT_S)
        self.assertEqual((process.returncode, out, err), (0, "cancelled\n", ""))

    @with_each_resolver
    def test_the_first_address_is_taken_if_it_answers(self, by):
        self.assertEqual(run(by, "connect", "both.test:8000")[1].split("\n")[0], f"[{HERE_6}]:8000")

    @with_each_resolver
    def test_the_next_address_is_tried_when_one_does_not_answer(self, by):
        with Sniffer() as wire:
            self.assertEqual(run(by, "connect", "half.test:8000"), (0, f"{HERE_4}:8000\nlater\n"))
            self.assertEqual(wire.asked_to_connect(), {NOBODY_6})

    @with_each_resolver
    def test_a_deadline_ends_all_attempts(self, by):
        for act in ("connect_for", "with_deadline"):
            with Sniffer() as wire:
                self.expect_failure(run(by, act, "nobody.test:80", 400), TIMED_OUT, "nobody.test:80")
                self.assertLessEqual(wire.asked_to_connect(), {NOBODY_4, NOBODY_6})

    @with_each_resolver
    def test_each_address_that_is_cut_off_is_named(self, by):
        self.expect_failure(run(by, "connect", "cut-off.test:80"), f"(system|generic):{errno.EHOSTUNREACH}",
                            "cut-off.test:80", f"[{CUT_OFF_6}]:80 No route to host", f"{CUT_OFF_4}:80 No route to host")


def main():
    if INSIDE not in os.environ:
        enter_own_network()
    with tempfile.TemporaryDirectory() as folder:
        make_network()
        etc = pathlib.Path(folder) / "etc"
        etc.mkdir()
        replace_etc(etc)
        server = start_name_server(pathlib.Path(folder))
        try:
            unittest.main(argv=sys.argv[:1])
        finally:
            server.kill()
            server.wait()
            server.stderr.close()


if __name__ == "__main__":
    main()
