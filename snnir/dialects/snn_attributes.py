# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attributes of the `snn` dialect; `qsnn` and `snnrt` use the same ones.

The dynamics of a neuron are spelled out by three attributes, because "zero" or "subtract" alone
mean six different things in the frameworks in use (snnTorch 1.0.0, 0.7.0, Norse, Sinabs, …).
"""

from enum import auto

from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import SpacedOpaqueSyntaxAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.utils.str_enum import StrEnum


class Reset(StrEnum):
    """How a spike of the past changes the membrane `U`, with reset flag `R = H(U - threshold)`.

    `leak(U)` is the decayed membrane and `x` the input current of this step.
    """

    NONE = auto()
    """`V = leak(U) + x`."""
    SUBTRACT = auto()
    """`V = leak(U) + x - R * threshold` (snnTorch 0.8 and later, "subtract")."""
    SUBTRACT_DECAYED = auto()
    """`V = leak(U - R * threshold) + x` (snnTorch up to 0.7, "subtract")."""
    ZERO_BEFORE = auto()
    """`V = leak((1 - R) * U) + x`: the input of this step is kept (snnTorch 1.0.0, "zero")."""
    ZERO_AFTER = auto()
    """`V = (1 - R) * (leak(U) + x)`: the input of this step is dropped (Lapicque, RLeaky)."""


class ResetTiming(StrEnum):
    """When the reset that a spike causes is seen in the membrane."""

    DELAYED = auto()
    """At the next step; the membrane result is the value before the reset (snnTorch's default)."""
    IMMEDIATE = auto()
    """In the same step (`reset_delay=False`): with `D = S - R`, `subtract` and `subtract_decayed`
    give `U = V - D * threshold`, `zero_before` and `zero_after` give `U = V - D * V`."""


class Compare(StrEnum):
    """The comparison `H` that decides a spike."""

    GT = auto()
    """`V > threshold` (snnTorch, NIR)."""
    GE = auto()
    """`V >= threshold` (Rockpool, SpikingJelly)."""


class InputKind(StrEnum):
    """What a user presents to the network."""

    EVENT_COUNTS = auto()
    """A frame of event counts (non-negative integers) at every step."""
    BINARY_FRAMES = auto()
    """A frame of zeros and ones at every step."""
    VALUES = auto()
    """A frame of real values at every step."""
    STATIC_VALUES = auto()
    """One frame of real values, presented unchanged at every step."""


REAL_KINDS = (InputKind.VALUES, InputKind.STATIC_VALUES)
"""Inputs of real values, which have signs and are seldom zero."""


class Readout(StrEnum):
    """How the first output over all steps becomes one score per class; the class is the argmax."""

    SPIKE_COUNT = auto()
    """Number of spikes; the lowest class wins a tie."""
    FIRST_SPIKE = auto()
    """The class that spikes first; a silent neuron counts as spiking at the last step."""
    LAST_MEMBRANE = auto()
    MAX_MEMBRANE = auto()
    MEAN_MEMBRANE = auto()


SPIKE_READOUTS = (Readout.SPIKE_COUNT, Readout.FIRST_SPIKE)
"""Readouts of spikes; all others look at membranes."""


@irdl_attr_definition
class ResetAttr(EnumAttribute[Reset], SpacedOpaqueSyntaxAttribute):
    """`#snn<reset subtract>`."""

    name = "snn.reset"


@irdl_attr_definition
class ResetTimingAttr(EnumAttribute[ResetTiming], SpacedOpaqueSyntaxAttribute):
    """`#snn<reset_timing delayed>`."""

    name = "snn.reset_timing"


@irdl_attr_definition
class CompareAttr(EnumAttribute[Compare], SpacedOpaqueSyntaxAttribute):
    """`#snn<compare gt>`."""

    name = "snn.compare"


@irdl_attr_definition
class InputKindAttr(EnumAttribute[InputKind], SpacedOpaqueSyntaxAttribute):
    """`#snn<input event_counts>`."""

    name = "snn.input"


@irdl_attr_definition
class ReadoutAttr(EnumAttribute[Readout], SpacedOpaqueSyntaxAttribute):
    """`#snn<readout spike_count>`."""

    name = "snn.readout"
