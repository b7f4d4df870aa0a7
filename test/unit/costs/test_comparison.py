# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmarks compile for a goal as the compiler does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snnir.costs.goals import NEARLY_FASTEST, NEARLY_SMALLEST
from snnir.costs.model import predict
from snnir.dialects import snn
from snnir.driver.files import kernels_of
from snnir.testing.cost_network_builder import CostNetworkBuilder, quantized, uniform_events
from snnir.testing.random_networks import RandomNetwork

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks" / "cortex_m7"))
comparison: Any = pytest.importorskip("comparison")
measuring: Any = pytest.importorskip("measuring")

SILENT = 5


def network_with_silent_neurons(seed: int) -> RandomNetwork:
    """A hidden layer of which `SILENT` neurons get no current but a negative one."""
    rng = np.random.default_rng(seed)
    shape = (200,)
    builder = CostNetworkBuilder(rng, shape)
    weight = rng.normal(0.15, 1, (64, *shape)) / np.sqrt(20)
    weight[:SILENT] = -np.abs(weight[:SILENT])
    hidden = builder.add(snn.LinearOp(builder.frame, builder.constant(weight), None)).result
    value = builder.connected(builder.spiking(hidden, False), 10)
    return RandomNetwork(
        builder.complete(builder.spiking(value, False)), uniform_events(rng, shape)
    )


def test_code_for_speed_is_not_predicted_to_be_slower_than_code_for_size() -> None:
    network = network_with_silent_neurons(seed=0)
    quantized(network, "bits=8")
    cost = {
        name: predict(
            kernels_of(measuring.to_kernels(network.module, pipeline, simplification).kernels)
        )
        for name, pipeline, simplification in comparison.ways(network.module)
        if name != "cmsis"
    }
    # What hardly differs counts as equal, once for kernels and multiples of channels together.
    faster, slower = cost["speed"].instructions, cost["size"].instructions
    assert faster <= NEARLY_FASTEST * slower
    smaller, larger = (c.flash_bytes + c.ram_bytes for c in (cost["size"], cost["speed"]))
    assert smaller <= NEARLY_SMALLEST * larger
    # Without the neurons that never fire, 59 would be left, whose rows are not aligned.
    fewest = measuring.to_kernels(
        network.module, comparison.pipeline_of("speed"), "qsnn-prune-silent"
    )
    assert cost["speed"].instructions < predict(kernels_of(fewest.kernels)).instructions
