# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeds torch, whose own seed differs from process to process, before every test."""

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random weights in every run, whichever tests run before."""
    torch.manual_seed(0)
