# SPDX-License-Identifier: MPL-2.0
"""The cases of waiting: channels, select, mutexes, sleeps, deadlines and exceptions."""

import measure as m
import micro_cases
import programs as p

# The limit, and what Go takes where it holds.
PINGPONG_NS = (60.0, 190.0)
STREAM_NS = (16.0, 31.0)
DEADLINE_NS = (40.0, 207.0)
SELECT_LIMIT = 2.0
YIELDING_LIMIT = 0.5  # of Go's time
# Two that throw at once, to one, for fibers to the same for threads; what is more is noise.
THROW_LIMIT = 1.1
LATE_LIMIT_US = 30.0
SHORT_SLEEP_LIMIT_US = 130.0

# Also with a plain thread in the process.
BESIDE_A_THREAD = ("channel_pingpong", "channel_stream")
BESIDE_NOTE = ("On one worker mioco's process has one thread, and locks without atomic instructions, as the C library does; \"beside a thread\" it "
               "has a second one, which sleeps.")


def _middle(taken, what):
    return m.median([sample[what] for sample in taken])


def _figures(taken, *columns):
    """A table's row: median, and least to most, of the figures under these names."""
    row = {}
    for heading, what in columns:
        row[f"{heading}, median"] = f"{_middle(taken, what):.1f}"
        row["least to most" if len(columns) == 1 else f"{heading}, least to most"] = m.spread(
            [sample[what] for sample in taken], 1)
    return row


def _run(run, case, count, workers=1, title=""):
    """The rounds of one case, by who took part."""
    commands = micro_cases.subjects(run, case, count, workers)
    if case in BESIDE_A_THREAD and workers == 1 and "mioco" in commands:
        commands["mioco, beside a thread"] = ([*commands["mioco"][0], 1], {})
    result = m.Result(case, title)
    taken = micro_cases.rounds_of(run, commands, workers, rounds=9)
    result.samples = {f"{who}, {workers} workers": samples for who, samples in taken.items()}
    return result, taken


def _figure(result, name, taken, what):
    result.figure(name, {who: [sample[what] for sample in samples] for who, samples in taken.items()})


def _timed(run, case, count, title, workers=1, result=None):
    measured, taken = _run(run, case, count, workers, title)
    if result is None:
        result = measured
    else:
        result.samples |= measured.samples
    for who, samples in taken.items():
        result.rows.append({"who": who, "workers": str(workers)} | _figures(samples, ("ns", "wall_ns")) |
                           {"CPU ns, median": f"{_middle(samples, 'cpu_ns'):.1f}"})
    # On one worker the processor's time, which other programs do not lengthen.
    judged = "cpu_ns" if workers == 1 else "wall_ns"
    _figure(result, f"{'CPU ns' if workers == 1 else 'ns'}, {micro_cases.place(workers)}", taken, judged)
    return result, taken, {who: _middle(samples, judged) for who, samples in taken.items()}


def _check_not_behind(result):
    for figure in result.figures:
        result.check_not_behind(figure)


def channel_pingpong(run):
    result, taken, _ = _timed(run, "channel_pingpong", run.count(3_000_000), "A round trip between two fibers over two channels")
    if {"mioco", "Go"} <= taken.keys():
        result.checks.append(m.check_as_ratio("channel round trip, one worker", taken, "cpu_ns", "Go", PINGPONG_NS))
    _timed(run, "channel_pingpong", run.count(3_000_000), "", 2, result)
    _check_not_behind(result)
    result.notes.append(BESIDE_NOTE)
    return result


def channel_handover(run):
    result, _, _ = _timed(run, "channel_handover", run.count(3_000_000), "An item through a channel without room, from hand to hand")
    _timed(run, "channel_handover", run.count(3_000_000), "", 2, result)
    _check_not_behind(result)
    return result


def select_pingpong(run):
    result, _, _ = _timed(run, "select_pingpong", run.count(2_000_000),
                          "A round trip between two fibers, each of which waits in a select over two channels")
    _timed(run, "select_pingpong", run.count(2_000_000), "", 2, result)
    return result


def mutex_contended(run):
    return _timed(run, "mutex_contended", run.count(3_000_000), "A mutex for which two fibers on two workers contend", 2)[0]


def throw_threads(run):
    """Whether those who throw at once hold each other up, and more than plain threads do."""
    program = run.programs.need("throw_threads")
    result = m.Result("throw_threads", "Exceptions thrown and caught on several workers at once, a throw of each")
    commands = {f"{count} at once": [program, run.count(500_000), count] for count in (1, 2)}
    taken = m.interleave(run.rounds(9), commands, lambda command: p.run_json(command, p.BOTH_CPUS))
    result.samples = taken
    for how_many, samples in taken.items():
        for who, what in (("fibers", "fibers_ns"), ("plain threads", "threads_ns")):
            result.rows.append({"who": who, "": how_many} | _figures(samples, ("ns", what)))

    def slower(what):
        return m.median([two[what] / one[what] for one, two in zip(taken["1 at once"], taken["2 at once"])])

    result.checks.append(m.Check("two fibers that throw at once to one, to the same of threads",
                                 slower("fibers_ns") / slower("threads_ns"), THROW_LIMIT))
    return result


def event_pingpong(run):
    return _timed(run, "event_pingpong", run.count(3_000_000), "A round trip between two fibers over two events, one worker")[0]


def broadcast_pingpong(run):
    return _timed(run, "broadcast_pingpong", run.count(3_000_000),
                  "A round trip between two fibers over two broadcasts, one worker")[0]


def channel_stream(run):
    result, taken, _ = _timed(run, "channel_stream", run.count(10_000_000),
                              "An item through a channel with room for 128")
    if {"mioco", "Go"} <= taken.keys():
        result.checks.append(m.check_as_ratio("buffered channel, an item, one worker", taken, "cpu_ns", "Go", STREAM_NS))
    _, _, each = _timed(run, "channel_stream", run.count(10_000_000), "", 2, result)
    if {"mioco", "Go"} <= each.keys():
        result.checks.append(m.Check("buffered channel, two workers, to Go's", each["mioco"] / each["Go"], 1.0))
    _check_not_behind(result)
    result.notes.append(BESIDE_NOTE)
    return result


def select_receive(run):
    result, taken = _run(run, "select_receive", run.count(10_000_000), 1,
                         "Receiving an item that is there, plainly and by a select over four channels")
    for who, samples in taken.items():
        result.rows.append({"who": who} | _figures(samples, ("receive ns", "receive_ns"), ("select ns", "select_ns")))
        if who == "mioco":
            ratio = m.median([sample["select_ns"] / sample["receive_ns"] for sample in samples])
            result.checks.append(m.Check("select over four channels, to a plain receive", ratio, SELECT_LIMIT))
    _figure(result, "select ns", taken, "select_ns")
    _figure(result, "receive ns", taken, "receive_ns")
    return result


def mutex_alone(run):
    result, taken = _run(run, "mutex_alone", run.count(20_000_000), 2,
                         "Locking and unlocking a mutex that nobody else wants")
    for who, samples in taken.items():
        columns = {"mioco_ns": "mioco", "std_ns": "std::mutex"} if who == "mioco" else {"wall_ns": who}
        for what, name in columns.items():
            result.rows.append({"who": name} | _figures(samples, ("ns", what)))
        if who == "mioco":
            ratio = m.median([sample["mioco_ns"] / sample["std_ns"] for sample in samples])
            result.checks.append(m.Check("uncontended mutex, to std::mutex", ratio, 1.0))
    times = {who: [s["mioco_ns" if who == "mioco" else "wall_ns"] for s in samples] for who, samples in taken.items()}
    if "mioco" in taken:
        times["std::mutex"] = [sample["std_ns"] for sample in taken["mioco"]]
    result.figure("ns", times)
    return result


def mutex_yielding(run):
    result, _, each = _timed(run, "mutex_yielding", run.count(1_000_000),
                             "A mutex that 64 fibers want, each of which yields with it in hand, one worker")
    if {"mioco", "Go"} <= each.keys():
        result.checks.append(m.Check("contended mutex, to Go's", each["mioco"] / each["Go"], YIELDING_LIMIT))
    return result


def sleep(run):
    result = m.Result("sleep", "How late a sleep ends, the middle of many")
    for asked_us, count in ((1000, 500), (100, 2000)):
        commands = micro_cases.subjects(run, f"sleep_{asked_us}", run.count(count), 1)
        if found := run.programs.find("sleep"):
            commands["mioco"] = ([found, run.count(count), asked_us], {})
        taken = m.interleave(run.rounds(5), commands, lambda s: p.run_json(s[0], "0", s[1]))
        _figure(result, f"late, us, of {asked_us} us", taken, "late_us")
        for who, samples in taken.items():
            result.rows.append({"who": who, "asked, us": str(asked_us)} | _figures(samples, ("late, us", "late_us")))
            result.samples[f"{who}, {asked_us} us"] = samples
            if who != "mioco":
                continue
            late = _middle(samples, "late_us")
            result.checks.append(m.Check("1 ms of sleep, late by", late, LATE_LIMIT_US, "us") if asked_us == 1000 else
                                 m.Check("100 us of sleep", asked_us + late, SHORT_SLEEP_LIMIT_US, "us"))
            for name, what in (("a thread", "thread_us"), ("a thread with a slack of 1 ns", "precise_thread_us")):
                result.rows.append({"who": name, "asked, us": str(asked_us)} | _figures(samples, ("late, us", what)))
    result.notes.append("No sleep ends earlier than the system wakes a thread up: a thread's clock_nanosleep is told beside it, of the "
                        "same minutes, with the system's slack of 50 us and with the least.")
    return result


def timers(run):
    result, taken = _run(run, "timers", run.count(2_000_000), 1,
                         "A deadline set and cleared while a million are pending")
    for who, samples in taken.items():
        result.rows.append({"who": who} | _figures(samples, ("ns", "deadline_ns")))
    _figure(result, "ns", taken, "deadline_ns")
    if {"mioco", "Go"} <= taken.keys():
        result.checks.append(m.check_as_ratio("deadline set and cleared", taken, "deadline_ns", "Go", DEADLINE_NS))
    result.notes.append("mioco: a wait with a deadline, less the same wait without one, the reading of the clock included.")
    return result
