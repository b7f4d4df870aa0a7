# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trained networks import and spike as in snnTorch, on random event frames."""

from pathlib import Path

import numpy as np
import pytest
import torch
from snntorch_comparison import network_of, record_neurons, run_steps

from snnir.data.locations import shared_folder
from snnir.executors.torch_executor import TorchExecutor
from snnir.frontends import check_module, from_snntorch, load_module

STEPS = 30


def model_folder(name: str) -> Path:
    """The folder of a trained network, or skip."""
    folder = shared_folder()
    if folder is None or not (folder / "models" / name).is_dir():
        pytest.skip(f"the trained network '{name}' is not here (SNNIR_SHARED names its folder)")
    return folder / "models" / name


@pytest.mark.parametrize("name", ["nmnist_fc", "nmnist_scnn"])
def test_trained_network(name: str):
    folder = model_folder(name)
    net = load_module(f"{folder}/model.py:build", folder / "weights.pt")
    assert all(report.supported for report in check_module(net, torch.zeros(1, 2, 34, 34), 3))
    imported = from_snntorch(net, torch.zeros(1, 2, 34, 34), STEPS, name=name)
    generator = torch.Generator().manual_seed(5)
    x = torch.poisson(torch.full((2, STEPS, 2, 34, 34), 0.02), generator=generator)
    expected, membranes = record_neurons(net, run_steps, x)
    result = TorchExecutor(network_of(imported)).run(x.numpy(), record="all")
    assert result.recording is not None
    for layer, spikes in expected.items():
        # A membrane within rounding of its threshold may fall to either side, as the sums of
        # matrix products have no fixed order; the weights of `nmnist_fc` make all sums exact.
        differing = np.count_nonzero(result.recording.spikes[layer] != spikes)
        ties = np.count_nonzero(np.abs(membranes[layer] - 1) < 1e-5)
        assert differing <= (0 if name == "nmnist_fc" else ties), layer
        assert spikes.any()
