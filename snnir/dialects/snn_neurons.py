# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neurons and feedback of the `snn` dialect. Re-exported by `snnir.dialects.snn`.

The state of a neuron is implicit, zero at the start of a sequence, and is returned as results of
the operation (the values after this step). All arithmetic is float32 in the order written here,
which is snnTorch 1.0.0's and gives its results bit for bit. Notation: `x` the input, `U` the stored
membrane, `H` the comparison, `R = H(U - threshold)` taken before the update, `S` the spikes.
"""

from abc import ABC
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    TensorType,
    i1,
)
from xdsl.ir import Attribute, OpResult, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.layer_bases import Value
from snnir.dialects.layer_shapes import broadcasts_to, shape_of
from snnir.dialects.registers import ReadBase, RegisterBase, WriteBase
from snnir.dialects.snn_attributes import (
    Compare,
    CompareAttr,
    Reset,
    ResetAttr,
    ResetTiming,
    ResetTimingAttr,
)
from snnir.dialects.snn_layers import PARAMETER, REAL, VALUE, real_tensor, spike_tensor
from snnir.support.arrays import array_from_dense

SPIKES = TensorType.constr(i1)
Parameter = FloatAttr | DenseIntOrFPElementsAttr
"""A neuron parameter: one value for the layer, or a tensor that broadcasts to the layer's shape
(`12x1x1` per channel, the full shape per neuron)."""


DECAYS = ("alpha", "beta")
"""Parameters that say how much of a state is left after a step."""


class NeuronBase(IRDLOperation, ABC):
    """A neuron layer.

    Constraints:
      * (C1) every parameter is a scalar or broadcasts to the layer's shape;
      * (C2) every result has the layer's shape;
      * (C3) decays (`alpha`, `beta`) lie between 0 and 1, where snnTorch clamps them; no parameter
        is NaN.
    """

    PARAMETER_NAMES: ClassVar[tuple[str, ...]]

    current = operand_def(VALUE)

    def verify_(self) -> None:
        shape = shape_of(self.current.type)
        for name in self.PARAMETER_NAMES:  # C1
            value = self.properties[name]
            if isinstance(value, DenseIntOrFPElementsAttr):
                extent = shape_of(value.type)
                if not broadcasts_to(extent, shape):
                    raise VerifyException(
                        f"{name} of shape {extent} does not broadcast to the layer's shape {shape}"
                    )
        for result in self.results:  # C2
            if (actual := shape_of(result.type)) != shape:
                raise VerifyException(f"result shape {actual} should be {shape}")
        for name in self.PARAMETER_NAMES:  # C3
            values = array_from_dense(self.properties[name])
            if np.isnan(values).any():
                raise VerifyException(f"{name} is NaN")
            if name in DECAYS and not ((values >= 0) & (values <= 1)).all():
                wrong = values[(values < 0) | (values > 1)].flat[0]
                raise VerifyException(f"{name} must be between 0 and 1, got {wrong:g}")

    @property
    def parameters(self) -> dict[str, Attribute]:
        """Parameters by name."""
        return {name: self.properties[name] for name in self.PARAMETER_NAMES}


class SpikingNeuronBase(NeuronBase, ABC):
    """A neuron layer with a threshold and a reset."""

    threshold = prop_def(PARAMETER)
    reset = prop_def(ResetAttr)
    reset_timing = prop_def(ResetTimingAttr)
    compare = prop_def(CompareAttr)

    if TYPE_CHECKING:
        spikes: OpResult[TensorType]
        membrane: OpResult[TensorType]

    @staticmethod
    def dynamics(reset: Reset, reset_timing: ResetTiming, compare: Compare) -> dict[str, Attribute]:
        """The three attributes that name the dynamics."""
        return {
            "reset": ResetAttr(reset),
            "reset_timing": ResetTimingAttr(reset_timing),
            "compare": CompareAttr(compare),
        }


@irdl_op_definition
class LIFOp(SpikingNeuronBase):
    """Leaky integrate-and-fire (snnTorch `Leaky`); `beta = 1` is integrate-and-fire.

    `leak(U) = beta * U`; the attribute `reset` says how `V` follows from `U` and `x`;
    `S = H(V - threshold)`; `reset_timing` says what is stored.

    ```mlir
    %spikes, %membrane = snn.lif %current beta 5.0e-01 : f32 threshold 1.0 : f32
        reset subtract delayed compare gt : tensor<12x15x15xf32>
    ```
    """

    name = "snn.lif"
    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = ("beta", "threshold")

    beta = prop_def(PARAMETER)
    spikes = result_def(SPIKES)
    membrane = result_def(REAL)

    assembly_format = (
        "$current `beta` $beta `threshold` $threshold `reset` $reset $reset_timing "
        "`compare` $compare attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        current: Value,
        beta: Parameter,
        threshold: Parameter,
        *,
        reset: Reset = Reset.SUBTRACT,
        reset_timing: ResetTiming = ResetTiming.DELAYED,
        compare: Compare = Compare.GT,
    ):
        shape = shape_of(SSAValue.get(current).type)
        super().__init__(
            operands=[current],
            properties={
                "beta": beta,
                "threshold": threshold,
                **self.dynamics(reset, reset_timing, compare),
            },
            result_types=[spike_tensor(shape), real_tensor(shape)],
        )


@irdl_op_definition
class LIOp(NeuronBase):
    """Leaky integrator without spikes: `U = beta * U + x`."""

    name = "snn.li"
    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = ("beta",)

    beta = prop_def(PARAMETER)
    membrane = result_def(REAL)

    assembly_format = "$current `beta` $beta attr-dict `:` functional-type(operands, results)"

    def __init__(self, current: Value, beta: Parameter):
        shape = shape_of(SSAValue.get(current).type)
        super().__init__(
            operands=[current], properties={"beta": beta}, result_types=[real_tensor(shape)]
        )


class SecondOrderNeuronBase(SpikingNeuronBase, ABC):
    """A neuron with two decays, `alpha` and `beta`, whose last result is the membrane.

    (C3) `reset` is one that snnTorch's second-order neurons have.
    """

    PARAMETER_NAMES: ClassVar[tuple[str, ...]] = ("alpha", "beta", "threshold")
    STATES: ClassVar[int]
    """Values that are kept from one step to the next, the membrane among them."""

    alpha = prop_def(PARAMETER)
    beta = prop_def(PARAMETER)

    assembly_format = (
        "$current `alpha` $alpha `beta` $beta `threshold` $threshold `reset` $reset $reset_timing "
        "`compare` $compare attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        current: Value,
        alpha: Parameter,
        beta: Parameter,
        threshold: Parameter,
        *,
        reset: Reset,
        reset_timing: ResetTiming = ResetTiming.DELAYED,
        compare: Compare = Compare.GT,
    ):
        shape = shape_of(SSAValue.get(current).type)
        super().__init__(
            operands=[current],
            properties={
                "alpha": alpha,
                "beta": beta,
                "threshold": threshold,
                **self.dynamics(reset, reset_timing, compare),
            },
            result_types=[spike_tensor(shape), *[real_tensor(shape)] * self.STATES],
        )

    def verify_(self) -> None:
        super().verify_()
        if (reset := self.reset.data) not in (Reset.NONE, Reset.SUBTRACT, Reset.ZERO_AFTER):  # C3
            raise VerifyException(f"reset must be none, subtract or zero_after, not {reset}")


@irdl_op_definition
class SynapticOp(SecondOrderNeuronBase):
    """Second-order LIF (snnTorch `Synaptic`): `I = alpha * I + x`, then `V = beta * U + I`.

    `reset` is `none`, `subtract` (`V - R * threshold`) or `zero_after` (`V - V * R`, `I` is kept).
    """

    name = "snn.synaptic"
    STATES: ClassVar[int] = 2

    spikes = result_def(SPIKES)
    synaptic_current = result_def(REAL)
    membrane = result_def(REAL)


@irdl_op_definition
class AlphaOp(SecondOrderNeuronBase):
    """Alpha-shaped synapse (snnTorch `Alpha`), with `tau = ln(alpha) / (ln(beta) - ln(alpha)) + 1`.

    `e1 = alpha * e + x`, `i1 = beta * i - x`, `m1 = tau * (e1 + i1)`; `zero_after` clears all three
    where `R`; `subtract` gives `e = e1 - threshold * R`, `i = i1 - (beta * i - x) * R`,
    `U = m1 + i * R` with the old `i`.

    Constraints:
      * (C4) the reset is always delayed;
      * (C5) `alpha` and `beta` differ and `alpha` is above 0, so that `tau` is finite.
    """

    name = "snn.alpha"
    STATES: ClassVar[int] = 3

    spikes = result_def(SPIKES)
    excitatory = result_def(REAL)
    inhibitory = result_def(REAL)
    membrane = result_def(REAL)

    def verify_(self) -> None:
        super().verify_()
        if self.reset_timing.data is not ResetTiming.DELAYED:  # C4
            raise VerifyException("the reset of an alpha neuron is always delayed")
        alpha, beta = np.broadcast_arrays(
            array_from_dense(self.alpha).astype(np.float32),
            array_from_dense(self.beta).astype(np.float32),
        )
        # Decays that hardly differ have the same logarithm.
        with np.errstate(divide="ignore"):
            wrong = (alpha == 0) | (np.log(alpha) == np.log(beta))
        if wrong.any():  # C5
            raise VerifyException(
                "alpha and beta must differ, and alpha be above 0, for a finite tau; got alpha "
                f"{alpha[wrong].flat[0]:g} and beta {beta[wrong].flat[0]:g}"
            )


@irdl_op_definition
class RegisterOp(RegisterBase):
    """Holds a value from one step to the next, zero at the start.

    ```mlir
    snn.register @r : tensor<4xi1>
    ```

    Constraint of `RegisterBase`.
    """

    name = "snn.register"

    type = prop_def(Attribute)


@irdl_op_definition
class ReadOp(ReadBase):
    """The value that a register held at the end of the previous step.

    Constraints: (C1) the register exists; (C2) it holds the result's type.
    """

    name = "snn.read"

    result = result_def(VALUE)


@irdl_op_definition
class WriteOp(WriteBase):
    """Sets the value that a register holds for the next step.

    Constraints: (C1) the register exists; (C2) it holds the operand's type.
    """

    name = "snn.write"

    value = operand_def(VALUE)
