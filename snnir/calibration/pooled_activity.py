# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many elements are active behind a pooling of spikes, which rates alone do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation

from snnir.dialects import qsnn, snn
from snnir.dialects.layer_shapes import int_values
from snnir.dialects.network import NetworkOpBase, layer_names

if TYPE_CHECKING:
    from torch import Tensor

Pooling = snn.MaxPool2dOp | snn.SumPool2dOp | snn.AvgPool2dOp | qsnn.MaxPool2dOp | qsnn.SumPool2dOp


def poolings_of_spikes(network: NetworkOpBase) -> dict[str, list[Pooling]]:
    """The poolings that read a layer's spikes, by the name of the layer."""
    return {
        name: [use.operation for use in op.results[0].uses if isinstance(use.operation, Pooling)]
        for op, name in layer_names(network).items()
    }


def pooled_counts(op: Operation, spikes: Tensor) -> NDArray[np.float64]:
    """Sum of the elements, active elements and active positions behind a pooling.

    Args:
        spikes: (batch, channels, height, width), nonzero where a neuron spikes.

    Returns:
        float64 (3,), over the whole batch.
    """
    from torch.nn.functional import max_pool2d

    assert isinstance(op, Pooling)
    kernel, stride, padding = (
        list(int_values(values)) for values in (op.kernel, op.stride, op.padding)
    )
    fired = (spikes != 0).float()
    active = max_pool2d(fired, kernel, stride, padding) != 0
    maximum = isinstance(op, snn.MaxPool2dOp | qsnn.MaxPool2dOp)
    total = active.sum() if maximum else fired.sum()
    return np.array([float(total), float(active.sum()), float(active.any(dim=1).sum())])
