# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lets the tests of this folder import its helper module, which pytest's importlib mode does not.

It also empties snnTorch's list of neurons after every test.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from snntorch import SpikingNeuron

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def forgotten_neurons() -> Iterator[None]:
    """Neurons of a test do not live on in snnTorch's list."""
    yield
    SpikingNeuron.instances.clear()
