# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Computes several time steps at once of neurons whose currents stay the same.

Behind `kernels-hoist-static-input` the currents of the first neurons of a network with a static
input do not change within a sequence. `snnrt.lif` with such currents becomes
`snnrt.lif_multi_step`, which runs in every so-manieth step only: from step to step it keeps the
membranes in registers, and it leaves the spikes of all these steps as bits. `snnrt.alpha` becomes
`snnrt.alpha_multi_step` in the same way, and a `snnrt.li` whose membranes are the currents of a
`snnrt.lif`, as in synaptic neurons, `snnrt.synaptic_multi_step` together with that. Calls that
listed the spikes list those of their step from the bits, and for all others they become bytes in
every step. Spikes are the same ones in the same steps; membranes run ahead by up to a batch, so
layers whose membranes something else reads, such as integrators whose membranes are the output, are
left alone.

A batch has as many of the at most `steps` steps as divide the sequence most evenly. The arena grows
by a bit for each neuron and step of a batch, less the bytes that nobody needs any more, and code
that has each step by itself takes about a kilobyte. Where the arenas would go above `ram-limit` or
would not fit into the memories of `target`, or constants and code, as predicted, above
`flash-limit`, batches are halved, down to two steps, and then given up. Memory must not be planned
yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import MemRefType, ModuleOp, StringAttr, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import AttrSizedOperandSegments
from xdsl.rewriter import InsertPoint, Rewriter

from snnir.costs.model import predict
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_array
from snnir.dialects.network import LAYER, layer_names
from snnir.dialects.snnrt_steps import MOST_STEPS, step_words
from snnir.kernels.layout import logical_shape_of
from snnir.memory.lifetimes import root_buffer
from snnir.passes.kernels_plan_memory import arena_bytes
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option


@dataclass(frozen=True)
class KernelsBatchTimestepsPass(SNNPass):
    """Compute several time steps at once of neurons whose currents stay the same."""

    name: ClassVar[str] = "kernels-batch-timesteps"

    steps: int = option(MOST_STEPS, f"most steps of a batch, 2 to {MOST_STEPS}")
    ram_limit: int | None = option(None, "batch only if arenas have at most so many bytes")
    flash_limit: int | None = option(
        None, "batch only if at most so many bytes of flash are predicted"
    )
    target: str | None = option(None, "batch only if the memories of this target hold the arenas")
    memory_limits: tuple[str, ...] = option(
        (), "most bytes of these memories that arenas may take, as NAME:BYTES"
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snnrt.NetworkOp)]:
            if not 2 <= self.steps <= MOST_STEPS:
                raise error_at(
                    network, f"steps={self.steps} is no size of a batch; use 2 to {MOST_STEPS}"
                )
            self._batch_where_it_fits(ctx, network)

    def _batch_where_it_fits(self, ctx: Context, network: snnrt.NetworkOp) -> None:
        if network.arena_bytes is not None:
            raise error_at(network, "memory is planned already; batch before kernels-plan-memory")
        layers = batched_layers(network)
        if not layers or network.timesteps.value.data < 2:
            return
        steps = steps_of_batch(network.timesteps.value.data, self.steps)
        while steps >= 2:
            after = network.clone()
            batch(batched_layers(after), steps)
            arena = arena_bytes(ctx, after, self.ram_limit, self.target, self.memory_limits)
            if arena is not None and self._fits_flash(after):
                neurons = sum(
                    element_count(buffer_shape(layer.neurons.membrane.type)) for layer in layers
                )
                batch(layers, steps)
                self.statistics.add("layers batched", len(layers))
                self.remark(
                    network, f"{len(layers)} layers of {neurons:,} neurons compute {steps} steps "
                    "at once", layers=len(layers), steps=steps, arena_bytes=arena,
                )  # fmt: skip
                return
            steps = steps_of_batch(network.timesteps.value.data, steps // 2)
        self.remark(
            network, f"{len(layers)} layers could compute several steps at once, but then the "
            "arena or the code would be too large",
        )  # fmt: skip

    def _fits_flash(self, network: snnrt.NetworkOp) -> bool:
        """Whether a network with planned memory is predicted to keep to the limit of flash."""
        return self.flash_limit is None or predict(network).flash_bytes <= self.flash_limit


def steps_of_batch(timesteps: int, most: int) -> int:
    """The least size of a batch that makes as few batches of a sequence as `most` does."""
    batches = -(-timesteps // most)
    return -(-timesteps // batches)


@dataclass(frozen=True)
class Layer:
    """Neurons that can be batched, with the integrators that hold their currents, if there are."""

    neurons: snnrt.LIFOp | snnrt.AlphaOp
    synapse: snnrt.LIOp | None = None

    @property
    def current(self) -> SSAValue:
        """What stays the same."""
        return self.neurons.current if self.synapse is None else self.synapse.current

    @property
    def states(self) -> list[SSAValue]:
        """What nothing else may read."""
        states = self.neurons.buffers(self.neurons.UPDATES)
        return states if self.synapse is None else [self.synapse.membrane, *states]


Users = dict[snnrt.BufferOp, list[Operation]]


def batched_layers(network: snnrt.NetworkOp) -> list[Layer]:
    """The neurons whose currents stay the same and whose states nothing else reads."""
    users: Users = {}
    for op in network.body.block.ops:
        if not isinstance(op, KernelOpBase | snnrt.OutputOp):
            continue
        for buffer in {root_buffer(value) for value in op.operands}:
            if buffer is not None:
                users.setdefault(buffer, []).append(op)
    neurons = [op for op in network.body.block.ops if isinstance(op, snnrt.LIFOp | snnrt.AlphaOp)]
    layers = (Layer(op, _synapse_of(op, users)) for op in neurons)
    return [layer for layer in layers if _can_be_batched(layer, users)]


def _synapse_of(op: snnrt.LIFOp | snnrt.AlphaOp, users: Users) -> snnrt.LIOp | None:
    """The integrators whose membranes are the currents of leaky neurons."""
    if not isinstance(op, snnrt.LIFOp):
        return None
    readers = [use.operation for use in op.current.uses]
    found = [
        user for user in readers if isinstance(user, snnrt.LIOp) and user.membrane is op.current
    ]
    return found[0] if found else None


def _can_be_batched(layer: Layer, users: Users) -> bool:
    current, spikes = root_buffer(layer.current), root_buffer(layer.neurons.spikes)
    states = [root_buffer(state) for state in layer.states]
    if current is None or spikes is None or None in states:
        return False
    writers = [user for user in users[current] if _writes(user, current)]
    own = [layer.neurons] if layer.synapse is None else [layer.synapse, layer.neurons]
    return (
        all(isinstance(user, KernelOpBase) and user.once is not None for user in writers)
        and all(set(users[state]) <= set(own) for state in states if state is not None)
        and spikes.region.data is snnrt.Region.TRANSIENT
        and [user for user in users[spikes] if _writes(user, spikes)] == [layer.neurons]
    )


def _writes(op: Operation, buffer: snnrt.BufferOp) -> bool:
    if not isinstance(op, KernelOpBase):
        return False
    return buffer in map(root_buffer, op.buffers((*op.WRITES, *op.UPDATES)))


def batch(layers: list[Layer], steps: int) -> None:
    """Rewrite neurons, and those who read their spikes, for batches of so many steps."""
    if any(layer.synapse is not None for layer in layers):
        _name_layers(layers[0].neurons)
    for layer in layers:
        _batch_layer(layer, steps)


def _name_layers(op: Operation) -> None:
    """Name the layers that only their positions name, which change where two become one."""
    network = op.parent_op()
    assert isinstance(network, snnrt.NetworkOp)
    for layer, name in layer_names(network).items():
        layer.attributes[LAYER] = StringAttr(name)


def _batch_layer(layer: Layer, steps: int) -> None:
    op = layer.neurons
    spikes = root_buffer(op.spikes)
    assert spikes is not None
    elements = element_count(buffer_shape(op.membrane.type))
    bits = snnrt.BufferOp(
        f"{spikes.sym_name.data}_bits",
        snnrt.Region.STATE,
        MemRefType(i32, [steps, step_words(elements)]),
    )
    Rewriter.insert_op(bits, InsertPoint.after(spikes))
    call = _multi_step(layer, bits.result)
    call.attributes.update(op.attributes)
    call.location = op.location
    Rewriter.replace_op(op, call, [])
    if layer.synapse is not None:
        Rewriter.erase_op(layer.synapse)
    _read_bits(spikes, bits.result, call)


def _multi_step(layer: Layer, bits: SSAValue) -> snnrt.MultiStepBase:
    """The call that computes a layer of several steps."""
    op, synapse = layer.neurons, layer.synapse
    shape = int_array(logical_shape_of(buffer_shape(op.membrane.type)))
    dynamics: dict[str, Attribute] = {**op.properties, "logical_shape": shape}
    dynamics.pop(AttrSizedOperandSegments.attribute_name, None)
    if isinstance(op, snnrt.AlphaOp):
        states = [getattr(op, name) for name in op.UPDATES]
        parameters = [getattr(op, name) for name in op.PARAMETERS]
        return snnrt.AlphaMultiStepOp(states, op.current, bits, parameters, dynamics)
    parameters = [op.leak, op.threshold, op.bias]
    if synapse is None:
        return snnrt.LIFMultiStepOp([op.membrane], op.current, bits, parameters, dynamics)
    dynamics |= {f"synapse_{name}": value for name, value in synapse.properties.items()}
    dynamics["synapse_layer"] = synapse.attributes[LAYER]
    states = [synapse.membrane, op.membrane]
    parameters = [synapse.leak, synapse.bias, *parameters]
    return snnrt.SynapticMultiStepOp(states, synapse.current, bits, parameters, dynamics)


def _read_bits(spikes: snnrt.BufferOp, bits: SSAValue, call: snnrt.MultiStepBase) -> None:
    """Let the readers of spikes read bits, or make bytes of the bits for them in every step."""
    readers = _readers(spikes)
    lists = [reader for reader in readers if isinstance(reader, snnrt.SpikeListOp)]
    for reader in lists:
        listing = snnrt.ListBitsOp(bits, reader.list, element_count(call.spikes_shape))
        listing.attributes.update(reader.attributes)
        listing.count.name_hint = reader.count.name_hint
        Rewriter.replace_op(reader, listing)
    if len(lists) < len(readers):
        Rewriter.insert_op(snnrt.BitsToBytesOp(bits, spikes.result), InsertPoint.after(call))
        return
    for view in _views(spikes):
        Rewriter.erase_op(view)
    Rewriter.erase_op(spikes)


def _views(spikes: snnrt.BufferOp) -> list[snnrt.ViewOp]:
    """The views of a buffer, those of views before these."""
    found: list[snnrt.ViewOp] = []
    for use in spikes.result.uses:
        pending = [use.operation]
        while pending:
            view = pending.pop()
            if isinstance(view, snnrt.ViewOp):
                found.insert(0, view)
                pending += [each.operation for each in view.result.uses]
    return found


def _readers(spikes: snnrt.BufferOp) -> list[Operation]:
    """The calls that read a buffer or a view of it."""
    values = [spikes.result, *(view.result for view in _views(spikes))]
    users = dict.fromkeys(use.operation for value in values for use in value.uses)
    return [user for user in users if not isinstance(user, snnrt.ViewOp)]
