# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests of all folders share."""

import signal
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random weights in every run, whichever tests run before.

    The seed of torch itself differs from process to process.
    """
    torch.manual_seed(0)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT raises, also where the tests run in the background, for which shells ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
