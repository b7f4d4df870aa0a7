# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a NIR file does not say: how its equations in continuous time become time steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snnir.dialects.snn_attributes import Compare, Reset, ResetTiming

Decay = Literal["euler", "exponential"]


@dataclass(frozen=True)
class Discretization:
    """A rule that makes steps of `tau dv/dt = -v + r x` and of a reset.

    Attributes:
        dt: length of a step, in the unit of the time constants.
        decay: what is left of a state after a step: `1 - dt / tau` or `exp(-dt / tau)`.
        reset: what a spike does; NIR knows hard resets only, and files of soft ones look the same.
        reset_timing: whether it is seen in the membrane of the same step.
        compare: when a neuron fires.
        delays_synapses: whether a synaptic current reaches the membrane in the step after.
    """

    dt: float
    decay: Decay
    reset: Reset
    reset_timing: ResetTiming
    compare: Compare
    delays_synapses: bool = False

    def decay_of(self, tau: NDArray) -> NDArray:
        """What a step leaves of a state with this time constant."""
        steps = self.dt / tau
        return 1 - steps if self.decay == "euler" else np.exp(-steps)

    def gain_of(self, tau: NDArray) -> NDArray:
        """What a step adds to such a state for a constant input of one."""
        return 1 - self.decay_of(tau)


PROFILES = {
    # `snntorch.export_nir` of neurons with the default reset.
    "snntorch": Discretization(
        1e-4, "euler", Reset.SUBTRACT, ResetTiming.DELAYED, Compare.GT
    ),
    # `spikingjelly.activation_based.nir_exchange`, which exports hard resets only.
    "spikingjelly": Discretization(
        1e-4, "euler", Reset.ZERO_BEFORE, ResetTiming.IMMEDIATE, Compare.GE
    ),
    # Norse writes time constants of dt / tau_mem_inv, where dt * tau_mem_inv is what a step decays:
    # with its dt of 1e-3, steps of 1e-6 undo that (https://github.com/norse/norse/issues/411).
    "norse": Discretization(
        1e-6, "euler", Reset.ZERO_BEFORE, ResetTiming.IMMEDIATE, Compare.GT, delays_synapses=True
    ),
}  # fmt: skip
"""Rules by the framework that wrote a file, with its own defaults for all that can differ."""
