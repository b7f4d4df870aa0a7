# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Estimated cycles: the model of transfers, conditions and calls, and blocks against a timer."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from snnir.backends.targets import MPS2_AN500
from snnir.driver.pipelines import apply_pipeline
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import connected

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks" / "cortex_m7"))
block_cycles = pytest.importorskip("block_cycles")


@pytest.mark.parametrize(
    ("line", "further"),
    [
        ("\tldm\tr0, {r1, r2}", 0),
        ("\tldm.w\tr0, {r1, r2, r3, r4, r5}", 2),
        ("\tpush\t{r4-r7, lr}", 2),
        ("\tvldmia\tr0!, {d0-d7}", 7),
        ("\tldrd\tr0, r1, [r2]", 0),
    ],
)
def test_register_lists_take_a_cycle_for_eight_bytes(line, further) -> None:
    assert block_cycles.further_transfers([line]) == further


def test_conditions_and_calls_are_rewritten() -> None:
    code = {0: ("ite", "eq"), 2: ("addeq", "r0, r1"), 4: ("movne.w", "r0, #1"), 8: ("bl", "0x40")}
    lines = block_cycles.block_text((0, 4), code, {0: 2, 2: 4, 4: 8})
    assert lines == ["\tadd\tr0, r1", "\tmov.w\tr0, #1", "\tb\t.Lblock"]


def test_cycles_of_calls_are_near_their_instructions() -> None:
    tools = [MPS2_AN500.compiler, *(MPS2_AN500.emulator or ())[:1]]
    if missing := block_cycles.missing_tools() + [t for t in tools if shutil.which(t) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    profile_calls = pytest.importorskip("profile_calls").profile_calls
    network = connected(np.random.default_rng(2004))
    quantized(network, "bits=8")
    apply_pipeline(network.module, "convert-qsnn-to-kernels,kernels-plan-memory")
    profile = profile_calls(network.module, network.x, "events")
    assert profile.cycles is not None
    for op, instructions in profile.calls.items():
        print(op.name, instructions, profile.cycles[op])
        # The core issues at most two instructions a cycle; transfers and stalls cost some.
        assert 0.45 * instructions <= profile.cycles[op] <= 4 * instructions + 20
