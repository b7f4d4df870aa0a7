# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Maximum pooling of windows side by side, which is computed without torch's kernel."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from xdsl.dialects.test import TestOp

from snnir.dialects import snn
from snnir.executors.torch_program import TorchBuilder
from snnir.executors.torch_snn import max_pool2d

SIZES = (5, 6, 7)
WINDOWS = (1, 2, 3)


@pytest.mark.parametrize(("height", "width"), list(product(SIZES, SIZES)))
def test_disjoint_windows_have_the_maximum_that_torch_finds(height: int, width: int) -> None:
    input = torch.randn(3, 4, height, width, generator=torch.Generator().manual_seed(0))
    frame = TestOp(result_types=[snn.real_tensor((4, height, width))]).results[0]
    for kernel in product(WINDOWS, WINDOWS):
        evaluate = max_pool2d(snn.MaxPool2dOp(frame, kernel), TorchBuilder(torch.device("cpu")))
        with torch.no_grad():
            pooled = evaluate(input)
        assert isinstance(pooled, torch.Tensor)
        assert torch.equal(pooled, F.max_pool2d(input, kernel))


def test_gradients_go_to_the_first_of_equal_elements() -> None:
    input = torch.ones(1, 1, 2, 2, requires_grad=True)
    frame = TestOp(result_types=[snn.real_tensor((1, 2, 2))]).results[0]
    pool = max_pool2d(snn.MaxPool2dOp(frame, (2, 2)), TorchBuilder(torch.device("cpu")))
    pooled = pool(input)
    assert isinstance(pooled, torch.Tensor)
    pooled.sum().backward()
    assert input.grad is not None
    assert input.grad.flatten().tolist() == [1, 0, 0, 0]
