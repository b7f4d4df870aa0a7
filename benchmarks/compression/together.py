# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fastest and the smallest programs of the N-MNIST network for a given loss, on the Cortex-M7.

    python benchmarks/compression/together.py [--emulated N] [--seeds N]

writes `benchmarks/results/together.csv`, `.md` and `.png`. Every candidate (`nmnist_recipes.py`)
is compiled for speed and for size, its decisions are those of the integer program on the pool
(`nmnist_pool.py`, which has the rule of choice), and its instructions are counted on the
calibration half of the real recordings. The accepted candidate with the fewest instructions of an
inference, and that with the fewest bytes, are chosen by these for each loss, with and without
training, and only then measured on the test half. Networks and decisions are kept in
`build/nmnist/`: running it again only compiles and measures.
"""

import argparse

from nmnist_candidates import Candidate, candidates, use_one_thread
from nmnist_recipes import osbc_recipes, trained_recipes, untrained_recipes
from together_choice import AIMS, Choice, Known, choices
from together_report import Report, write_results
from together_splits import Trust, all_trust

from snnir.costs.goals import Goal


def report_of(found: list[Candidate], known: Known) -> Report:
    """Choose among the candidates, and find out how far that can be trusted."""
    fast = [each for each in found if each.goal == "speed"]
    dense, best = fast[0], max(fast, key=lambda each: float(each.decided.pool.mean()))
    made: list[Choice] = [
        *choices("as published", dense, found, known, (False, True)),
        *choices("best", best, found, known, (True,)),
    ]
    trust: dict[tuple[Goal, bool], list[Trust]] = {
        (goal, trained): all_trust(dense, found, goal, known, trained=trained)
        for goal in AIMS
        if any(each.goal == goal for each in found)
        for trained in (False, True)
    }
    return Report(found, made, dense, best, trust, known.seeds)


def main() -> None:
    """Make what is not in the cache, compile, measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=20, help="recordings in the emulator")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of what is chosen")
    arguments = parser.parse_args()
    use_one_thread()
    recipes = [*untrained_recipes(), *trained_recipes(), *osbc_recipes()]
    known = Known(arguments.emulated, arguments.seeds)
    found: list[Candidate] = []
    for goal in AIMS:
        found += candidates(recipes, goal)
        # After each goal, so that an interrupted run leaves what it has measured.
        write_results(report_of(found, known))


if __name__ == "__main__":
    main()
