# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Other ways to quantise the network of `osbc_goals.py`, to see whether one loses less.

None of them looks at a label. They are measured on the development recordings only.
"""

from __future__ import annotations

from common import SEED, joined, require_shared
from osbc_bench import Bench, Recipe
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.data.saccade_dataset import load_saccade

ATTEMPT = "attempt: "
"""Before the name of a network."""

MORE_IMAGES = (33000, 36000)
"""MNIST training images of more calibration recordings; no network here was trained on them."""

OTHER_IMAGES = tuple((start, start + 1000) for start in range(33000, 40000, 1000))
"""The same for other calibration recordings, as many as those that all others have."""

READOUT_DECAYS = (0.9, 1.0)

ATTEMPTS = {
    "rates": "rates matched (`snn-match-rates`)",
    "rates, sweeps": "sweeps, rates matched",
    "4,000": "4,000 calibration recordings",
    "4,000, sweeps": "4,000 calibration recordings, sweeps",
    "4,000, sweeps, rates": "4,000 calibration recordings, sweeps, rates matched",
    **{f"decay {decay}": f"sweeps, `readout-decay={decay}`" for decay in READOUT_DECAYS},
    "symmetric": "sweeps, without the integer that has no positive twin",
    **{
        f"others {start}": f"sweeps, calibrated from image {start:,} on"
        for start, _ in OTHER_IMAGES
    },
}
"""What each attempt is, by its name."""

LAST_LAYER_BITS = 8

WIDER = {
    "wider": "the last layer, 0.4 % of the weights, in 8",
    "wider, sweeps": "the last layer, 0.4 % of the weights, in 8, sweeps",
    "wider, rates": "the last layer, 0.4 % of the weights, in 8, rates matched",
    "wider, sweeps, rates": "the last layer, 0.4 % of the weights, in 8, sweeps, rates matched",
    **{
        f"wider, others {start}": "the last layer, 0.4 % of the weights, in 8, sweeps, calibrated "
        f"from image {start:,} on"
        for start, _ in OTHER_IMAGES
    },
}
"""Attempts that spend more bits on the last layer (`layer-bits`), by their names."""

BOUNDS = {
    "last layer real": "sweeps, last layer left in float32",
    "first layer real": "sweeps, first layer left in float32",
}
"""Networks that are quantised in part only, by their names."""


def attempts(bench: Bench, recipe: Recipe, swept: Recipe, bits: int) -> dict[str, ModuleOp]:
    """The networks of `ATTEMPTS`, `WIDER` and `BOUNDS`, by name with `ATTEMPT` before it.

    Args:
        recipe: the method to improve on.
        swept: the same with sweeps.
    """
    more = _recordings(bench, MORE_IMAGES)
    larger = Bench(bench.dense, joined([bench.calibration, more]), bench.folder / "larger")
    dense = bench.dense
    found = {
        "rates": bench.quantize(dense, recipe.with_options("", match_rates=True), bits),
        "rates, sweeps": bench.quantize(dense, swept.with_options("", match_rates=True), bits),
        "4,000": larger.quantize(dense, recipe, bits),
        "4,000, sweeps": larger.quantize(dense, swept, bits),
        "4,000, sweeps, rates": larger.quantize(
            dense, swept.with_options("", match_rates=True), bits
        ),
        "symmetric": bench.quantize(dense, swept.with_options("", full_range=False), bits),
    }
    for decay in READOUT_DECAYS:
        other = swept.with_options("", readout_decay=decay)
        found[f"decay {decay}"] = bench.quantize(dense, other, bits)
    mixed = (bits, LAST_LAYER_BITS)
    for prefix, each in (("wider", recipe), ("wider, sweeps", swept)):
        found[prefix] = bench.quantize(dense, each, bits, mixed)
        matched = each.with_options("", match_rates=True)
        found[f"{prefix}, rates"] = bench.quantize(dense, matched, bits, mixed)
    for images in OTHER_IMAGES:
        name = f"others {images[0]}"
        other_bench = Bench(dense, _recordings(bench, images), bench.folder / name)
        found[name] = other_bench.quantize(dense, swept, bits)
        found[f"wider, {name}"] = other_bench.quantize(dense, swept, bits, mixed)
    both = bench.quantize(dense, swept, bits)
    found["last layer real"] = _with_real_layer(bench, both, 1)
    # Quantised behind the real first layer, not behind the rounded one.
    alone = bench.quantize(dense, swept.with_options("", sequential="none"), bits)
    found["first layer real"] = _with_real_layer(bench, alone, 0)
    return {ATTEMPT + name: module for name, module in found.items()}


def _recordings(bench: Bench, images: tuple[int, int]) -> Dataset:
    """Simulated recordings of MNIST training images, as long as those of the bench."""
    folder = require_shared() / "data" / "mnist"
    return load_saccade(folder, "train", bench.calibration.x.shape[1], images, seed=SEED)


def _with_real_layer(bench: Bench, quantised: ModuleOp, index: int) -> ModuleOp:
    """A copy in which one layer has the weights of the dense network."""
    module = quantised.clone()
    layer, dense = (bench.layers(each)[index] for each in (module, bench.dense))
    layer.replace_weights(dense.matrices)
    return module
