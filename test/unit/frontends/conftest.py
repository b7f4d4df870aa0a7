# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lets the tests of this folder import its helper module, which pytest's importlib mode does not.

It also seeds torch before every test.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from snntorch import SpikingNeuron

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """The same random weights in every run; neurons of a test do not live on in snnTorch's list."""
    torch.manual_seed(0)
    yield
    SpikingNeuron.instances.clear()
