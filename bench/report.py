# SPDX-License-Identifier: MPL-2.0
"""Writes RESULTS.md and results.json, and reads the latter."""

import dataclasses
import json

import measure


def table(rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    lines += ["| " + " | ".join(row.get(column, "") for column in columns) + " |" for row in rows]
    return lines


def check_line(check):
    unit = f" {check.unit}" if check.unit else ""
    if check.met:
        verdict = "met"
    else:
        verdict = f"**not met**, by {100 * (check.value / check.limit - 1):.1f} %"
    return f"{check.what}: {check.value:.3g}{unit}, at most {check.limit:g}{unit}: {verdict}"


def measured_line(result):
    line = f"Measured {result.taken}"
    if result.others_share is not None:
        line += f"; other programs took {100 * result.others_share:.1f} % of the machine's time meanwhile"
    return line


def _section(result):
    lines = [f"## {result.title}", ""]
    if result.rows:
        lines += [*table(result.rows), ""]
    lines += [f"- {check_line(check)}" for check in result.checks]
    lines += [f"- {note}" for note in result.notes]
    if result.taken:
        lines.append(f"- {measured_line(result)}")
    return [*lines, ""]


def markdown(facts, results, quick):
    lines = ["# Results", "", "Written by `make bench`; how each figure is taken stands in bench/README.md.", ""]
    if quick:
        lines += ["**A quick run: one short round of each, good for trying the commands and for nothing else.**", ""]
    lines += [*table([{"what": name, "on this run": value} for name, value in facts.items()]), ""]
    for result in results:
        lines += _section(result)
    return "\n".join(lines)


def write(folder, facts, results, quick):
    cases = {}
    for result in results:
        cases[result.name] = dataclasses.asdict(result)
        cases[result.name]["checks"] = [dataclasses.asdict(c) | {"met": c.met} for c in result.checks]
    raw = {"machine": facts, "quick": quick, "cases": cases}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(markdown(facts, results, quick), encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")


def _read_raw(folder):
    raw = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if raw["quick"]:
        raise ValueError(f"{folder / 'results.json'} is of a quick run")
    return raw


def read_facts(folder):
    """What stands at the head of the results there."""
    return _read_raw(folder)["machine"]


def read(folder):
    """The results that `write` has left there, by name of their cases."""
    raw = _read_raw(folder)
    results = {}
    for name, case in raw["cases"].items():
        checks = [measure.Check(c["what"], c["value"], c["limit"], c["unit"]) for c in case["checks"]]
        results[name] = measure.Result(**(case | {"checks": checks}))
    return results
