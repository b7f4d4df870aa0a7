# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks, modules and data for the tests of the driver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import write_network
from snnir.driver.import_ import import_network

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits"

MODEL = """
import snntorch as snn
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    leaky = [snn.Leaky(beta=0.75, threshold=0.5, init_hidden=True, output=last) for last in (0, 1)]
    return nn.Sequential(nn.Flatten(), nn.Linear(8, 12), leaky[0], nn.Linear(12, 3), leaky[1])


def with_tanh():
    return nn.Sequential(nn.Tanh(), *build())


def alpha():
    torch.manual_seed(0)
    alpha = [
        snn.Alpha(alpha=0.9, beta=0.8, threshold=0.5, init_hidden=True, output=last)
        for last in (0, 1)
    ]
    return nn.Sequential(nn.Flatten(), nn.Linear(8, 12), alpha[0], nn.Linear(12, 3), alpha[1])


def recurrent():
    torch.manual_seed(0)
    neuron = snn.RLeaky(beta=0.9, linear_features=3, init_hidden=True, output=True)
    return nn.Sequential(nn.Flatten(), nn.Linear(8, 3), neuron)


def trace():
    return Trace()


def signals():
    torch.manual_seed(0)
    leaky = [snn.Leaky(beta=0.75, threshold=0.2, init_hidden=True, output=last) for last in (0, 1)]
    return nn.Sequential(
        nn.Conv1d(2, 4, 3), leaky[0], nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Flatten(),
        nn.Linear(12, 3), leaky[1]
    )


def membranes():
    return Looping(steps=None)


def looping():
    return Looping(steps=6)


class Looping(nn.Module):
    # Returns membranes: of one step or, where it has steps of its own, of all.

    def __init__(self, steps):
        super().__init__()
        self.steps, self.linear = steps, nn.Linear(8, 3)
        self.leaky = snn.Leaky(beta=0.9, reset_mechanism="none", init_hidden=steps is None)
        self.leaky.output = True

    def forward(self, x):
        x = x.flatten(1)
        if self.steps is None:
            return self.leaky(self.linear(x))[1]
        membrane, membranes = self.leaky.init_leaky(), []
        for _ in range(self.steps):
            _, membrane = self.leaky(self.linear(x), membrane)
            membranes.append(membrane)
        return torch.stack(membranes)


class Trace(nn.Module):
    # Feeds a membrane back.

    def __init__(self):
        super().__init__()
        self.linear, self.back = nn.Linear(8, 3), nn.Linear(3, 3)
        self.leaky = snn.Leaky(beta=0.9)

    def forward(self, x):
        membrane, spikes = torch.zeros(x.shape[1], 3), []
        state = self.leaky.init_leaky()
        for frame in x:
            current = self.linear(frame.flatten(1)) + self.back(membrane)
            fired, state = self.leaky(current, state)
            membrane = state
            spikes.append(fired)
        return torch.stack(spikes)


def raising():
    raise RuntimeError("no luck")
"""

STEPS, SHAPE, CLASSES = 5, (2, 2, 2), 3


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python file with factories of small modules."""
    path = tmp_path_factory.mktemp("model") / "model.py"
    path.write_text(MODEL)
    return path


@pytest.fixture(scope="session")
def imported(model: Path) -> ModuleOp:
    """The network of `build`; tests must not change it."""
    return import_network(f"{model}:build", input_shape=SHAPE, timesteps=STEPS, name="small")


@pytest.fixture(scope="session")
def network(imported: ModuleOp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network of `build` in a file."""
    path = tmp_path_factory.mktemp("network") / "small.mlir"
    write_network(imported, path)
    return path


@pytest.fixture(scope="session")
def frames() -> np.ndarray:
    """Event counts 0 to 3, uint8 (7, steps, *shape)."""
    return np.random.default_rng(1).integers(0, 4, (7, STEPS, *SHAPE)).astype(np.uint8)


@pytest.fixture(scope="session")
def data(frames: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frames with labels, in a file."""
    path = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(path, x=frames, y=np.arange(len(frames)) % CLASSES)
    return path
