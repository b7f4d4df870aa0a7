# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cost table knows all that calls do, and predictions say what it does not know."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.costs import model
from snnir.costs.features import Presentation
from snnir.costs.model import CostTable, load_table, predict
from snnir.dialects import snnrt
from snnir.driver.files import kernels_of
from snnir.driver.pipelines import apply_pipeline
from snnir.support.diagnostics import DiagnosticEngine
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import connected, various

WAYS = (
    "kernels=dense",
    "kernels=packed",
    "kernels=sparse",
    "kernels=blocks",
    "kernels=gather",
    "kernels=event neurons=lists",
    "kernels=event packing=triples",
    "kernels=masks",
    "kernels=dense tile-rows=1",
)


def lowered(module: ModuleOp, options: str) -> snnrt.NetworkOp:
    """A copy of a `qsnn` network as kernels."""
    copy = module.clone()
    apply_pipeline(
        copy,
        f"convert-qsnn-to-kernels{{{options}}},kernels-hoist-static-input,kernels-batch-timesteps,"
        "kernels-plan-memory",
    )
    return kernels_of(copy)


@pytest.mark.parametrize("seed", range(4000, 4016))
def test_all_that_calls_do_is_in_the_table(seed: int) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    network = various(rng)
    state = rng.choice(["auto", "saturate"])
    quantized(network, f"bits={rng.choice([8, 4, 2])} state={state}")
    for options in WAYS:
        kernels = lowered(network.module, options)
        for shown in get_args(Presentation):
            cost = predict(kernels, presentation=shown)
            assert (cost.unknown, cost.unmeasured) == ((), ()), options


def table_without(variant: str, amount: str | None = None) -> CostTable:
    """The table of the Cortex-M7 without a variant of a kernel, or without an amount of it."""
    table = load_table()
    instructions = {name: dict(amounts) for name, amounts in table.instructions.items()}
    if amount is None:
        del instructions[variant]
    else:
        del instructions[variant][amount]
    return replace(table, instructions=instructions)


@pytest.mark.parametrize(
    ("variant", "amount"), [("linear_scatter.s16.tiles", None), ("spike_list", "block")]
)
def test_what_the_table_lacks_is_named(
    variant: str, amount: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = connected(np.random.default_rng(2004))
    quantized(network, "bits=8")
    module, lacking = network.module, table_without(variant, amount)
    name = variant if amount is None else f"{variant}/{amount}"
    monkeypatch.setattr(model, "load_table", lambda: lacking)
    with DiagnosticEngine() as engine:
        apply_pipeline(module.clone(), "qsnn-select-kernels{optimize=size}")
    assert name in predict(lowered(module, "kernels=dense")).unmeasured
    remarks = [remark.message for remark in engine.remarks]
    assert any(f"no '{name}'" in message for message in remarks), remarks


def test_what_a_variant_lacks_another_one_stands_for() -> None:
    """Counting it as nothing would make a kernel look fast that was never measured so."""
    network = connected(np.random.default_rng(2004))
    quantized(network, "bits=8")
    kernels, variant = lowered(network.module, "kernels=dense"), "linear_scatter.s16.tiles"
    known = predict(kernels).instructions
    without = predict(kernels, table_without(variant, "rest")).instructions
    taken = load_table().instructions[variant]["rest"]
    assert without > known - 0.3 * taken
