# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns networks of real numbers into networks of integers.

Weights become integers per output channel, symmetric around zero and rounded to nearest. The scale
of a layer disappears into the neuron that receives its current: threshold, bias and membrane are
counted in `scale / 2**shift`. The width of a membrane is justified by range analysis over all
inputs that `input-maximum` and `input-density` admit, or by saturation, and both are written into
the IR. Where two currents of different units meet, integer factors bring them to a common one.

Legal for networks of `snn` layers whose registers hold spikes; anything else is refused at its
location. Layers whose currents are added to those of feedback share one scale for each channel, or
one is a multiple of the other's. Layers that read input and spikes joined become the sum of one for
each. A synaptic neuron becomes two in series: a `qsnn.li` that holds its current, named
`<layer>.synapse`, and a `qsnn.lif`. The gain `tau` of an alpha neuron moves into its threshold,
whatever its sign; it must not be 0. Batch normalisation and scales need a positive factor here:
fold them first.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    f32,
    i1,
    i8,
    i64,
)
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from snnir.dialects import qsnn, snn
from snnir.dialects.input_density import LARGEST_DENSITY, InputDensityAttr
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import LAYER, layer_names, replace_network
from snnir.dialects.snn_attributes import REAL_KINDS, SPIKE_READOUTS, InputKind, Readout
from snnir.layers.readout import layers_compared_by_readout
from snnir.quantization.context import QuantizationContext
from snnir.quantization.input_density import density_cell
from snnir.quantization.joined_inputs import split_joined_inputs
from snnir.quantization.layer_rules import LAYER_RULES
from snnir.quantization.neuron_rules import NEURON_RULES
from snnir.quantization.options import QuantizationOptions, StatePolicy
from snnir.quantization.refusals import refusal_of
from snnir.quantization.register_rules import REGISTER_RULES
from snnir.quantization.values import QuantizedValue, smallest_extent
from snnir.support.arrays import array_from_dense
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option
from snnir.support.xdsl_compat import ensure_dialect


@dataclass(frozen=True)
class ConvertSNNToQSNNPass(SNNPass):
    """Express networks in integers, exact from here down."""

    name: ClassVar[str] = "convert-snn-to-qsnn"

    bits: int = option(8, "bits of a weight, 2 to 8")
    state: StatePolicy = option(
        "auto",
        "membranes: auto (i16 if proven, else i32), i16 (proven, else saturating), i32, saturate",
    )
    minimum_shift: int = option(0, "fewest fraction bits of a membrane whose range is proven")
    maximum_shift: int = option(8, "most fraction bits of a membrane")
    rounding: Literal["nearest", "floor"] = option("nearest", "how the leak rounds")
    input_maximum: int = option(127, "largest event count of an input element and step, 1 to 127")
    input_density: int | None = option(
        None, "most events in any window of the layers that read the input, 1 to 32767"
    )
    input_scale: float = option(1 / 127, "real value of one unit of a real-valued input")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        ensure_dialect(ctx, "qsnn")
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            self._check_options(network)
            self._convert(network)
            self.statistics.add("networks converted")

    def _check_options(self, network: snn.NetworkOp) -> None:
        for name, value, low, high in (
            ("bits", self.bits, 2, 8),
            ("input-maximum", self.input_maximum, 1, 127),
            ("minimum-shift", self.minimum_shift, 0, 16),
            ("maximum-shift", self.maximum_shift, self.minimum_shift, 16),
        ):
            if not low <= value <= high:
                raise error_at(network, f"option {name} must be {low} to {high}, got {value}")
        if not (np.isfinite(self.input_scale) and self.input_scale > 0):
            raise error_at(network, f"option input-scale must be positive, got {self.input_scale}")
        density = self.input_density
        if density is not None and not 1 <= density <= LARGEST_DENSITY:
            raise error_at(
                network, f"option input-density must be 1 to {LARGEST_DENSITY}, got {density}"
            )
        if density is not None and network.input.data in REAL_KINDS:
            raise error_at(network, "option input-density is about counts, the input has values")

    def _convert(self, network: snn.NetworkOp) -> None:
        _keep_names(network)
        split_joined_inputs(network)
        binary = network.input.data is InputKind.BINARY_FRAMES
        frame_type = TensorType(i1 if binary else i8, shape_of(network.frame.type))
        block = Block(arg_types=[frame_type])
        block.args[0].name_hint = network.frame.name_hint
        context = QuantizationContext(
            Builder(InsertPoint.at_end(block)),
            QuantizationOptions(
                self.bits, self.state, self.minimum_shift, self.maximum_shift,
                qsnn.Rounding(self.rounding),
            ),
            layers_compared_by_readout(network),
            self.remark,
        )  # fmt: skip
        if network.readout.data is Readout.MEAN_MEMBRANE:
            neuron = network.outputs[0].owner
            assert isinstance(neuron, Operation)
            context.sum_steps[neuron] = network.timesteps.value.data
        density = self._density(network)
        context.values[network.frame] = self._frame(network, block.args[0], density)
        for op in network.body.block.ops:
            _convert_operation(context, op)
        scaled = network.input.data in REAL_KINDS
        replace_network(
            network,
            block,
            qsnn.NetworkOp,
            input_maximum=IntegerAttr(self._input_maximum(network), i64),
            input_scale=FloatAttr(self.input_scale, f32) if scaled else None,
            input_density=density,
            output_scale=_output_scale(context, network),
        )

    def _input_maximum(self, network: snn.NetworkOp) -> int:
        if network.input.data is InputKind.BINARY_FRAMES:
            return 1
        return 127 if network.input.data in REAL_KINDS else self.input_maximum

    def _density(self, network: snn.NetworkOp) -> InputDensityAttr | None:
        """The bound on events that lie close together, in cells that suit the first layers."""
        if self.input_density is None:
            return None
        if (cell := density_cell(network)) is None:
            self.remark(network, "input-density has no effect: no layer sums events of the frame")
            return None
        return InputDensityAttr.make(cell, self.input_density)

    def _frame(
        self, network: snn.NetworkOp, value: SSAValue, density: InputDensityAttr | None
    ) -> QuantizedValue:
        """The input: counts as they are, real values in units of `input_scale`."""
        scaled = network.input.data in REAL_KINDS
        high = np.asarray(self._input_maximum(network), np.int64)
        scale = np.asarray(self.input_scale if scaled else 1.0)
        return QuantizedValue(
            value, scale, np.zeros(()), -high if scaled else high * 0, high,
            None if density is None else density.limit,
        )  # fmt: skip


def _keep_names(network: snn.NetworkOp) -> None:
    """Write down the names that layers have by position, where positions are about to change."""
    names = layer_names(network)
    if any(isinstance(op, snn.SynapticOp) for op in names):
        for op, name in names.items():
            op.attributes[LAYER] = StringAttr(name)


def _expect_finite(op: Operation) -> None:
    """Integers know neither NaN nor infinity."""
    for name, attribute in op.properties.items():
        if isinstance(attribute, FloatAttr | DenseIntOrFPElementsAttr):
            values = array_from_dense(attribute)
            if not np.isfinite(values).all():
                wrong = values[~np.isfinite(values)].flat[0]
                raise error_at(op, f"{name} holds {wrong:g}, which has no integer form")


def _convert_operation(context: QuantizationContext, op: Operation) -> None:
    _expect_finite(op)
    if isinstance(op, snn.WeightOp):
        return
    if isinstance(op, snn.OutputOp):
        _expect_one_unit(op, context[op.operands[0]])
        output = qsnn.OutputOp(*[context[v].value for v in op.operands])
        output.location = op.location
        context.builder.insert(output)
        return
    if (layer_rule := LAYER_RULES.get(type(op))) is not None:
        results = [layer_rule(context, op)]
    elif (rule := {**NEURON_RULES, **REGISTER_RULES}.get(type(op))) is not None:
        results = rule(context, op)
    else:
        raise error_at(op, refusal_of(op) or "has no integer form")
    context.values.update(zip(op.results, results, strict=True))


def _output_scale(context: QuantizationContext, network: snn.NetworkOp) -> FloatAttr | None:
    """The unit of the membranes that the readout looks at; spikes have none."""
    if network.readout.data in SPIKE_READOUTS:
        return None
    output = context[network.outputs[0]]
    return FloatAttr(float(np.float32(smallest_extent(output.scale, output.shape))), f32)


def _expect_one_unit(op: Operation, output: QuantizedValue) -> None:
    """The readout compares outputs, so they must be in one positive unit, without offsets."""
    scale = smallest_extent(output.scale, output.shape)
    if scale.ndim or scale <= 0 or output.offset.any():
        raise error_at(
            op,
            "the outputs that the readout compares are in different units; end with a neuron, such "
            "as snntorch.Leaky(reset_mechanism='none'), with one positive factor of graded spikes",
        )
