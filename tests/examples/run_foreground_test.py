#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""scripts/run-foreground, by which `make echo` runs a program: on a terminal, in its foreground and not."""

import os
import pathlib
import pty
import signal
import sys
import time
import unittest

SCRIPT = str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "run-foreground")
PROGRAM = ["sleep", "60"]
LIMIT_S = 100


def name_of(pid):
    """Of a process that has ended and was not waited for, too."""
    return pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()


def state_of(pid):
    """None of one that is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def until(holds):
    end = time.monotonic() + LIMIT_S
    while not (found := holds()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)
    return found


class RunForeground(unittest.TestCase):
    def start(self, in_background):
        """As a shell starts it, which leads the session of a terminal of its own."""
        shell, controller = pty.fork()
        if shell == 0:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            if os.fork() == 0:
                os.setpgid(0, 0)
                if not in_background:
                    os.tcsetpgrp(0, os.getpgid(0))
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                os.execv(SCRIPT, [SCRIPT, *PROGRAM])
            while True:
                signal.pause()
        self.addCleanup(os.close, controller)
        self.addCleanup(os.waitpid, shell, 0)
        self.addCleanup(os.kill, shell, signal.SIGKILL)
        return until(lambda: children_of(shell))[0], controller

    @staticmethod
    def program_below(pid):
        return until(lambda: next((child for child in children_of(pid) if name_of(child) == PROGRAM[0]), None))

    def test_ctrl_c_reaches_the_program_alone(self):
        pid, controller = self.start(in_background=False)
        program = self.program_below(pid)
        self.assertNotEqual(os.getpgid(program), os.getpgid(pid))
        until(lambda: os.tcgetpgrp(controller) == os.getpgid(program))
        os.write(controller, b"\x03")
        until(lambda: state_of(program) is None)

    def test_who_ends_it_ends_the_program(self):
        pid, _ = self.start(in_background=False)
        program = self.program_below(pid)
        os.kill(pid, signal.SIGTERM)
        until(lambda: state_of(program) in (None, "Z"))

    def test_in_the_background_it_is_the_program(self):
        pid, _ = self.start(in_background=True)
        until(lambda: name_of(pid) == PROGRAM[0])
        os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
