# SPDX-License-Identifier: MPL-2.0
"""Rounds of measurements, and what is told of them."""

import dataclasses
import statistics
import sys

import ratios

OURS = "mioco"
# The middle half of someone's rounds lies no further apart, or they are not steady.
MOST_SPREAD = 0.10


@dataclasses.dataclass
class Check:
    """A target and what was measured. `limit` is the largest value that meets it. An aim is a target that may be missed: what
    counts is how far it is away."""

    what: str
    value: float
    limit: float
    unit: str = ""
    aim: bool = False

    @property
    def met(self):
        return self.value <= self.limit


def check_as_ratio(what, taken, figure, rival, limit):
    """A limit in nanoseconds, given with what the rival takes where it holds: judged by mioco's figure to that rival's, round by round, as a
    virtual machine is at times twice as slow as at others, and all of it alike."""
    ours_ns, theirs_ns = limit
    ratio = median([ours[figure] / theirs[figure] for ours, theirs in zip(taken[OURS], taken[rival])])
    return Check(f"{what}, to {rival}'s ({ours_ns:g} ns where {rival} takes {theirs_ns:g})", ratio, ours_ns / theirs_ns)


@dataclasses.dataclass
class Result:
    """A case: rows of a table (each a dictionary of column and text), its targets, its remarks and its raw samples; the figures
    by which mioco is compared with its rivals; and when and of which commit it was measured, with how fast the machine was
    then, and the share of it that other programs took meanwhile. Results that were stored before there were shares and
    figures have none."""

    name: str
    title: str
    rows: list = dataclasses.field(default_factory=list)
    checks: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    samples: dict = dataclasses.field(default_factory=dict)
    figures: dict = dataclasses.field(default_factory=dict)
    taken: str = ""
    others_share: float | None = None

    def figure(self, name, of, smaller_is_better=True):
        """Adds a figure to compare and to draw, its unit in its name: for each who has it, by name, what it was in each round.
        mioco goes by this name here. A case is judged to be steady by its first figure, and is first drawn by it."""
        self.figures[name] = {"smaller_is_better": smaller_is_better, "of": of}

    def comparisons(self, name):
        """mioco's to each rival's, as far as there is a ratio; other settings of mioco are no rivals."""
        of = self.figures[name]["of"]
        compared = {}
        for rival, samples in of.items():
            if OURS in of and not rival.startswith(OURS):
                compared[rival] = ratios.compare(of[OURS], samples, self.figures[name]["smaller_is_better"])
        return {rival: comparison for rival, comparison in compared.items() if comparison is not None}

    def spread(self):
        """Of the first figure: the widest, and whose it is."""
        for figure in self.figures.values():
            return max(((ratios.spread(samples), who) for who, samples in figure["of"].items()), default=(0.0, ""))
        return 0.0, ""

    def check_not_behind(self, name, rivals=None, of="rivals", aim=False):
        """A target: to be behind none of these, which are called `of`, or of all. It is none where there are too few rounds to tell."""
        compared = {rival: comparison.verdict for rival, comparison in self.comparisons(name).items() if rivals is None or rival in rivals}
        if not compared or ratios.TOO_FEW in compared.values():
            return
        behind = [rival for rival, verdict in compared.items() if verdict == ratios.BEHIND]
        names = f" ({', '.join(behind)})" if behind else ""
        self.checks.append(Check(f"{of} that mioco is behind in {name}{names}", len(behind), 0, aim=aim))


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def interleave(rounds, subjects, measure):
    """Measures each subject once a round, in turn, so that a slow spell of the machine meets all alike. `subjects` is a
    dictionary; returns its keys with the list of what `measure` returned for the values."""
    samples = {name: [] for name in subjects}
    for done in range(rounds):
        say(f"  round {done + 1} of {rounds}:", end="")
        for name, subject in subjects.items():
            say(f" {name}", end="")
            samples[name].append(measure(subject))
        say("")
    return samples


def median(values):
    return statistics.median(values)


def spread(values, digits=2):
    """Smallest to largest."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"
