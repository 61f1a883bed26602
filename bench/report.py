# SPDX-License-Identifier: MPL-2.0
"""Writes RESULTS.md and results.json, and reads the latter."""

import dataclasses
import json

import charts
import measure
import ratios


def table(rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    lines += ["| " + " | ".join(row.get(column, "") for column in columns) + " |" for row in rows]
    return lines


def check_line(check):
    unit = f" {check.unit}" if check.unit else ""
    if check.met:
        verdict = "aim reached" if check.aim else "met"
    else:
        verdict = "aim missed" if check.aim else "**not met**"
        if check.limit > 0:
            verdict += f", by {100 * (check.value / check.limit - 1):.1f} %"
    return f"{check.what}: {check.value:.3g}{unit}, at most {check.limit:g}{unit}: {verdict}"


def measured_line(result):
    line = f"Measured {result.taken}"
    if result.others_share is not None:
        line += f"; other programs took {100 * result.others_share:.1f} % of the machine's time meanwhile"
    spread, who = result.spread()
    if spread > measure.MOST_SPREAD:
        line += f"; **not steady**: the middle half of {who}'s rounds lay {100 * spread:.0f} % apart"
    return line


def _rivals(results):
    """All there are, in the order in which they turn up."""
    return list(dict.fromkeys(rival for result in results for figure in result.figures for rival in result.comparisons(figure)))


def _ratio(comparison):
    if comparison.verdict == ratios.TOO_FEW:
        return f"{comparison.ratio:.3f}"
    verdict = f"**{comparison.verdict}**" if comparison.verdict == ratios.BEHIND else comparison.verdict
    return f"{comparison.ratio:.3f} ({comparison.low:.3f} to {comparison.high:.3f}), {verdict}"


def _verdict(comparison):
    """Without the interval, for a table of all."""
    if comparison.verdict == ratios.TOO_FEW:
        return f"{comparison.ratio:.2f}"
    verdict = f"**{comparison.verdict}**" if comparison.verdict == ratios.BEHIND else comparison.verdict
    return f"{comparison.ratio:.2f} {verdict}"


def comparison_rows(result):
    """A row a rival, a column a figure."""
    compared = {figure: result.comparisons(figure) for figure in result.figures}
    return [{"mioco's to that of": rival} |
            {figure: _ratio(of[rival]) for figure, of in compared.items() if rival in of} for rival in _rivals([result])]


def summary_tables(results):
    """A table for each kind of cases: their rivals are not the same."""
    tables = {}
    for kind, title in (("network", "Servers"), ("memory", "Memory"), ("micro", "Within a process")):
        rows = summary_rows([result for result in results if charts.kind({"figures": result.figures}) == kind])
        if rows:
            tables[title] = rows
    return tables


def summary_rows(results):
    """A row a case and figure, a column a rival."""
    rivals = _rivals(results)
    rows = []
    for result in results:
        for figure in result.figures:
            compared = result.comparisons(figure)
            if compared:
                rows.append({"case": f"{result.name}: {figure}"} |
                            {rival: _verdict(compared[rival]) if rival in compared else "" for rival in rivals})
    return rows


def _summary(results):
    tables = summary_tables(results)
    if not tables:
        return []
    return ["## Summary", "",
            "mioco's figure to each rival's, by the medians of the rounds: below 1 is less. It is ahead or behind where 1 lies outside the "
            "95 % bootstrap interval of that ratio, and tied where it lies within; the intervals stand at each case. Where a verdict is "
            f"missing it is a count, or there were fewer than {ratios.FEWEST_ROUNDS} rounds.", ""] + [line for title, rows in tables.items() for line in (f"### {title}", "", *table(rows), "")]


def _section(result):
    lines = [f"## {result.title}", ""]
    if result.rows:
        lines += [*table(result.rows), ""]
    compared = comparison_rows(result)
    if compared:
        lines += [*table(compared), ""]
    lines += [f"- {check_line(check)}" for check in result.checks]
    lines += [f"- {note}" for note in result.notes]
    if result.taken:
        lines.append(f"- {measured_line(result)}")
    return [*lines, ""]


def markdown(facts, results, quick):
    lines = ["# Results", "", "Written by `make bench`; how each figure is taken stands in bench/README.md.", ""]
    if quick:
        lines += ["**A quick run: one short round of most cases, good for trying the commands and for nothing else.**", ""]
    lines += _summary(results)
    lines += ["## The machine", "", *table([{"what": name, "on this run": value} for name, value in facts.items()]), ""]
    for result in results:
        lines += _section(result)
    return "\n".join(lines)


def write(folder, facts, results, quick):
    """Returns what is in results.json then."""
    cases = {}
    for result in results:
        cases[result.name] = dataclasses.asdict(result)
        cases[result.name]["checks"] = [dataclasses.asdict(c) | {"met": c.met} for c in result.checks]
        cases[result.name]["comparisons"] = {
            figure: {rival: dataclasses.asdict(c) for rival, c in result.comparisons(figure).items()} for figure in result.figures}
    raw = {"machine": facts, "quick": quick, "cases": cases}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(markdown(facts, results, quick), encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    return raw


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
        checks = [measure.Check(c["what"], c["value"], c["limit"], c["unit"], c.get("aim", False)) for c in case["checks"]]
        stored = {what: value for what, value in case.items() if what != "comparisons"}  # which follow from the figures
        results[name] = measure.Result(**(stored | {"checks": checks}))
    return results
