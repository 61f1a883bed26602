# SPDX-License-Identifier: MPL-2.0
"""Rounds of measurements, and what is told of them."""

import dataclasses
import statistics
import sys


@dataclasses.dataclass
class Check:
    """A target and what was measured. `limit` is the largest value that meets it."""

    what: str
    value: float
    limit: float
    unit: str = ""

    @property
    def met(self):
        return self.value <= self.limit


@dataclasses.dataclass
class Result:
    """A case: rows of a table (each a dictionary of column and text), its targets, its remarks and its raw samples; and
    when and of which commit it was measured, with how fast the machine was then, and the share of it that other
    programs took meanwhile. Results that were stored before there was such a share have none."""

    name: str
    title: str
    rows: list = dataclasses.field(default_factory=list)
    checks: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    samples: dict = dataclasses.field(default_factory=dict)
    taken: str = ""
    others_share: float | None = None


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
