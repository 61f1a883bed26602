#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A test that is wrong fails when it is simulated, and says how to see that again."""

import os
import pathlib
import re
import subprocess
import sys

PROGRAM = pathlib.Path(sys.argv[1]) / "tests/sim/planted_program"


def simulate(case, **variables):
    ours = {name: value for name, value in os.environ.items() if name not in ("MIOCO_SEED", "MIOCO_SEEDS")}
    done = subprocess.run([PROGRAM, "--simulated=sim/planted", f"--gtest_filter=planted.{case}"],
                          env=ours | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=170, check=False)
    return done.returncode, done.stdout


def check(holds, what, output=""):
    if not holds:
        sys.exit(f"{what}\n{output}")


def failing_seed(output):
    told = re.search(r"seed (\d+) fails\n  again: MIOCO_SEED=\1 ctest --test-dir \S+ "
                     r"-R '\^simulated/sim/planted/planted\\\.\w+\$'", output)
    check(told, "it does not tell how to run it again", output)
    return int(told[1])


status, output = simulate("is_right", MIOCO_SEEDS="30")
check(status == 0 and "30 seeds" in output, "what is right fails", output)

status, output = simulate("depends_on_the_order", MIOCO_SEEDS="500")
check(status == 1 and '"ba"' in output, "an order that may be another is not found", output)
seed = failing_seed(output)
status, again = simulate("depends_on_the_order", MIOCO_SEED=str(seed), MIOCO_SIM_TRACE="1")
check(status == 1 and failing_seed(again) == seed, "the seed does not fail again", again)
check(len(again) > len(output), "there is no trace", again)
if seed > 0:
    status, output = simulate("depends_on_the_order", MIOCO_SEEDS=str(seed))
    check(status == 0, "an earlier seed fails now", output)

status, output = simulate("waits_for_ever")
check(status != 0 and "waits for" in output, "who waits for ever is not found", output)
failing_seed(output)

status, output = simulate("goes_another_way_the_next_time")
check(status == 1 and "went another way" in output, "what is not the seed's is not found", output)

status, output = simulate("leaves_out_what_is_skipped")
check(status == 0 and "[  SKIPPED ]" in output, "a skipped test is not said to be", output)
