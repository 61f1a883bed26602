# SPDX-License-Identifier: MPL-2.0
"""Reads of files: 64 fibers at once on one worker, by an io_uring and by the pool, beside plain threads."""

import measure as m
import programs as p

COLD_READS = 30_000
WARM_READS = 300_000
THREADS = {"cold": 32, "warm": 1}  # as many as the pool has; and a plain loop
CPU_LIMIT = 0.5
WARM_LIMIT = 1.0


def file_read(run):
    result = m.Result("file_read", "Reads of 4 KiB from a file by 64 fibers at once, one worker")
    program = run.programs.need("file_read")
    path = run.programs.folder / "file_read.data"
    for what, reads in (("cold", run.count(COLD_READS)), ("warm", run.count(WARM_READS))):
        command = [program, path, what, reads]
        threads = THREADS[what]
        plain = f"pread on {threads} threads" if threads > 1 else "pread on a thread"
        commands = {"mioco, io_uring": (command, {"MIOCO_FILES": "ring"}), "mioco, pool": (command, {"MIOCO_FILES": "pool"}),
                    plain: ([*command, threads], {})}
        if what == "warm":
            commands["preadv2 with RWF_NOWAIT on a thread"] = ([*command, threads, "nowait"], {})
        taken = m.interleave(run.rounds(9), commands, lambda s: p.run_json(s[0], "0", s[1]))
        for who, samples in taken.items():
            cpu_us = [sample["cpu_ns"] / 1e3 for sample in samples]
            result.rows.append({"file": what, "who": who, "CPU us a read, median": f"{m.median(cpu_us):.2f}",
                                "least to most": m.spread(cpu_us),
                                "reads a second, median": f"{m.median([1e9 / sample['wall_ns'] for sample in samples]):.0f}"})
            result.samples[f"{who}, {what}"] = samples
        if what == "cold":
            result.checks.append(m.Check("cold: CPU time of a read by io_uring, to the pool's", _ratio(taken, "mioco, pool", "cpu_ns"),
                                         CPU_LIMIT))
            result.checks.append(m.Check("cold: time of a read by io_uring, to the pool's", _ratio(taken, "mioco, pool", "wall_ns"), 1.0))
        else:
            result.checks.append(m.Check("warm: CPU time of a read, to a plain loop's", _ratio(taken, plain, "cpu_ns"), WARM_LIMIT))
    result.notes.append("Cold: by O_DIRECT, so that each read waits for the device. Warm: from the page cache, which is tried first, by "
                        "preadv2 with RWF_NOWAIT; so the pool has nothing to do there either, and what that call costs more than pread stands beside it.")
    return result


def _ratio(taken, to, figure):
    """Of the medians."""
    ours, theirs = (m.median([sample[figure] for sample in taken[who]]) for who in ("mioco, io_uring", to))
    return ours / theirs
