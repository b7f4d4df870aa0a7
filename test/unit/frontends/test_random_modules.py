# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules of random layers, put together as people do, are imported as they are."""

import numpy as np
import pytest
from snntorch_comparison import assert_same_values
from torch import nn

from snnir.frontends import from_snntorch
from snnir.testing.random_modules import Style, random_case

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_neuron_does_what_it_does_in_snntorch(seed: int) -> None:
    case = random_case(np.random.default_rng(seed))
    imported = from_snntorch(case.module, case.sample, case.timesteps)
    assert_same_values(
        case.module, imported, case.frames, lambda _, x: case.run(x), exact=not case.feeds_back
    )


def test_random_modules_are_of_every_kind() -> None:
    modules = [random_case(np.random.default_rng(seed)).module for seed in SEEDS]
    assert {module.style for module in modules} == set(Style)
    kinds = {type(layer) for module in modules for layer in module.layers}
    names = {kind.__name__ for kind in kinds}
    assert names >= {"Leaky", "Lapicque", "Synaptic", "Alpha", "RLeaky", "RSynaptic"}
    assert kinds >= {
        nn.Linear, nn.Conv1d, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d,
        nn.Flatten, nn.Dropout,
    }  # fmt: skip
