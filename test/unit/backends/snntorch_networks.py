# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks from snnTorch that compute exactly, for the tests of the generated C."""

from __future__ import annotations

from typing import Any

import numpy as np
import snntorch
import torch
from generated_networks import Generated, lower
from torch import nn
from xdsl.ir import Operation

from snnir.driver.files import network_of
from snnir.executors import TorchExecutor
from snnir.executors.snntorch_executor import SNNTorchExecutor
from snnir.frontends import from_snntorch
from snnir.kernels.context import KernelChoice
from snnir.passes.convert_snn_to_qsnn import ConvertSNNToQSNNPass
from snnir.quantization.options import StatePolicy
from snnir.testing.comparison import assert_same_results
from snnir.universe import make_context

SHAPE, STEPS, SAMPLES, LARGEST_COUNT = (2, 7, 6), 12, 3, 3

neurons: Any = snntorch
"""snnTorch, whose annotations leave out most types that its neurons take."""


def draw_exact_weights(source: nn.Module, generator: torch.Generator) -> None:
    """Multiples of 1/64, whose sums are exact in any order; parameters of neurons stay."""
    with torch.no_grad():
        for name, parameter in source.named_parameters():
            if not name.endswith((".beta", ".alpha", ".threshold")):
                drawn = torch.randn(parameter.shape, generator=generator)
                parameter.copy_((drawn * 32).round() / 64)


def generated_from(
    source: nn.Module,
    layer: type[Operation],
    kernels: KernelChoice = "event",
    state: StatePolicy = "auto",
) -> Generated:
    """A network as planned kernels, after comparing `snn` with snnTorch.

    Args:
        source: one time step as a `Sequential`, or a module that loops over time.
        layer: the operation that the network is a test of.
    """
    x = np.random.default_rng(2).poisson(0.4, (SAMPLES, STEPS, *SHAPE)).clip(max=LARGEST_COUNT)
    in_loop = not isinstance(source, nn.Sequential)
    sample = torch.zeros(STEPS, 1, *SHAPE) if in_loop else torch.zeros(1, *SHAPE)
    module = from_snntorch(source, sample, None if in_loop else STEPS)
    network = network_of(module)
    assert any(isinstance(op, layer) for op in network.body.block.ops)
    expected = SNNTorchExecutor(source, network).run(x, record="all")
    assert expected.recording is not None
    assert all(spikes.any() for spikes in expected.recording.spikes.values())
    assert_same_results(expected, TorchExecutor(network).run(x, record="all"))
    conversion = ConvertSNNToQSNNPass(input_maximum=LARGEST_COUNT, state=state)
    conversion.apply(make_context(), module)
    return Generated(module, lower(module, kernels), x)
