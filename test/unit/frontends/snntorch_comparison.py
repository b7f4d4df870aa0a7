# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a module in snnTorch and its import in snnir, and compares every spike of every neuron."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from snntorch import SpikingNeuron
from torch import Tensor, nn
from xdsl.dialects.builtin import ModuleOp

from snnir.dialects import snn
from snnir.dialects.network import NetworkOpBase
from snnir.executors.torch_executor import TorchExecutor

STEPS = 24
BATCH = 3


def snap(module: nn.Module) -> nn.Module:
    """Round weights to multiples of 1/64, so that sums of integers times weights are exact."""
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
                for parameter in layer.parameters():
                    parameter.copy_((parameter * 64).round() / 64)
    return module


def counts(*shape: int, seed: int = 0) -> Tensor:
    """Event counts: float32 integers 0…3, mostly 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    return torch.poisson(torch.full(shape, 0.6), generator=generator).clamp(max=3)


def network_of(module: ModuleOp) -> NetworkOpBase:
    """The network in an imported module."""
    (network,) = module.ops
    assert isinstance(network, snn.NetworkOp)
    return network


def run_steps(module: nn.Module, frames: Tensor) -> None:
    """Call a one-step module for every step of `frames` (batch, steps, *shape)."""
    for neuron in module.modules():
        if isinstance(neuron, SpikingNeuron):
            neuron.reset_mem()  # pyright: ignore[reportCallIssue]
    for step in range(frames.shape[1]):
        module(frames[:, step])


def run_loop(module: nn.Module, frames: Tensor) -> None:
    """Call a module that loops over axis 0 of its input."""
    module(frames.transpose(0, 1))


def record_neurons(
    module: nn.Module, run: Callable[[nn.Module, Tensor], Any], x: Tensor
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.float32]]]:
    """Spikes and membranes (batch, steps, *shape) of every neuron by path, computed by snnTorch."""
    spikes: dict[str, list[NDArray]] = defaultdict(list)
    membranes: dict[str, list[NDArray]] = defaultdict(list)

    def hook(path: str) -> Callable[..., None]:
        def store(neuron: Any, _: Any, output: Any) -> None:
            spiked = output[0] if isinstance(output, tuple) else output
            spikes[path].append((spiked != 0).numpy())
            membranes[path].append(neuron.mem.numpy().copy())

        return store

    handles = [
        neuron.register_forward_hook(hook(path or type(neuron).__name__))
        for path, neuron in module.named_modules()
        if isinstance(neuron, SpikingNeuron)
    ]
    module.eval()
    with torch.no_grad():
        run(module, x)
    for handle in handles:
        handle.remove()
    return (
        {path: np.stack(values, 1) for path, values in spikes.items()},
        {path: np.stack(values, 1) for path, values in membranes.items()},
    )


def assert_same_values(
    module: nn.Module,
    imported: ModuleOp,
    x: Tensor,
    run: Callable[[nn.Module, Tensor], Any],
    *,
    exact: bool,
) -> dict[str, NDArray[np.bool_]]:
    """Every neuron of the imported network spikes as in snnTorch; the spikes.

    Membranes are equal bit for bit if `exact`, else to within rounding.
    """
    spikes, membranes = record_neurons(module, run, x)
    recording = TorchExecutor(network_of(imported)).run(x.numpy(), record="all").recording
    assert recording is not None
    assert recording.spikes.keys() == spikes.keys()
    for layer, expected in spikes.items():
        np.testing.assert_array_equal(recording.spikes[layer], expected, err_msg=layer)
        if exact:
            np.testing.assert_array_equal(recording.membranes[layer], membranes[layer], layer)
        else:
            np.testing.assert_allclose(
                recording.membranes[layer], membranes[layer], rtol=1e-5, atol=1e-5
            )
    return spikes


def assert_same(
    module: nn.Module,
    imported: ModuleOp,
    x: Tensor,
    run: Callable[[nn.Module, Tensor], Any] = run_steps,
    *,
    exact: bool = True,
) -> None:
    """As `assert_same_values`, and some neurons spike."""
    spikes = assert_same_values(module, imported, x, run, exact=exact)
    assert any(values.any() and not values.all() for values in spikes.values())
