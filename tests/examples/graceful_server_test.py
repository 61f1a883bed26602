#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""examples/graceful-server finishes what it began, and names what it cannot. Gets the build folder as argument."""

import re
import signal
import threading
import unittest

import example_program

CLIENTS = 20
LINES = 50


class Server(example_program.ExampleServer):
    def __init__(self, grace: int):
        super().__init__("graceful-server", "127.0.0.1:0", str(grace))

    def stop(self) -> None:
        example_program.signal_when_idle(self.process, signal.SIGTERM)

    def wait_until_closed(self) -> None:
        """Until it takes no more connections: one that is made just before is closed."""
        while True:
            try:
                with self.connect() as late:
                    while late.recv(100):
                        pass
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                pass

    def __exit__(self, kind, value, trace) -> None:
        self.process.kill()  # nothing, where the test has seen its end
        if not self.process.stdout.closed:
            self.wait()


class Conversation:
    def __init__(self, server: Server):
        self.connection = server.connect()
        self.replies = self.connection.makefile("r")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace) -> None:
        self.replies.close()
        self.connection.close()

    def say(self, line: str) -> None:
        self.connection.sendall(f"{line}\n".encode())

    def next_line(self) -> str:
        return self.replies.readline()


class Load(threading.Thread):
    """Asks again and again, and knows after the end whether each reply was whole that began."""

    def __init__(self, server: Server):
        super().__init__()
        self.server = server
        self.has_reply = threading.Event()
        self.whole = 0
        self.failure = None
        self.start()

    def run(self) -> None:
        try:
            with Conversation(self.server) as conversation:
                while self.ask(conversation):
                    self.whole += 1
        except Exception as failure:  # pylint: disable=broad-exception-caught
            self.failure = failure
        self.has_reply.set()

    def ask(self, conversation: Conversation) -> bool:
        try:
            conversation.say(f"count {LINES}")
            lines = [conversation.next_line()]
        except (BrokenPipeError, ConnectionResetError):
            return False
        if lines == [""]:
            return False
        self.has_reply.set()
        lines += [conversation.next_line() for _ in range(LINES)]
        expected = [f"{number}\n" for number in range(1, LINES + 1)] + ["done\n"]
        if lines != expected:
            raise AssertionError(f"a reply was begun and not finished: {lines}")
        return True


class GracefulServer(unittest.TestCase):
    def test_finishes_under_load_what_it_began_and_takes_nothing_new(self):
        with Server(3600) as server, Conversation(server) as held:
            held.say("greet")
            self.assertEqual(held.next_line(), "your name?\n")
            load = [Load(server) for _ in range(CLIENTS)]
            for each in load:
                each.has_reply.wait()
            server.process.send_signal(signal.SIGTERM)
            server.wait_until_closed()
            for each in load:
                each.join()
                self.assertIsNone(each.failure)
                self.assertGreater(each.whole, 0)
            self.assertIsNone(server.process.poll())
            held.say("you")
            self.assertEqual(held.next_line(), "hello you\n")
            self.assertEqual(held.next_line(), "")
            held.connection.close()
            held.replies.close()
            self.assertEqual((server.wait(), server.stderr), (0, ""))

    def test_closes_idle_connections(self):
        with Server(3600) as server, Conversation(server) as idle:
            idle.say("hello")
            self.assertEqual(idle.next_line(), "hello\n")
            server.stop()
            self.assertEqual(idle.next_line(), "")
            idle.replies.close()
            idle.connection.close()
            self.assertEqual((server.wait(), server.stderr), (0, ""))

    def test_ends_at_once_at_a_second_signal(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            with Server(3600) as server, Conversation(server) as held:
                held.say("greet")
                self.assertEqual(held.next_line(), "your name?\n")
                server.stop()
                server.wait_until_closed()
                example_program.signal_when_idle(server.process, second)
                self.assertEqual(server.wait(), -second)

    def test_cancels_and_names_what_takes_too_long(self):
        with Server(0) as server, Conversation(server) as held:
            held.say("greet")
            self.assertEqual(held.next_line(), "your name?\n")
            host, port = held.connection.getsockname()
            server.stop()
            self.assertEqual(held.next_line(), "")
            self.assertEqual(server.wait(), 1)
            self.assertRegex(server.stderr, rf'fiber \d+ "{re.escape(host)}:{port}" of mioco: ')

    def test_ends_though_a_fiber_is_stuck_and_names_it(self):
        with Server(0) as server, Conversation(server) as stuck:
            stuck.say("stuck")
            self.assertEqual(stuck.next_line(), "for ever\n")
            host, port = stuck.connection.getsockname()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 1)
            last = server.stderr.rpartition("mioco: shutdown: 1 fiber did not end within the time allowed:")[2]
            self.assertRegex(last, rf'fiber \d+ "{re.escape(host)}:{port}" .*runs on worker')


if __name__ == "__main__":
    example_program.main()
