# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The two ways to fewer time steps: longer steps for events, and fewer equal ones for rates.

Recordings of events are put into longer bins, and neurons follow (`coarsening`). An input that says
the same at every step, a static frame or the spikes of a rate code, is shown for fewer steps, as in
arXiv 2104.12528; a step stays as long as it was, and leaks stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerAttr, i64

from snnir.dialects import snn
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.temporal.coarsening import coarsen, map_parameter
from snnir.temporal.rebinning import rebin


@dataclass(frozen=True)
class Reduction:
    """How a network, and samples for it, get fewer steps.

    Attributes:
        change: `change(network, timesteps, exponent)` changes the network in place; the exponent,
            0 to 1, says how far thresholds follow.
        present: the samples of `change`'s network, from those at more steps.
    """

    change: Callable[[snn.NetworkOp, int, float], None]
    present: Callable[[NDArray, int], NDArray]


def shorten(network: snn.NetworkOp, timesteps: int, exponent: float) -> None:
    """Change `network` in place to run fewer steps of the length that it has.

    Thresholds are multiplied by `(timesteps / present steps)**exponent`: at 1, what took all steps
    to make a neuron spike takes the steps that are left.
    """
    factor = (timesteps / network.timesteps.value.data) ** exponent
    network.properties["timesteps"] = IntegerAttr(timesteps, i64)
    for op in network.body.block.ops:
        if isinstance(op, SpikingNeuronBase):
            op.properties["threshold"] = map_parameter(
                op.properties["threshold"], lambda threshold: threshold * factor
            )


LONGER_STEPS = Reduction(coarsen, rebin)
"""For event counts (samples, steps, *shape)."""
FEWER_STEPS = Reduction(shorten, lambda x, timesteps: x[:, :timesteps])
"""For the spikes or values (samples, steps, *shape) of a rate code: the first steps."""
FEWER_PRESENTATIONS = Reduction(shorten, lambda x, timesteps: x)
"""For static values (samples, *shape)."""
