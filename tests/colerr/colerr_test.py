#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""colerr as a user starts it, on terminals and pipes. Gets the build folder as argument."""

import contextlib
import fcntl
import os
import pathlib
import pty
import resource
import signal
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest

COLERR = str(next(p for p in pathlib.Path(sys.argv.pop(1)).rglob("colerr") if p.is_file() and os.access(p, os.X_OK)))
RED, RESET = b"\033[31m", b"\033[0m"
LIMIT_S = 100


def run(*arguments, **options):
    return subprocess.run([COLERR, *arguments], capture_output=True, timeout=LIMIT_S, check=False, **options)


def shown(script, color="always"):
    return run(f"--color={color}", "--", "sh", "-c", script).stdout


def separated(text):
    """What was not red, and what was."""
    output, *red = text.split(RED)
    errors = b""
    for part in red:
        error, rest = part.split(RESET)
        errors += error
        output += rest
    return output, errors


class Terminal:
    """A program with this terminal as its own, as in a shell: it has its session, and Ctrl-C ends what is in its foreground."""

    def __init__(self, *arguments):
        pid, self.controller = pty.fork()
        if pid == 0:
            tty.setraw(0, termios.TCSANOW)  # what is shown is what was written
            settings = termios.tcgetattr(0)
            settings[3] |= termios.ISIG
            termios.tcsetattr(0, termios.TCSANOW, settings)
            os.environ["TERM"] = "xterm"
            os.environ.pop("NO_COLOR", None)
            signal.alarm(LIMIT_S)
            os.execv(COLERR, [COLERR, *arguments])
        self.pid = pid
        self.text = b""

    def until(self, wanted):
        while wanted not in self.text:
            self.text += os.read(self.controller, 65536)

    def type(self, text):
        os.write(self.controller, text)

    def end(self):
        with contextlib.suppress(OSError):
            while part := os.read(self.controller, 65536):
                self.text += part
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.controller)
        return status


class Colors(unittest.TestCase):
    def test_each_part_of_the_errors_is_red_and_the_output_is_not(self):
        # After each part it waits until that was shown, so that the order and the parts are known.
        script = "for i in 1 2 3; do echo error$i >&2; read x; done; echo output; read x; echo last >&2"
        terminal = Terminal("--", "sh", "-c", script)
        for part in (b"error1", b"error2", b"error3", b"output"):
            terminal.until(part)
            terminal.type(b"\n")
        self.assertEqual(terminal.end(), 0)
        errors = [RED + b"error%d\n" % i + RESET for i in (1, 2, 3)]
        expected = b"".join(errors) + b"output\n" + RED + b"last\n" + RESET
        self.assertEqual(terminal.text.replace(b"\r", b""), expected)

    def test_only_a_terminal_gets_colors_unless_they_are_asked_for(self):
        script = "echo error >&2"
        self.assertEqual(shown(script, "auto"), b"error\n")
        self.assertEqual(shown(script, "always"), RED + b"error\n" + RESET)
        terminal = Terminal("--color=never", "sh", "-c", script)
        terminal.end()
        self.assertEqual(terminal.text, b"error\n")

    def test_no_color_and_dumb_terminals(self):
        for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
            controller, screen = pty.openpty()
            environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm", name: value}
            subprocess.run([COLERR, "sh", "-c", "echo error >&2"], stdout=screen, env=environment, timeout=LIMIT_S, check=True)
            self.assertEqual(os.read(controller, 100), b"error\r\n")
            os.close(screen)
            os.close(controller)

    def test_a_character_is_not_broken_by_a_sequence(self):
        terminal = Terminal("--", "sh", "-c", r"printf '\303' >&2; printf '<'; read x; printf '\251' >&2")
        terminal.until(b"<")
        terminal.type(b"\n")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(terminal.text, b"<" + RED + "é".encode() + RESET)
        self.assertEqual(shown(r"printf 'x\303' >&2"), RED + b"x" + RESET + RED + b"\303" + RESET)


class Streams(unittest.TestCase):
    def test_all_of_both_is_shown(self):
        output, errors = separated(shown("seq 20000 & seq 30000 >&2; wait"))
        self.assertEqual(output.split(), [b"%d" % i for i in range(1, 20001)])
        self.assertEqual(errors.split(), [b"%d" % i for i in range(1, 30001)])
        self.assertEqual(shown("exec >&-; seq 20000 >&2", "never").split()[-1], b"20000")
        self.assertEqual(shown("exec 2>&-; seq 20000", "never").split()[-1], b"20000")

    def test_what_comes_after_the_commands_end_is_shown(self):
        with tempfile.TemporaryDirectory() as folder:
            go = f"{folder}/go"
            os.mkfifo(go)
            running = subprocess.Popen([COLERR, "sh", "-c", f"(read x <{go}; echo late; echo later >&2) & exit 3"],
                                       stdout=subprocess.PIPE)
            pathlib.Path(go).write_bytes(b"\n")
            # Which of two pipes was written to first nobody can tell who finds both full.
            self.assertEqual(sorted(running.communicate(timeout=LIMIT_S)[0].split()), [b"late", b"later"])
            self.assertEqual(running.returncode, 3)

    def test_nothing_is_written_to_its_own_standard_error(self):
        ran = run("sh", "-c", "echo error >&2; echo output")
        self.assertEqual(sorted(ran.stdout.split()), [b"error", b"output"])
        self.assertEqual(ran.stderr, b"")

    def test_bytes_are_kept_as_they_are_without_colors(self):
        data = bytes(range(256)) * 100
        self.assertEqual(run("cat", input=data).stdout, data)

    def test_the_standard_input_is_the_commands(self):
        script = 'test -t 0 && read line && echo "$line" && cat'
        terminal = Terminal("--", "sh", "-c", f"stty icanon -echo; echo ready; {script}")
        terminal.until(b"ready")
        terminal.type(b"typed\nmore\n\x04")
        self.assertEqual(terminal.end(), 0)
        self.assertTrue(terminal.text.endswith(b"typed\nmore\n"), terminal.text)

    def test_input_that_the_command_leaves_stays(self):
        script = f"{COLERR} true; cat"
        left = subprocess.run(["sh", "-c", script], input=b"left\n", capture_output=True, timeout=LIMIT_S, check=True)
        self.assertEqual(left.stdout, b"left\n")

    def test_a_reader_that_goes_ends_the_command_as_in_a_pipeline(self):
        ran = subprocess.run(["bash", "-o", "pipefail", "-c", f"{COLERR} yes | head -n 1"], capture_output=True,
                             timeout=LIMIT_S, check=False)
        self.assertEqual((ran.stdout, ran.stderr), (b"y\n", b""))
        self.assertEqual(ran.returncode, 128 + signal.SIGPIPE)

    def test_no_flag_is_left_in_a_shared_terminal(self):
        controller, screen = pty.openpty()
        before = fcntl.fcntl(screen, fcntl.F_GETFL)
        with subprocess.Popen([COLERR, "sh", "-c", "echo up >&2; read x"], stdin=screen, stdout=screen,
                              stderr=screen) as running:
            self.assertIn(b"up", os.read(controller, 100))
            self.assertEqual(fcntl.fcntl(screen, fcntl.F_GETFL), before)
            os.write(controller, b"\n")
            self.assertEqual(running.wait(LIMIT_S), 0)
        self.assertEqual(fcntl.fcntl(screen, fcntl.F_GETFL), before)
        os.close(screen)
        os.close(controller)


class Ends(unittest.TestCase):
    def test_exit_statuses_are_the_commands(self):
        for status in (0, 1, 7, 255):
            self.assertEqual(run("sh", "-c", f"exit {status}").returncode, status)

    def test_a_command_that_a_signal_ends_ends_it_so(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE):
            self.assertEqual(run("sh", "-c", f"kill -{number.value} $$").returncode, -number)

    def test_signals_that_are_sent_reach_the_command(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            script = f"trap 'echo caught; exit 9' {number.value}; echo ready; while :; do sleep 0.01; done"
            with subprocess.Popen([COLERR, "sh", "-c", script], stdout=subprocess.PIPE) as running:
                self.assertEqual(running.stdout.readline(), b"ready\n")
                running.send_signal(number)
                self.assertEqual(running.communicate(timeout=LIMIT_S)[0], b"caught\n")
                self.assertEqual(running.returncode, 9)

    def test_an_alarm_from_before_reaches_the_command(self):
        script = "import os, signal, sys; signal.alarm(1); os.execv(sys.argv[1], sys.argv[1:])"
        ran = subprocess.run([sys.executable, "-c", script, COLERR, "sleep", str(LIMIT_S)], timeout=LIMIT_S, check=False)
        self.assertEqual(ran.returncode, -signal.SIGALRM)

    def test_ctrl_c_ends_both_after_the_last_words(self):
        script = "trap 'echo last words >&2; trap - INT; kill -INT $$' INT; echo ready; while :; do sleep 0.01; done"
        terminal = Terminal("--", "sh", "-c", script)
        terminal.until(b"ready\n")
        terminal.type(b"\x03")
        status = terminal.end()
        self.assertTrue(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status)
        self.assertIn(RED + b"last words\n" + RESET, terminal.text)

    def test_ctrl_c_reaches_the_command_once(self):
        script = "n=0; trap 'n=$((n+1)); echo got $n' INT; echo ready; while [ ! -e {0} ]; do sleep 0.01; done; echo end $n"
        with tempfile.TemporaryDirectory() as folder:
            terminal = Terminal("--", "sh", "-c", script.format(f"{folder}/stop"))
            terminal.until(b"ready\n")
            terminal.type(b"\x03")
            terminal.until(b"got 1")
            pathlib.Path(f"{folder}/stop").touch()
            self.assertEqual(terminal.end(), 0)
            self.assertTrue(terminal.text.endswith(b"end 1\n"), terminal.text)

    def test_a_terminal_that_hangs_up_tells_the_command(self):
        # The kernel tells the session's leader alone, which is colerr here.
        with tempfile.TemporaryDirectory() as folder:
            script = f"trap 'touch {folder}/told; exit 9' HUP; echo ready; while :; do sleep 0.01; done"
            terminal = Terminal("--", "sh", "-c", script)
            terminal.until(b"ready\n")
            os.close(terminal.controller)
            status = os.waitpid(terminal.pid, 0)[1]
            self.assertEqual(os.waitstatus_to_exitcode(status), 9)
            self.assertTrue(os.path.exists(f"{folder}/told"))

    def test_a_signal_after_the_commands_end_ends_it_although_a_process_left_behind_holds_the_streams(self):
        # It is interrupted until it has seen that end; what was ignored when it was started stays so.
        with tempfile.TemporaryDirectory() as folder:
            go = f"{folder}/go"
            os.mkfifo(go)
            with subprocess.Popen([COLERR, "sh", "-c", f"echo $$; read x <{go} & exit 3"], stdout=subprocess.PIPE,
                                  preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) as running:
                self.wait_for_end_of(int(running.stdout.readline()))
                begun = time.monotonic()
                while running.poll() is None and time.monotonic() - begun < LIMIT_S:
                    for number in (signal.SIGINT, signal.SIGTERM):
                        running.send_signal(number)
                    time.sleep(0.01)
                pathlib.Path(go).write_bytes(b"\n")
                running.communicate(timeout=LIMIT_S)
                self.assertEqual(running.returncode, -signal.SIGTERM)

    @staticmethod
    def wait_for_end_of(pid):
        """Of a process that nobody has waited for yet."""
        while pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)

    def test_to_run_out_of_descriptors_is_its_own_failure(self):
        descriptors = (5, 5)  # one pipe, not two
        ran = run("true", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, descriptors))
        self.assertEqual(ran.returncode, 125)
        self.assertIn(b"Too many open files", ran.stderr)

    def test_a_command_that_cannot_be_run(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "script"
            script.write_text("echo\n")
            for command, status in (("no-such-command", 127), (str(script), 126), ("/", 126)):
                ran = run("--color=always", command)
                self.assertEqual(ran.returncode, status)
                self.assertTrue(ran.stderr.startswith(f"colerr: {command}: ".encode()), ran.stderr)
                self.assertEqual(ran.stdout, b"")
            script.write_text('echo "$1"; exit 5\n')
            script.chmod(0o755)
            ran = run(str(script), "a shell's")
            self.assertEqual((ran.returncode, ran.stdout), (5, b"a shell's\n"))

    def test_the_command_line(self):
        self.assertEqual(run("--help").returncode, 0)
        self.assertIn(b"Usage: colerr [--color=WHEN] [--] COMMAND", run("--help").stdout)
        for wrong in ((), ("--",), ("--color=blue", "true"), ("--unknown", "true"), ("--color", "never")):
            ran = run(*wrong)
            self.assertEqual(ran.returncode, 125, wrong)
            self.assertNotEqual(ran.stderr, b"", wrong)
        self.assertEqual(run("echo", "--color=blue", "-n", "--", "x").stdout, b"--color=blue -n -- x\n")
        self.assertEqual(run("--color", "never", "--", "echo", "--help").stdout, run("echo", "--help").stdout)

    def test_without_a_standard_output_the_command_runs_all_the_same(self):
        ran = subprocess.run(["sh", "-c", f"{COLERR} sh -c 'exit 4' >&-"], timeout=LIMIT_S, check=False)
        self.assertEqual(ran.returncode, 4)


if __name__ == "__main__":
    unittest.main()
