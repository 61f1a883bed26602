# SPDX-License-Identifier: MPL-2.0
"""Whether a fiber costs the same among a thousand and among a million, and a connection among 100 and among 9000."""

import contextlib
import pathlib
import re
import subprocess

import measure as m
import programs as p

FIBERS = (1_000, 10_000, 100_000, 1_000_000)
CONNECTIONS = (100, 1_000, 9_000)
ACTIVE = 100
RATE = 20_000
FLAT = 1.5


def _least(taken, what):
    return min(sample[what] for sample in taken)


def _growth(costs):
    """The most to the least of what one of each number costs."""
    return max(costs) / min(costs)


# Heading, what is measured, whether it is to be flat.
FIBER_FIGURES = (("spawn and park, ns", "spawn_ns", True), ("yield of one of 1000 others, ns", "few_ns", True),
                 ("wake and park, ns", "wake_ns", False), ("yield in turn of all, ns", "all_ns", False),
                 ("the same lines without fibers, ns", "walk_ns", False), ("end, ns", "end_ns", False))


def fibers(run):
    program = run.programs.need("scale_fibers")
    counts = FIBERS[:2] if run.quick else FIBERS
    taken = m.interleave(run.rounds(5), {count: [program, count] for count in counts}, lambda command: p.run_json(command, "0"))
    result = m.Result("scale-fibers", "A fiber among a thousand and among a million, one worker",
                      samples={str(count): samples for count, samples in taken.items()})
    for count, samples in taken.items():
        row = {"fibers": f"{count:,}"} | {heading: f"{_least(samples, what):.1f}" for heading, what, _ in FIBER_FIGURES}
        result.rows.append(row | {"KiB": f"{_least(samples, 'bytes') / 1024:.2f}"})
    for heading, what, is_flat in FIBER_FIGURES:
        if is_flat:
            result.checks.append(m.Check(f"{heading.removesuffix(', ns')}: the most to the least",
                                         _growth([_least(samples, what) for samples in taken.values()]), FLAT))
    result.checks.append(m.Check("memory: the most to the least", _growth([_least(samples, "bytes") for samples in taken.values()]), FLAT))
    most, fewest = (taken[count] for count in (counts[-1], counts[0]))
    result.notes.append(
        f"The least of the rounds, of processor time. What the runtime does at a switch is the same among a thousand and among a million: "
        f"a thousand that switch while all others wait find their memory in the cache. When all switch in turn each finds its block and its "
        f"stack where the number of them puts these, in the first cache, in the last, or in none, with a page to be translated. "
        f"Going to three lines of as many blocks and stacks, one after the other in a plain loop, grows from {_least(fewest, 'walk_ns'):.0f} to "
        f"{_least(most, 'walk_ns'):.0f} ns; the yield grows from {_least(fewest, 'all_ns'):.0f} to {_least(most, 'all_ns'):.0f} ns. "
        f"A wake-up goes there three times: to claim the wait, to queue the fiber, and to run it.")
    return result


def _kib(pid, file, what):
    text = pathlib.Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8")
    return int(re.search(rf"^{what}:\s*(\d+)", text, re.MULTILINE).group(1))


def _memory_kib(pid):
    return _kib(pid, "smaps_rollup", "Rss") + _kib(pid, "status", "VmPTE")


@contextlib.contextmanager
def kept_connections(programs, server, count):
    """So many more, each served once, that then wait."""
    if count == 0:
        yield
        return
    client = subprocess.Popen(p.client_command(programs, server, c=count, k=True), text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    try:
        if not client.stdout.readline().startswith("kept"):
            raise RuntimeError(f"the server did not answer {count} connections")
        yield
    finally:
        client.communicate()


def _split(sample):
    """CPU us a request, and of that what the program itself takes."""
    each = sample["server_cpu_ns"] / 1000 / sample["requests"]
    ticks = sample["server_user_ticks"] + sample["server_system_ticks"]
    return each, each * sample["server_user_ticks"] / max(1, ticks)


def _at_one_rate(run, server, count):
    return p.load(run.programs, server, c=count, r=RATE, t=run.seconds)


def _beside_idle(run, server, count):
    with kept_connections(run.programs, server, count - ACTIVE):
        return p.load(run.programs, server, c=ACTIVE, t=run.seconds)


def _all_active(run, server, count):
    return p.load(run.programs, server, c=count, t=run.seconds)


# What is done with so many connections, and whether a request is to cost the same.
LOADS = ((f"{RATE} requests a second over all", _at_one_rate, True),
         (f"{ACTIVE} ask at once, the others are idle", _beside_idle, True),
         ("all ask at once", _all_active, False))


def _memory_a_connection(run, peer, count):
    with p.serve(run.programs, peer) as server:
        before = _memory_kib(server.pid)
        with kept_connections(run.programs, server, count):
            return (_memory_kib(server.pid) - before) / count


def connections(run):
    peers = run.programs.peers((p.MIOCO, p.RAW))
    counts = CONNECTIONS[:2] if run.quick else CONNECTIONS
    result = m.Result("scale-connections", "A connection among 100 and among 9000: what a request of it costs, one worker")

    def once(subject):
        peer, load, count = subject
        with p.serve(run.programs, peer) as server:
            return load(run, server, count)

    for what, load, is_flat in LOADS:
        subjects = {(peer.name, count): (peer, load, count) for peer in peers for count in counts}
        taken = m.interleave(run.rounds(5), subjects, once)
        result.samples |= {f"{what}: {who}, {count}": samples for (who, count), samples in taken.items()}
        for peer in peers:
            costs = [min(_split(sample) for sample in taken[peer.name, count]) for count in counts]
            row = {"load": what, "server": peer.name}
            for count, (each, own) in zip(counts, costs):
                row |= {f"{count}: CPU us": f"{each:.2f}", f"{count}: user": f"{own:.2f}"}
            growth = _growth([each for each, _ in costs])
            result.rows.append(row | {"most to least": f"{growth:.2f}"})
            if peer is p.MIOCO and is_flat:
                result.checks.append(m.Check(f"CPU time a request, {what}: the most to the least", growth, FLAT))
    memory = m.interleave(run.rounds(3), {count: count for count in counts}, lambda count: _memory_a_connection(run, p.MIOCO, count))
    for count, samples in memory.items():
        result.rows.append({"load": f"memory, KiB a connection of {count}", "server": "mioco", "most to least": f"{m.median(samples):.2f}"})
    result.samples |= {f"memory of {count}": samples for count, samples in memory.items()}
    result.checks.append(m.Check("memory of an idle connection: the most to the least",
                                 _growth([m.median(samples) for samples in memory.values()]), FLAT))
    result.notes.append("The least of the rounds. An epoll tells of ready connections alone, and a fiber that waits is touched by nobody, so idle "
                        "connections cost memory and nothing else. When all ask, each request finds the connection's socket, descriptor, block and "
                        "stack out of the cache that the others' have passed through since; the raw loop, which has neither fibers nor stacks, "
                        "shows how much of that is the kernel's.")
    return result
