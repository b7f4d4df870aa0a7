# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Base classes of the `snnrt` calls that compute neurons. Re-exported by `snnir.dialects.snnrt`."""

from abc import ABC, abstractmethod
from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, i64
from xdsl.irdl import AttrSizedOperandSegments, ParsePropInAttrDict, prop_def

from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.qsnn_neurons import OverflowAttr, RoundingAttr
from snnir.dialects.snn_attributes import CompareAttr, ResetAttr, ResetTimingAttr


class LIFCallBase(KernelOpBase, ABC):
    """Neurons of `qsnn.lif`."""

    reset = prop_def(ResetAttr)
    reset_timing = prop_def(ResetTimingAttr)
    compare = prop_def(CompareAttr)
    shift = prop_def(IntegerAttr)
    rounding = prop_def(RoundingAttr)


def alpha_format(spikes: str) -> str:
    """The assembly format of neurons of `qsnn.alpha`, whose spikes are an operand of this name."""
    return (
        f"$excitatory `,` $inhibitory `,` $membrane `,` $current `,` ${spikes} "
        "`leaks` $excitatory_leak `,` $inhibitory_leak `threshold` $threshold (`bias` $bias^)? "
        "(`decrement` $decrement^ `recall` $recall)? attr-dict `:` "
        "type($excitatory) `,` type($inhibitory) `,` type($membrane) `,` type($current) `,` "
        f"type(${spikes}) `leaks` type($excitatory_leak) `,` type($inhibitory_leak) `threshold` "
        "type($threshold) (`bias` type($bias)^)? "
        "(`decrement` type($decrement)^ `recall` type($recall))?"
    )


class AlphaCallBase(KernelOpBase, ABC):
    """Neurons of `qsnn.alpha`."""

    PARAMETERS: ClassVar[tuple[str, ...]] = (
        "excitatory_leak", "inhibitory_leak", "threshold", "bias", "decrement", "recall",
    )  # fmt: skip
    READS: ClassVar[tuple[str, ...]] = ("current", *PARAMETERS)
    UPDATES: ClassVar[tuple[str, ...]] = ("excitatory", "inhibitory", "membrane")

    reset = prop_def(ResetAttr)
    compare = prop_def(CompareAttr)
    shift = prop_def(IntegerAttr)
    overflow = prop_def(OverflowAttr)
    rounding = prop_def(RoundingAttr)

    irdl_options = (ParsePropInAttrDict(), AttrSizedOperandSegments(as_property=True))  # type: ignore[assignment]


class PackedNeuronsBase(KernelOpBase, ABC):
    """Neurons that leave neither their spikes as bytes nor their membranes after each step.

    Maybe not all neurons of the layer are computed; the attribute `order` says which, for each
    position and channel.
    """

    logical_shape = prop_def(DenseArrayBase.constr(i64))
    """Shape of the layer at the levels above, channels first."""

    @property
    @abstractmethod
    def spikes_shape(self) -> tuple[int, ...]:
        """Shape of the neurons that are computed, channels last."""

    @property
    def hidden_layers(self) -> tuple[str, ...]:
        """Names of the layers without spikes that the call computes, too, and leaves nothing of."""
        return ()


class PackedLIFBase(LIFCallBase, PackedNeuronsBase, ABC):
    """Packed neurons of `qsnn.lif`."""
