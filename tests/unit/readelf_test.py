#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What the built files promise to the loader: a stack that is not executable, and no claim of
shadow-stack support, which a program that switches stacks by itself could not keep."""

import pathlib
import re
import subprocess
import sys

build = pathlib.Path(sys.argv[1])


# What readelf says of a member that Clang's link-time optimization has yet to make an object file of.
BITCODE = "LLVM bitcode"


def readelf(option, path):
    """What it says of the object files in there, and how many are none yet."""
    done = subprocess.run(["readelf", "--wide", option, path], check=False, capture_output=True, text=True)
    errors = done.stderr.splitlines()
    assert all(BITCODE in line for line in errors), f"{path}: {done.stderr}"
    assert errors or done.returncode == 0, f"{path}: readelf ended with {done.returncode}"
    return done.stdout, len(errors)


def stack_flags(program):
    found = re.findall(r"GNU_STACK\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+(\S+)", readelf("--segments", program)[0])
    assert len(found) == 1, f"{program}: no single GNU_STACK segment"
    return found[0]


def sections_by_member(archive):
    """The sections of each object file in an archive, and the number of members that are none yet."""
    members, name = {}, str(archive)
    text, unfinished = readelf("--sections", archive)
    for number, line in enumerate(text.splitlines()):
        if not line.strip():
            continue
        if line.startswith("File:"):
            # With a number: several sources have the same name, each in its folder.
            name = f"{line.split(':', 1)[1].strip()}, line {number}"
        members.setdefault(name, []).append(line)
    with_sections = {name: lines for name, lines in members.items() if len(lines) > 1}
    assert len(members) - len(with_sections) == unfinished, f"{archive}: members without sections"
    return with_sections, unfinished


def claims(path):
    return [line.strip() for line in readelf("--notes", path)[0].splitlines()
            if re.search(r"\b(IBT|SHSTK|GCS)\b", line)]


def main():
    library = next(build.glob("libmioco.a"), None) or next(build.glob("libmioco.so"), None)
    assert library is not None, f"no library in {build}"
    programs = [build / "examples/echo"] + ([library] if library.suffix == ".so" else [])
    for program in programs:
        flags = stack_flags(program)
        assert "E" not in flags, f"{program}: executable stack ({flags})"
        assert not claims(program), f"{program} claims {claims(program)}"
    if library.suffix == ".a":
        members, unfinished = sections_by_member(library)
        assert len(members) + unfinished > 10, f"{library}: only {len(members)} members were read"
        for member, lines in members.items():
            notes = [line for line in lines if ".note.GNU-stack" in line]
            assert len(notes) == 1, f"{member}: no .note.GNU-stack, so its stack is executable"
            flags = notes[0].split(".note.GNU-stack", 1)[1].split()[5:-3]
            assert not any("X" in flag for flag in flags), f"{member}: asks for an executable stack"
            if "switch_" in member:
                assert not any(".note.gnu.property" in line for line in lines), f"{member}: claims features"
        assert any("switch_" in member for member in members), "the switch is not in the library"
    print(f"{library.name}, {', '.join(str(p.relative_to(build)) for p in programs)}: as they should be")


if __name__ == "__main__":
    main()
