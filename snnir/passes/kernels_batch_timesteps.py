# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Computes several time steps at once of neurons whose currents stay the same.

Behind `kernels-hoist-static-input` the currents of the first neurons of a network with a static
input do not change within a sequence. `snnrt.lif` with such currents becomes
`snnrt.lif_multi_step`, which runs in every so-manieth step only: from step to step it keeps the
membranes in registers, and it leaves the spikes of all these steps as bits. Calls that listed the
spikes list those of their step from the bits, and for all others they become bytes in every step.
Spikes are the same ones in the same steps; membranes run ahead by up to a batch, so layers whose
membranes something else reads are left alone.

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
from xdsl.dialects.builtin import MemRefType, ModuleOp, i32
from xdsl.ir import Operation
from xdsl.rewriter import InsertPoint, Rewriter

from snnir.costs.model import predict
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_shape
from snnir.dialects.layer_shapes import element_count, int_array
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
                neurons = sum(element_count(buffer_shape(op.membrane.type)) for op in layers)
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


def batched_layers(network: snnrt.NetworkOp) -> list[snnrt.LIFOp]:
    """The neurons whose currents stay the same and whose membranes nothing else reads."""
    users: dict[snnrt.BufferOp, list[Operation]] = {}
    for op in network.body.block.ops:
        if not isinstance(op, KernelOpBase | snnrt.OutputOp):
            continue
        for buffer in {root_buffer(value) for value in op.operands}:
            if buffer is not None:
                users.setdefault(buffer, []).append(op)
    neurons = [op for op in network.body.block.ops if isinstance(op, snnrt.LIFOp)]
    return [op for op in neurons if _can_be_batched(op, users)]


def _can_be_batched(op: snnrt.LIFOp, users: dict[snnrt.BufferOp, list[Operation]]) -> bool:
    current, membrane, spikes = map(root_buffer, (op.current, op.membrane, op.spikes))
    if current is None or membrane is None or spikes is None:
        return False
    writers = [user for user in users[current] if _writes(user, current)]
    return (
        all(isinstance(user, KernelOpBase) and user.once is not None for user in writers)
        and users[membrane] == [op]
        and spikes.region.data is snnrt.Region.TRANSIENT
        and [user for user in users[spikes] if _writes(user, spikes)] == [op]
    )


def _writes(op: Operation, buffer: snnrt.BufferOp) -> bool:
    if not isinstance(op, KernelOpBase):
        return False
    return buffer in map(root_buffer, op.buffers((*op.WRITES, *op.UPDATES)))


def batch(layers: list[snnrt.LIFOp], steps: int) -> None:
    """Rewrite neurons, and those who read their spikes, for batches of so many steps."""
    for op in layers:
        _batch_layer(op, steps)


def _batch_layer(op: snnrt.LIFOp, steps: int) -> None:
    spikes = root_buffer(op.spikes)
    assert spikes is not None
    shape = buffer_shape(op.membrane.type)
    elements = element_count(shape)
    bits = snnrt.BufferOp(
        f"{spikes.sym_name.data}_bits",
        snnrt.Region.STATE,
        MemRefType(i32, [steps, step_words(elements)]),
    )
    Rewriter.insert_op(bits, InsertPoint.after(spikes))
    dynamics = {**op.properties, "logical_shape": int_array(logical_shape_of(shape))}
    call = snnrt.LIFMultiStepOp(
        op.membrane, op.current, bits.result, op.leak, op.threshold, op.bias, dynamics
    )
    call.attributes.update(op.attributes)
    Rewriter.replace_op(op, call, [])
    readers = _readers(spikes)
    lists = [reader for reader in readers if isinstance(reader, snnrt.SpikeListOp)]
    for reader in lists:
        listing = snnrt.ListBitsOp(bits.result, reader.list, elements)
        listing.attributes.update(reader.attributes)
        listing.count.name_hint = reader.count.name_hint
        Rewriter.replace_op(reader, listing)
    if len(lists) < len(readers):
        Rewriter.insert_op(snnrt.BitsToBytesOp(bits.result, spikes.result), InsertPoint.after(call))
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
