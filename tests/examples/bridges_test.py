#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The examples that wait for other libraries: Boost.Asio, libcurl, std::future. Gets the build folder as argument."""

import http.server
import os
import pathlib
import subprocess
import sys
import threading
import unittest

EXAMPLES = pathlib.Path(sys.argv[1]) / "examples"


def late(milliseconds):
    return f"mioco: suspend, as the deadline of {milliseconds} ms has passed: Connection timed out"


def lines_of(name, *arguments):
    program = EXAMPLES / name
    assert program.exists(), f"{program} was not built: scripts/install-deps bridges installs what it needs"
    ended = subprocess.run([program, *arguments], env=os.environ | {"no_proxy": "127.0.0.1"}, capture_output=True, text=True, timeout=170, check=False)
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return ended.stdout.splitlines()


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello\nworld\n")

    def log_message(self, *_):
        pass


class Bridges(unittest.TestCase):
    def test_asio(self):
        timers, *addresses, deadline, end = lines_of("asio", "127.0.0.2")
        self.assertEqual(timers, "a thousand fibers have waited for a timer each")
        self.assertEqual(addresses, ["127.0.0.2 is 127.0.0.2"])
        self.assertEqual(deadline, late(10))
        self.assertEqual(end, "Asio has nothing left to do")

    def test_future(self):
        self.assertEqual(lines_of("future"), ["meanwhile the worker runs another fiber", "a future gave 42", "a future threw: out of luck",
                                              late(10), "a thread gave 7"])

    def test_curl(self):
        *pages, missing, deadline = lines_of("curl")
        for line, path in zip(pages, ("/one", "/two", "/three"), strict=True):
            self.assertRegex(line, rf'\Ahttp://127\.0\.0\.1:\d+{path}: {len(path) + 5} bytes, "page {path}"\Z')
        self.assertRegex(missing, r"\Ahttp://127\.0\.0\.1:\d+/missing: The requested URL returned error: 404\Z")
        self.assertEqual(deadline, late(50))

    def test_curl_with_urls(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            urls = [f"http://127.0.0.1:{server.server_port}/", "http://127.0.0.1:1/"]
            page, refused = lines_of("curl", *urls)
            server.shutdown()
        self.assertEqual(page, f'{urls[0]}: 12 bytes, "hello"')
        self.assertRegex(refused, rf"\A{urls[1]}: Failed to connect to 127.0.0.1 port 1")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
