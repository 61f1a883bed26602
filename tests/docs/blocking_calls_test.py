#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Every public call that may wait is in a table of the cancel sweep, and the guide's table says the same of each as those do."""

import itertools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SWEEPS = (
    "cancel_sweep_test.cpp",
    "cancel_sweep_fibers_test.cpp",
    "cancel_sweep_io_test.cpp",
    "cancel_sweep_system_test.cpp",
)

ENTRY = re.compile(r'\{\s*"(~?[\w:]+)",\s*(\w+),\s*(\w+),')
ROW = re.compile(r"^\| (`.*) \| (.*) \| (.*) \|$", re.M)
WORDS = {
    "throws": "throws",
    "throws, unless it runs already": "throws_before_it_runs",
    "throws, if it has to wait": "throws_if_it_waits",
    "is not seen": "not_seen",
}

# What the comment of a call that may wait says, and what those of others say who mention waiting.
WAITS = re.compile(
    r"cancellation point|throws and is cancelled as|[Pp]arks (the|or)\b|\bblocks the thread|\b[Ww]aits (for|until)\b|^As `|, as `|, and (then|waits) |then `wait`|[Bb]locks until"
)
# What the comment of a class or header says whose calls all do.
ALL_WAIT = re.compile(r"cancellation points|throws and is cancelled is as", re.I)
NEVER_WAITS = re.compile(
    r"[Nn]ever (blocks|waits)|[Dd]oes not (block|wait)|as a case|, to wait for|[Rr]eturns at once|whoever waits|waits for none|^Wakes|of what is there now|if there is room now"
)
# Who mention it all the same.
MENTION_WAITING = {
    "channel",
    "unbounded_channel",
    "this_fiber::clear_children_data",
    "this_fiber::set_children_data",
    "this_fiber::set_data",
    "shield",
    "this_fiber::stop_token",
    "shutdown",
    "with_deadline",
    "condition_variable::get_into_line",
    "condition_variable::shielded",
    "file::adopt",
    "unix_datagram::release",
    "basic_unix_listener::release",
}
# Whose members are settings, for schedulers, or for simulations, and wait for nothing.
OTHER_HEADERS = ("config.hpp", "scheduler.hpp", "select_waiter.hpp", "sim.hpp")


def without_details(text):
    text = re.sub(r"^namespace [\w:]*detail \{\n(?:(?:class|struct) \w+;\n)*\}\n", "", text, flags=re.M)
    return re.sub(r"^namespace [\w:]*detail \{\n.*?^\}  // namespace [\w:]*detail\n", "", text, flags=re.M | re.S)


def declared_name(text):
    """What a declaration declares; null if that is no function that may throw."""
    text = re.sub(r"\[\[\w+\]\]|^\s*requires\b.*$|^\s*template <.*>$", " ", text, flags=re.M)
    found = re.search(r"(operator\W*|~?\w+)\s*\(", text)
    if found is None or "operator" in found[1] or re.search(r"\)\s+(const )?noexcept|= (default|delete)", text):
        return None
    return found[1]


def about_the_file(lines):
    """What a header's \\file comment says."""
    if "/// \\file" not in lines:
        return ""
    rest = lines[lines.index("/// \\file") + 1 :]
    return " ".join(line[4:] for line in itertools.takewhile(lambda line: line.startswith("///"), rest))


def documented(text):
    """(class or "", the comment of that or the file, name, comment) of each function of a header as clang-format lays it out: classes begin
    at the margin. Functions in a namespace inside of the library's have its name before theirs."""
    lines = without_details(text).splitlines()
    of_file, spaces = about_the_file(lines), []
    scope, of_scope, comment = "", of_file, []
    for number, line in enumerate(lines):
        if found := re.match(r"namespace ([\w:]+) \{", line):
            spaces.append(found[1])
        elif line.startswith("}  // namespace"):
            spaces.pop()
        elif found := re.match(r"(?:class|struct) (\w+)(?!.*;)", line):
            scope, of_scope, comment = found[1], " ".join(comment), []
        elif line == "};":
            scope, of_scope, comment = "", of_file, []
        elif found := re.match(r"( *)/// ?(.*)", line):
            if len(found[1]) == (4 if scope else 0):
                comment.append(found[2])
        elif re.match(r"template <.*>$|\s+requires\b", line) and not scope:
            continue
        elif comment:
            rest = lines[number:]
            end = next((i for i, each in enumerate(rest) if re.search(r"[;{]", each)), 0)
            name = declared_name("\n".join(rest[: end + 1]))
            if name is not None and name != scope:
                inner = [] if scope else "::".join(spaces).split("::")[1:]
                yield scope, of_scope, "::".join([*inner, name]), " ".join(comment)
            comment = []


def full_name(scope, name):
    return f"{scope}::{name}" if scope and not name.startswith("~") else name


def waiting_calls(text):
    waits = False
    for scope, of_scope, name, comment in documented(text):
        is_like_the_last = comment.startswith("The same")
        inherits = waits if is_like_the_last else bool(ALL_WAIT.search(of_scope))
        waits = (inherits or bool(WAITS.search(comment))) and not NEVER_WAITS.search(comment)
        if waits and not name.startswith("~") and name != "requires":
            yield full_name(scope, name)


def headers(root):
    for path in sorted((root / "include/mioco").rglob("*.hpp")):
        if path.name not in OTHER_HEADERS and (path.parent.name != "detail" or path.name == "socket_io.hpp"):
            yield path.read_text()


def swept(texts):
    calls = {}
    for text in texts:
        for name, *how in ENTRY.findall(text):
            assert calls.setdefault(name, how) == how, f"{name} is swept in two ways"
    return calls


def told(guide):
    """The rows of names; those of what waits for nothing begin with a word."""
    return {
        name: [WORDS[cancel], WORDS[deadline]]
        for names, cancel, deadline in ROW.findall(guide)
        for name in re.findall(r"`(~?[\w:]+)`", names)
    }


def complaints(header_texts, sweep_texts, guide):
    calls, rows = swept(sweep_texts), told(guide)
    for text in header_texts:
        for name in dict.fromkeys(waiting_calls(text)):
            if name not in calls and name not in MENTION_WAITING:
                yield f"{name} may wait, and is in no table of the cancel sweep"
    known = {full_name(scope, name) for text in header_texts for scope, _, name, _ in documented(text)}
    for name in sorted(calls.keys() | rows.keys()):
        if name not in known:
            yield f"no public header has {name}"
        elif name not in rows:
            yield f"{name} is swept, but not in the guide's table"
        elif name not in calls:
            yield f"{name} is in the guide's table, but not swept"
        elif calls[name] != rows[name]:
            yield f"{name}: the sweep expects {calls[name]}, the guide says {rows[name]}"


def check_that_it_finds(what, header_texts, sweep_texts, guide):
    found = list(complaints(header_texts, sweep_texts, guide))
    assert len(found) == 1 and what in found[0], (what, found)


def main():
    header_texts = list(headers(ROOT))
    sweeps = [(ROOT / "tests/unit" / name).read_text() for name in SWEEPS]
    guide = (ROOT / "docs/guide/cancellation.md").read_text()
    found = list(complaints(header_texts, sweeps, guide))
    assert not found, "\n".join(found)
    new = "/// Naps. A cancellation point.\nvoid nap();\n"
    check_that_it_finds("nap may wait", [*header_texts, new], sweeps, guide)
    check_that_it_finds("nap is swept", [*header_texts, new], [*sweeps, '{"nap", throws, throws, f}'], guide)
    check_that_it_finds("no public header has nap", header_texts, [*sweeps, '{"nap", throws, throws, f}'], guide)
    inside = f"namespace mioco::fs {{\n\n{new.replace('nap', 'select')}\n}}  // namespace mioco::fs\n"
    check_that_it_finds("fs::select may wait", [*header_texts, inside], sweeps, guide)
    row = next(row for row in ROW.finditer(guide) if "`sleep_for`" in row[0])[0]
    check_that_it_finds("select is swept", header_texts, sweeps, guide.replace("`select`, ", ""))
    check_that_it_finds("wait_group::wait_for: the sweep expects", header_texts, sweeps, guide + "| `wait_group::wait_for` | throws | is not seen |\n")
    check_that_it_finds("close_all", header_texts, sweeps, guide + row.replace("`sleep_for`", "`close_all`"))


if __name__ == "__main__":
    main()
