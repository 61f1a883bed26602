# SPDX-License-Identifier: MPL-2.0
"""What a run was made on, for the head of the report."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

import programs as p


def _first_match(path, pattern):
    found = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not there"


class OthersUsage:
    """How much of the machine programs that are not ours took since this was made, as a share of all its time.

    Clock times and latencies are worth nothing on a busy machine, so the report has to say whether it was one."""

    def __init__(self):
        self._start = self._times()

    @staticmethod
    def _times():
        """Seconds: busy on all processors, busy by us, stolen by the hypervisor, and all there was."""
        fields = [int(f) for f in pathlib.Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
        user, nice, system, idle, iowait, irq, softirq, stolen = (f / os.sysconf("SC_CLK_TCK") for f in fields)
        ours = os.times()
        busy = user + nice + system + irq + softirq
        return busy, sum(ours[:4]), stolen, busy + idle + iowait + stolen

    def share(self):
        busy, ours, stolen, total = (end - start for start, end in zip(self._start, self._times()))
        return max(0.0, busy - ours + stolen) / total if total > 0 else 0.0


def _now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def circumstances(programs):
    """The time, the commit, and how long a bare switch between two stacks takes: the same few instructions each time,
    which nobody else's use of the machine's memory or network touches. Machines like these run at half their speed for
    hours."""
    when = f"{_now()}, of {programs.commit}"
    program = programs.find("context_switch")
    if program is None:
        return when
    nanoseconds = min(p.run_json([program, 10_000_000, 1], "0", {})["cpu_ns"] for _ in range(3))
    return f"{when}, when a bare switch took {nanoseconds:.1f} ns"


def is_same(facts, others):
    """Whether two descriptions are of machines on which times can be compared."""
    return all(facts.get(what) == others.get(what) for what in ("processor", "cores", "kernel", "compiler"))


def in_short(facts):
    return f"on {facts['cores']} x {facts['processor']}, {facts['kernel']}, {facts['compiler']}"


def compiler():
    return first_line("c++", "--version")


def describe(programs):
    """A dictionary of names and values, in the order in which they are shown."""
    pages = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    memory_kib = int(_first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)"))
    facts = {
        "date": _now(),
        "processor": _first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_kib / 1024 / 1024:.1f} GiB",
        "kernel": platform.release(),
        "huge pages": _first_match(pages, r"\[(\w+)\]") if pages.exists() else "unknown",
        "compiler": compiler(),
        "valgrind": first_line("valgrind", "--version"),
        "load": f"{os.getloadavg()[0]:.2f} a minute before the start",
    }
    for peer in programs.peers():
        facts[peer.name] = programs.version(peer)
    missing = [peer.name for peer in p.PEERS if programs.find(peer.program) is None]
    if missing:
        facts["not built, so left out"] = ", ".join(missing)
    for peer in p.PEERS:
        if peer.name not in missing and programs.failure(peer):
            facts[f"{peer.name} does not start, so left out"] = programs.failure(peer)
    return facts
