# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the cost table of the Cortex-M7: `make calibrate-costs`.

    python benchmarks/cortex_m7/calibrate.py [--networks N] [--only KERNEL ...] [--code]
        [--output FILE.json] [--samples FILE [--refit | --recount]]

Random networks of many kinds (`cost_kinds.py`; seeded, none of them a network that predictions are
checked on) are lowered in several ways; the instructions of every call are counted in QEMU
(`profile_calls.py`) and bytes of code read from the program (`code_bytes.py`); `--code` only does
the latter. The coefficients of each kernel are then fitted to the amounts that
`snnir.costs.features` and `snnir.costs.code_size` find: least squares of errors between relative
and absolute ones (`WEIGHT_POWER`) with less weight of outliers (`LARGE_ERROR`), of bytes of code of
absolute ones because they add up, without negative coefficients. `--samples` keeps what was
measured: `--refit` fits it again, `--recount` after the amounts have changed.

Amounts come from the mean activity of the network, as they do when a cost is predicted, so that
what means cannot tell is part of the fit. Cycles are fitted in the same way to the estimates of
`block_cycles.py`; without `llvm-mca` those of the table stay as they are. All of it takes an hour
on two cores.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from block_cycles import missing_tools
from cost_samples import PROGRAM, Amounts, Sample, measure, recount, restrict
from numpy.typing import NDArray
from profile_calls import profile_calls
from scipy.optimize import nnls

import snnir.costs
from snnir.backends.targets import MPS2_AN500
from snnir.driver.files import kernels_of
from snnir.driver.pipelines import apply_pipeline
from snnir.executors.native import NativeExecutor
from snnir.support.atomic import atomic_write
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import connected, convolutional

OUTPUT = Path(snnir.costs.__file__).parent / "cortex_m7.json"
RIDGE = 0.1
"""How strong expectations are, as a share of what measurements say of an amount."""
DOUBT = 1.0
"""Standard deviation of an amount around its expectation, as a share of it. Counts: for what
measurements hardly say anything of.
"""
EXPECTED = {
    "one_rectangle": 20, "one_row": 6, "one_chunk": 3, "one_element": 1,
    "two_rectangle": 22, "two_row": 7, "two_chunk": 4, "two_element": 2,
    "single_reached": 30, "single_one_rectangle": 15, "single_two_rectangle": 10,
    "entry": 4, "entry_two": 30, "entry_bits": 30, "entry_groups": 30, "look_bits": 8,
    "entry_looped": 30, "look_groups": 9, "look_looped": 20, "halving_word": 7, "read_word": 2,
    "maximum_word": 2, "clear_word": 1, "waking_word": 8, "busy_window": 6, "busy_word": 10,
    "hit": 12, "reached": 25,
    "touched": 4, "of_16_input": 17, "of_8_input": 10, "of_4_input": 7, "of_16": 20,
    "of_8": 15, "of_4": 12, "piece": 15, "plain_reached": 12, "plain_awake": 6, "awake_word": 1,
    "only_line": 8, "calm_line": 25, "halving_group": 2, "several_group": 4, "step_mask": 2,
    "square_group": 33, "maximum_group": 3, "tile_quad": 14, "rest_output_quad": 4,
    "plain_input": 12, "strided_input": 20, "single_input": 5, "empty_run": 7, "long_run": 16,
    "odd_run": 6, "run": 40, "row": 15, "neuron": 4, "neuron_bias": 3,
    "neuron_subtract": 4, "one_column": 2, "two_column": 2, "one_quad": 3, "two_quad": 5.5,
    "words": 12, "channel": 35, "entry_visit": 30, "entry_masks": 6, "bit": 8, "tile": 30,
    "pair_output": 14, "single_output": 10, "rest_output": 6,
    "panel_input": 12, "block": 9, "compared_word": 20, "weight": 5, "plain_run": 20,
    "strided_run": 20, "single_run": 20, "plain_site": 50, "strided_site": 50, "single_site": 40,
    "line": 12, "looked": 14, "awake": 15, "waking": 10, "clear_store": 1,
    "clear_row": 2, "copy": 3, "entry_mask": 2, "spike": 8, "list_mask": 6, "counted_input": 20,
    "one_word": 4, "two_word": 6, "outside": 45, "outside_row": 10, "outside_tap": 5,
    "inside": 25, "inside_tap": 4, "sum_group": 3, "sum_word": 2,
    "word_half": 3, "word_factor": 7, "word_subtract": 5, "word_zero": 4, "word_immediate": 7,
    "word_channels": 5, "word_leaks": 3, "word_bias": 1.5, "word_shift": 1.5, "word_decayed": 5,
    "tested": 6, "clipped": 15, "clipped_row": 6, "clipped_word": 6, "clipped_word_element": 8,
    "clipped_rest": 6, "clipped_rest_element": 7, "layer_element": 5, "channel_element": 6,
    "each_element": 6, "checked": 5, "counted": 30, "counted_hit": 15, "cell": 10,
}  # fmt: skip
"""Instructions of an amount as the assembly shows them, for what the measurements leave open."""
WEIGHT_POWER = 0.8
"""Between absolute errors (0) and relative ones (1), which large calls suffer from: what these take
is predicted too low then.
"""
LARGE_ERROR = 0.1
"""Errors beyond this share of a value count in proportion, not squared (Huber): where compilers
make something else of a shape, the others should be predicted well. Of calls that were left out of
the fit (four parts), power and share together leave the fewest more than 12 % off: 4.6 % of them;
squared errors with a power of 0.6 leave 6.0 %.
"""
REWEIGHTINGS = 4
"""Times that the fit is solved, each with the weights that the errors of the one before give."""
SMALLEST = 30.0
"""Instructions below which errors count absolutely."""
LARGEST_CODE = 1e6
"""Bytes of code of a call are fewer, so that all their errors count absolutely."""

NETWORKS_AT_ONCE = 32
"""That a process counts anew before it gives them back."""

_TABLES = ("instructions", "cycles", "code")


@dataclass(frozen=True)
class Measured:
    """What a run measured, of how many networks."""

    networks: int
    samples: list[Sample]


def fit(
    rows: list[tuple[Amounts, float]], smallest: float, expectations: Mapping[str, float] = EXPECTED
) -> dict[str, float]:
    """Least squares of errors in units of `value ** WEIGHT_POWER`, of which large ones count less,
    without negative coefficients.

    Args:
        smallest: value below which errors count absolutely.
    """
    names = sorted({name for amounts, _ in rows for name, amount in amounts.items() if amount})
    matrix = np.array([[amounts.get(name, 0.0) for name in names] for amounts, _ in rows])
    values = np.array([value for _, value in rows])
    expected = np.array([expectations.get(name.partition("/")[2], 0.0) for name in names])
    least = np.maximum(np.abs(values), smallest)
    doubt, solution = np.ones(len(values)), expected
    for _ in range(REWEIGHTINGS):
        solution = _solve(matrix, values, doubt * least**WEIGHT_POWER, expected)
        errors = np.abs(matrix @ solution - values) / least
        doubt = np.sqrt(np.maximum(errors / LARGE_ERROR, 1))
    return dict(zip(names, solution.round(3).tolist(), strict=True))


def _solve(
    matrix: NDArray[np.float64],
    values: NDArray[np.float64],
    scale: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Non-negative least squares of errors in units of `scale`, and of what is expected."""
    scaled = matrix / scale[:, None]
    norms = np.linalg.norm(scaled, axis=0)
    # A little regularisation keeps amounts that always come together near what is expected.
    certain = np.divide(1, DOUBT * expected, out=np.zeros(len(norms)), where=expected > 0)
    strength = np.hypot(RIDGE, certain / norms)
    solution, _ = nnls(
        np.vstack([scaled / norms, np.diag(strength)]),
        np.concatenate([values / scale, strength * expected * norms]),
    )
    return solution / norms


def _nested(flat: Mapping[str, float]) -> dict[str, dict[str, float]]:
    nested: dict[str, dict[str, float]] = defaultdict(dict)
    for name, value in flat.items():
        kernel, amount = name.split("/")
        nested[kernel][amount] = value
    return dict(nested)


@dataclass(frozen=True)
class Fitted:
    """Coefficients by kernel and amount."""

    instructions: dict[str, dict[str, float]]
    cycles: dict[str, dict[str, float]]
    code: dict[str, dict[str, float]]


def fit_all(samples: list[Sample]) -> Fitted:
    """Instructions, cycles and code of every kernel; errors go to standard error."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.kernel].append(sample)
    instructions: dict[str, float] = {}
    cycles: dict[str, float] = {}
    code: dict[str, float] = {}
    for kernel, group in sorted(groups.items()):
        if sized := [s.code for s in group if s.code is not None]:
            code |= fit_code(kernel, sized)
        counted = [s for s in group if s.amounts]
        if not counted:
            continue
        found = fit([(s.amounts, s.instructions) for s in counted], SMALLEST)
        instructions |= found
        estimated = [(s.amounts, s.cycles) for s in counted if s.cycles is not None]
        if estimated:
            cycles |= fit(estimated, SMALLEST)
        errors = [_predicted(s.amounts, found) / max(s.instructions, 1) - 1 for s in counted]
        spread = float(np.sqrt(np.mean(np.square(errors))))
        print(f"{kernel}: {len(counted)} calls, error {spread:.1%}", file=sys.stderr)
    return Fitted(_nested(instructions), _nested(cycles), _nested(code))


def _predicted(amounts: Amounts, found: Mapping[str, float]) -> float:
    return sum(amount * found.get(name, 0.0) for name, amount in amounts.items())


def fit_code(kernel: str, sized: list[tuple[Amounts, int]]) -> dict[str, float]:
    """Bytes of code for each amount, by absolute errors, which go to standard error."""
    rows = [(amounts, float(size)) for amounts, size in sized]
    found = fit(rows, LARGEST_CODE, {})
    errors = [_predicted(amounts, found) - size for amounts, size in rows]
    spread = float(np.sqrt(np.mean(np.square(errors))))
    print(f"{kernel}: code of {len(rows)}, error {spread:.0f} bytes", file=sys.stderr)
    return found


def program_costs(fitted: Fitted) -> dict[str, float]:
    """What is left of whole programs: instructions of a step, stack with data."""
    from snnir.costs.model import CostTable, predict

    table = CostTable(fitted.instructions, fitted.cycles, fitted.code, 0.0, 0.0, 0.0)
    left: list[tuple[float, float]] = []
    for seed in (1000, 1001, 1002, 1003):
        rng = np.random.default_rng(seed)
        network = connected(rng) if seed % 2 else convolutional(rng, plain=True)
        quantized(network, "bits=8")
        module = network.module.clone()
        apply_pipeline(module, "convert-qsnn-to-kernels,kernels-plan-memory")
        executor = NativeExecutor(module, MPS2_AN500)
        executor.run(network.x, events=True)
        measured, profile = executor.measurements, profile_calls(module, network.x, "events")
        calls = sum(profile.calls.values()) + profile.input[1]
        assert predict(kernels_of(module), table).unknown == ()
        assert measured.ram_bytes is not None
        assert measured.instructions_per_step is not None
        left.append(
            (
                measured.instructions_per_step - calls,
                measured.ram_bytes - measured.arena_bytes,
            )
        )
    steps, ram = np.median(left, axis=0)
    return {"instructions": round(max(float(steps), 0.0), 1), "ram_bytes": round(float(ram))}


def main() -> None:
    """Measure, fit and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=110, help="seeds of random networks (110)")
    parser.add_argument("--seeds", type=int, nargs="*", help="these seeds (0, 1, 2, ...)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--only", nargs="*", metavar="KERNEL", help="beginnings of the kernels to fit"
    )
    parser.add_argument("--code", action="store_true", help="fit bytes of code only; runs nothing")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--samples", type=Path, help="file that keeps what was measured")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--refit", action="store_true", help="fit what --samples holds")
    again.add_argument(
        "--recount", action="store_true",
        help="the same with the amounts that are found now; all but the input is counted anew",
    )  # fmt: skip
    options = parser.parse_args()
    torch.set_num_threads(1)
    if missing := missing_tools():
        print(
            f"{', '.join(missing)} not installed: cycles stay those of the table; on Debian: "
            "apt-get install llvm gcc", file=sys.stderr,
        )  # fmt: skip
    old = json.loads(options.output.read_text()) if options.output.is_file() else {}
    if (options.refit or options.recount) and options.samples is None:
        option = "--recount" if options.recount else "--refit"
        parser.error(f"{option} needs --samples, the file that an earlier run kept")
    if (options.only or options.code) and not old:
        parser.error(f"--only and --code change a table, and there is none in {options.output}")
    if options.recount:
        kept = _recounted(pickle.loads(options.samples.read_bytes()), options.processes)
    elif options.refit:
        kept = pickle.loads(options.samples.read_bytes())
    else:
        seeds = options.seeds or list(range(options.networks))
        kept = _measured(seeds, options.processes, options.code, tuple(options.only or ("",)))
    if options.samples is not None and not options.refit:
        options.samples.write_bytes(pickle.dumps(kept))
    with atomic_write(options.output) as stream:
        stream.write(
            json.dumps(_table(kept, old, options.only, options.code), indent=1, sort_keys=True)
            + "\n"
        )


def _table(
    measured: Measured, old: dict[str, Any], only: Sequence[str] | None, code_only: bool
) -> dict[str, Any]:
    """The table of what was measured, within the old one if that is a part.

    Args:
        only: the kernels that begin so change.
        code_only: bytes of code change.
    """
    wanted = tuple(only or ("",))
    samples = [
        s for s in measured.samples
        if any(n.startswith(wanted) for n in (*s.amounts, *(s.code[0] if s.code else ())))
    ]  # fmt: skip
    fitted = fit_all(samples)
    version = subprocess.run(
        [MPS2_AN500.compiler, "--version"], capture_output=True, text=True, check=True
    )
    table: dict[str, Any] = {
        "made_by": "benchmarks/cortex_m7/calibrate.py: instructions in QEMU, bytes of code; cycles "
        "are estimates by llvm-mca and a model of transfers",
        "compiler": version.stdout.splitlines()[0],
        "networks": measured.networks,
        "calls": len(samples),
    }
    around = fitted.code.pop(PROGRAM, {})
    for name in _TABLES:
        found = getattr(fitted, name)
        if only:
            # A call may be measured together with others, which stay as they are.
            chosen = {kernel: found[kernel] for kernel in found if kernel.startswith(wanted)}
            table[name] = {**old[name], **chosen}
        else:
            former = old.get(name, {})
            table[name] = with_former(former, found) if found else former
    if only:
        return {**old, **{n: table[n] for n in (("code",) if code_only else _TABLES)}}
    if code_only:
        return {**old, "code": table["code"], PROGRAM: {**old[PROGRAM], **around}}
    return {**table, PROGRAM: {**program_costs(fitted), **around}}


def with_former(
    old: Mapping[str, Mapping[str, float]], found: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """What was found, and of these kernels former coefficients of amounts that no network had."""
    return {kernel: {**old.get(kernel, {}), **amounts} for kernel, amounts in found.items()}


def _measured(
    seeds: list[int], processes: int, code_only: bool, wanted: tuple[str, ...]
) -> Measured:
    samples: list[Sample] = []
    with ProcessPoolExecutor(
        processes, get_context("spawn"), restrict, (code_only, wanted)
    ) as pool:
        for number, found in enumerate(pool.map(measure, seeds), start=1):
            samples += found
            print(f"{number} of {len(seeds)} seeds", file=sys.stderr)
    return Measured(len(seeds), samples)


def _recounted(measured: Measured, processes: int) -> Measured:
    networks: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in measured.samples:
        networks[sample.origin.kind, sample.origin.seed].append(sample)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        parts = pool.map(recount, networks.values(), chunksize=NETWORKS_AT_ONCE)
        found = [each for part in parts for each in part]
    return Measured(measured.networks, found)


if __name__ == "__main__":
    main()
