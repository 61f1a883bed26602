#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""bench/ratios.py tells ahead from behind only where the rounds do, and calls tied what noise may have done.

Usage: ratios_test.py BUILD_FOLDER. Nothing is measured here.
"""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

import measure
import ratios

CLOSE = [5.01, 5.03, 4.99, 5.02, 5.00, 4.98, 5.04, 5.00]


def times(factor, samples):
    return [factor * sample for sample in samples]


class Compare(unittest.TestCase):
    def verdict(self, ours, theirs, **how):
        return ratios.compare(ours, theirs, **how).verdict

    def test_a_clear_difference_has_its_direction(self):
        for factor, smaller, larger in ((0.9, ratios.AHEAD, ratios.BEHIND), (1.1, ratios.BEHIND, ratios.AHEAD)):
            self.assertEqual(self.verdict(times(factor, CLOSE), CLOSE), smaller)
            self.assertEqual(self.verdict(times(factor, CLOSE), CLOSE, smaller_is_better=False), larger)

    def test_the_same_is_tied(self):
        compared = ratios.compare(CLOSE, CLOSE)
        self.assertEqual((compared.ratio, compared.low, compared.high, compared.verdict), (1, 1, 1, ratios.TIED))

    def test_a_difference_within_the_noise_is_tied(self):
        ours = [5.0, 5.6, 4.9, 5.3, 5.1, 5.5, 5.2, 4.8]
        theirs = [5.3, 5.0, 5.5, 4.9, 5.4, 5.1, 5.0, 5.6]
        compared = ratios.compare(ours, theirs)
        self.assertNotEqual(compared.ratio, 1)
        self.assertLess(compared.low, 1)
        self.assertGreater(compared.high, 1)
        self.assertEqual(compared.verdict, ratios.TIED)

    def test_a_slow_spell_that_met_both_hides_nothing(self):
        spells = [1, 1.6, 1.1, 1.5, 1, 1.4, 1.2, 1.3, 1.7]
        compared = ratios.compare(times(4.8, spells), times(5, spells))
        self.assertEqual(compared.verdict, ratios.AHEAD)
        self.assertAlmostEqual(compared.high, 0.96)

    def test_few_rounds_give_a_ratio_and_no_verdict(self):
        compared = ratios.compare([1, 1, 1, 1], [2, 2, 2, 2])
        self.assertEqual((compared.ratio, compared.verdict), (0.5, ratios.TOO_FEW))
        self.assertEqual(self.verdict([1] * 5, [2] * 5), ratios.AHEAD)

    def test_what_is_not_above_zero_has_no_ratio(self):
        self.assertIsNone(ratios.compare([1, 2], [0, 1]))
        self.assertIsNone(ratios.compare([0, 1], [1, 1]))

    def test_rounds_that_are_no_pairs_are_refused(self):
        with self.assertRaises(ValueError):
            ratios.compare([1, 2], [1, 2, 3])

    def test_equals_are_told_apart_as_rarely_as_promised(self):
        draw = random.Random(7)
        wrong = 0
        for _ in range(100):
            ours, theirs = ([draw.gauss(5, 0.1) for _ in range(9)] for _ in range(2))
            wrong += self.verdict(ours, theirs) != ratios.TIED
        self.assertLessEqual(wrong, 12)  # 5 %, and more as the rounds are few
        self.assertGreaterEqual(wrong, 1)

    def test_a_second_time_gives_the_same(self):
        first = ratios.compare(CLOSE, times(1.01, CLOSE[::-1]))
        ratios._compare.cache_clear()
        ratios._draws.cache_clear()
        ratios._resampled_medians.cache_clear()
        self.assertEqual(ratios.compare(CLOSE, times(1.01, CLOSE[::-1])), first)


class Spread(unittest.TestCase):
    def test_is_that_of_the_middle_half(self):
        self.assertAlmostEqual(ratios.spread([10, 11, 12, 13, 14]), 2 / 12)

    def test_one_odd_round_makes_it_no_larger(self):
        self.assertAlmostEqual(ratios.spread([10, 11, 12, 13, 140]), 2 / 12)

    def test_one_round_has_none(self):
        self.assertEqual(ratios.spread([10]), 0)

    def test_an_interval_lies_around_the_median(self):
        low, high = ratios.interval([1, 2, 3, 4, 5, 6, 7])
        self.assertLess(low, 4)
        self.assertGreater(high, 4)


class Figures(unittest.TestCase):
    def result(self):
        result = measure.Result("a", "A")
        result.figure("CPU us", {"mioco": CLOSE, "Go": times(1.2, CLOSE), "libev": times(0.8, CLOSE), "mioco, io_uring": CLOSE,
                                 "idle": [0] * len(CLOSE)})
        return result

    def test_compare_with_each_rival_that_has_a_ratio(self):
        verdicts = {rival: compared.verdict for rival, compared in self.result().comparisons("CPU us").items()}
        self.assertEqual(verdicts, {"Go": ratios.AHEAD, "libev": ratios.BEHIND})

    def test_without_mioco_compare_nothing(self):
        result = measure.Result("a", "A")
        result.figure("CPU us", {"Go": CLOSE})
        self.assertEqual(result.comparisons("CPU us"), {})

    def test_to_be_behind_nobody_is_no_target_of_few_rounds(self):
        result = measure.Result("a", "A")
        result.figure("CPU us", {"mioco": [1, 1], "Go": [2, 2]})
        result.check_not_behind("CPU us")
        self.assertEqual(result.checks, [])

    def test_to_be_behind_nobody_is_a_target(self):
        result = self.result()
        result.check_not_behind("CPU us", {"Go"}, of="runtimes")
        result.check_not_behind("CPU us")
        self.assertEqual([check.met for check in result.checks], [True, False])
        self.assertEqual([check.what for check in result.checks],
                         ["runtimes that mioco is behind in CPU us", "rivals that mioco is behind in CPU us (libev)"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
