# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernels that each layer of a `qsnn` network can have, with their predicted costs.

Costs come from lowering the network with these kernels: bytes of constants and buffers are exact,
instructions and code are predicted. A lowering gives one candidate to every layer, so that a few
are enough; what a layer costs depends on other layers only by the form in which it gets its input.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr, i1, i64
from xdsl.ir import Block, Operation, SSAValue

from snnir.costs.code_size import initial_states
from snnir.costs.goals import Metric
from snnir.costs.library import Parts, library_parts
from snnir.costs.model import NetworkCost, load_table, predict
from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.kernels.cmsis_rules import s4_obstacle
from snnir.kernels.compressed_weights import WEIGHT_RANGES, fewest_bits
from snnir.kernels.context import (
    CMSIS_CHOICES,
    WEIGHT_BITS,
    KernelChoice,
    KernelContext,
    NeuronChoice,
    Packing,
)
from snnir.kernels.conv2d_rules import SPARSE_BLOCKS, sparse_share
from snnir.kernels.dot_rules import dot_rows_of
from snnir.kernels.linear_candidates import candidates as linear_candidates
from snnir.kernels.map_rules import NEURONS
from snnir.kernels.mask_rules import TABLE_BYTES, reads_masks
from snnir.kernels.tile_rules import TILE_ROWS
from snnir.kernels.weights import layer_weights
from snnir.kernels.window_rules import PACKING, SKIP_CALM, window_blocks
from snnir.kernels.windows import match_map_block
from snnir.memory.lifetimes import lifetimes, root_buffer, value_bytes
from snnir.passes.convert_qsnn_to_kernels import ConvertQSNNToKernelsPass
from snnir.passes.kernels_plan_memory import KernelsPlanMemoryPass
from snnir.passes.static_input import StaticInputPasses
from snnir.quantization.integer_ranges import network_ranges
from snnir.support.diagnostics import DiagnosticEngine
from snnir.universe import make_context

KERNEL = "kernel"
_LAYER_NUMBER = "selected_layer"
"""Attribute by which calls tell their layer; only in copies that are lowered to measure them."""

TABLE_BUDGETS = (
    0,
    8 << 10,
    16 << 10,
    32 << 10,
    64 << 10,
    128 << 10,
    192 << 10,
    256 << 10,
    320 << 10,
    384 << 10,
)
"""Bytes of the tables of kernel sums that are tried for each convolution."""

TILES = (1, 2, 4)
"""Rows of windows of tiles that are tried."""

Layer = qsnn.Conv2dOp | qsnn.LinearOp
Form = Literal["bytes", "lanes"]
"""What a layer's spikes are stored as: bytes or lists, or masks of lanes."""


@dataclass(frozen=True)
class Choice:
    """The kernel of a layer; all but its name only for convolutions."""

    kernel: KernelChoice
    packing: Packing | None = None
    table_bytes: int | None = None
    tile_rows: int | None = None
    weight_bits: int | None = None
    neurons: NeuronChoice | None = None
    skip_calm: bool | None = None

    @property
    def gives_lists(self) -> bool:
        """Whether spikes are lists of masks or indices."""
        return self.is_windowed or self.neurons == "lists"

    @property
    def is_windowed(self) -> bool:
        """Whether currents are read window by window."""
        return self.packing is not None

    def __str__(self) -> str:
        stored = f", weights of {self.weight_bits} bits" if self.weight_bits else ""
        tables = f" with tables up to {self.table_bytes} bytes" if self.table_bytes else ""
        if self.packing is None:
            neurons = ", neurons that list their spikes" if self.neurons == "lists" else ""
            return f"{self.kernel}{stored}{tables}{neurons}"
        if self.tile_rows:
            rows = "row" if self.tile_rows == 1 else "rows"
            every = ", all of them computed" if self.skip_calm is False else ""
            return f"tiles of {self.tile_rows} {rows} of windows{every}{stored}"
        return f"windows of {self.packing}{tables}"

    def write(self, op: Operation) -> None:
        """Set the attributes that `convert-qsnn-to-kernels` obeys."""
        for name in (KERNEL, PACKING, TABLE_BYTES, TILE_ROWS, WEIGHT_BITS, NEURONS, SKIP_CALM):
            op.attributes.pop(name, None)
        op.attributes[KERNEL] = StringAttr(self.kernel)
        if self.packing is not None:
            op.attributes[PACKING] = StringAttr(self.packing)
        if self.table_bytes:
            op.attributes[TABLE_BYTES] = IntegerAttr(self.table_bytes, i64)
        if self.tile_rows:
            op.attributes[TILE_ROWS] = IntegerAttr(self.tile_rows, i64)
        if self.weight_bits:
            op.attributes[WEIGHT_BITS] = IntegerAttr(self.weight_bits, i64)
        if self.neurons:
            op.attributes[NEURONS] = StringAttr(self.neurons)
        if self.skip_calm is not None:
            op.attributes[SKIP_CALM] = IntegerAttr(int(self.skip_calm), i1)


@dataclass(frozen=True)
class LayerCost:
    """What a layer costs with the neurons behind it.

    Attributes:
        time: of a mean step, in instructions or cycles.
        flash_bytes: constants and code, without that of libraries.
        state_bytes: buffers that live from step to step.
        transient_bytes: most bytes of other buffers during its calls, those of neighbours included.
        library: parts of CMSIS-NN that it calls, which layers share.
    """

    time: float
    flash_bytes: float
    state_bytes: float
    transient_bytes: float
    library: Parts = frozenset()


Assignment = Sequence[Choice]
Costs = dict[tuple[Choice, Form], LayerCost]
"""Of one layer, for each choice and form of its input."""


def layers_of(network: qsnn.NetworkOp) -> list[Layer]:
    """The layers that have weights, in their order."""
    return [op for op in network.body.block.ops if isinstance(op, qsnn.Conv2dOp | qsnn.LinearOp)]


def window_layers(network: qsnn.NetworkOp) -> dict[Layer, Layer | None]:
    """Convolutions that can be read window by window, with the one whose spikes they read, if that
    can, too.
    """
    context = KernelContext(_without_choices(network), "event", lambda *_, **__: None)
    originals = dict(zip(context.network.body.block.ops, network.body.block.ops, strict=True))
    found: dict[Layer, Layer | None] = {}
    producers: dict[SSAValue, Layer] = {}
    for op, block in window_blocks(context).items():
        layer = originals[op]
        assert isinstance(layer, qsnn.Conv2dOp)
        assert isinstance(op, qsnn.Conv2dOp)
        found[layer] = producers.get(op.input)
        producers[block.neurons.spikes] = layer
    return found


def _without_choices(network: qsnn.NetworkOp) -> qsnn.NetworkOp:
    copy = network.clone()
    for op in copy.body.block.ops:
        op.attributes.pop(KERNEL, None)
    return copy


@dataclass(frozen=True)
class Lowered:
    """A network with chosen kernels on planned memory, and what it is predicted to cost."""

    network: snnrt.NetworkOp
    cost: NetworkCost

    def by_layer(self, layers: int) -> list[LayerCost]:
        """The costs of each layer."""
        calls: dict[int, list[KernelOpBase]] = defaultdict(list)
        waiting: list[KernelOpBase] = []
        number = 0
        for op in self.network.body.block.ops:
            if not isinstance(op, KernelOpBase):
                continue
            waiting.append(op)
            marker = op.attributes.get(_LAYER_NUMBER)
            if isinstance(marker, IntegerAttr):
                number = marker.value.data
                calls[number] += waiting
                waiting = []
        calls[number] += waiting
        owned = self._owned_bytes(calls)
        live = self._live_bytes()
        return [
            LayerCost(
                sum(self.cost.calls[op] for op in calls[index]),
                sum(self.cost.code[op] for op in calls[index]) + owned[index][0],
                owned[index][1],
                max((live[op] for op in calls[index]), default=0),
                library_parts(calls[index]),
            )
            for index in range(layers)
        ]

    def _owned_bytes(self, calls: dict[int, list[KernelOpBase]]) -> dict[int, list[float]]:
        """Bytes of constants and states, by the layer that uses them first."""
        owned: dict[int, list[float]] = defaultdict(lambda: [0, 0])
        seen: set[Operation] = set()
        initial, table = initial_states(self.network), load_table()
        for index in sorted(calls):
            for operand in (value for op in calls[index] for value in op.operands):
                buffer = root_buffer(operand)
                constant = operand.owner if isinstance(operand.owner, snnrt.ConstantOp) else None
                source = buffer or constant
                if source is None or source in seen:
                    continue
                seen.add(source)
                if constant is not None:
                    owned[index][0] += value_bytes(constant.result)
                elif buffer is not None and buffer.region.data is snnrt.Region.STATE:
                    owned[index][1] += value_bytes(buffer.result)
                    if buffer in initial:
                        owned[index][0] += initial[buffer] + table.initial_bytes
        return owned

    def _live_bytes(self) -> dict[Operation, int]:
        lives = lifetimes(self.network)
        return {
            op: sum(life.bytes for life in lives if life.first <= index <= life.last)
            for index, op in enumerate(self.network.body.block.ops)
            if isinstance(op, KernelOpBase)
        }


def lower(
    network: qsnn.NetworkOp,
    choices: Assignment,
    static_input: StaticInputPasses | None = None,
    metric: Metric = "instructions",
) -> Lowered:
    """Lower a copy of a network with a choice for each layer.

    Args:
        static_input: the passes as they will run on the kernels; None for their defaults.
        metric: what calls cost.

    Raises:
        SNNError: the network cannot be lowered at all.
    """
    copy = network.clone()
    number = 0
    chosen = iter(enumerate(choices))
    for op in copy.body.block.ops:
        if isinstance(op, qsnn.Conv2dOp | qsnn.LinearOp):
            number, choice = next(chosen)
            choice.write(op)
        op.attributes[_LAYER_NUMBER] = IntegerAttr(number, i64)
    module, context = ModuleOp([copy]), make_context()
    # Nobody wants remarks on what may not be chosen.
    with DiagnosticEngine():
        ConvertQSNNToKernelsPass().apply(context, module)
        (static_input or StaticInputPasses()).apply(context, module)
        KernelsPlanMemoryPass().apply(context, module)
    lowered = next(op for op in module.ops if isinstance(op, snnrt.NetworkOp))
    return Lowered(lowered, predict(lowered, metric=metric))


def simple_choice(op: Layer) -> Choice:
    """The kernel that a layer can always have."""
    return Choice("scatter" if isinstance(op, qsnn.Conv2dOp) else "dense")


def _assignments(
    network: qsnn.NetworkOp, windows: dict[Layer, Layer | None], packings: Sequence[Packing],
    budgets: Sequence[int], tiles: Sequence[int], cmsis: bool,
) -> Iterator[list[Choice]]:  # fmt: skip
    """Assignments that together give every layer each of its candidates."""
    layers = layers_of(network)
    listing = [isinstance(op, qsnn.Conv2dOp) and match_map_block(op) is not None for op in layers]
    for choices in _assignments_of_bytes(network, windows, packings, budgets, tiles, cmsis):
        yield choices
        if any(choice.is_windowed or choice.kernel in _NEVER_LISTING for choice in choices):
            continue
        if any(listing):
            yield [
                replace(choice, neurons="lists") if lists else choice
                for choice, lists in zip(choices, listing, strict=True)
            ]


_NEVER_LISTING: tuple[KernelChoice, ...] = (*CMSIS_CHOICES, "masks")
"""Kernels whose neurons need not list their spikes: those of CMSIS-NN read bytes, and behind masks
windows give the same.
"""


def _assignments_of_bytes(
    network: qsnn.NetworkOp, windows: dict[Layer, Layer | None], packings: Sequence[Packing],
    budgets: Sequence[int], tiles: Sequence[int], cmsis: bool,
) -> Iterator[list[Choice]]:  # fmt: skip
    """The assignments whose neurons only list their spikes where windows do."""
    layers = layers_of(network)
    storages = [
        list(dict.fromkeys(Choice(c.name) for c in linear_candidates(op)))  # type: ignore[arg-type]
        if isinstance(op, qsnn.LinearOp)
        else []
        for op in layers
    ]
    most = max((len(found) for found in storages), default=0)
    uniform: list[Choice | None] = [None] * max(most, 1)
    if windows:
        settings = [Choice("event", packing, budget) for budget in budgets for packing in packings]
        settings += _tiled_choices(tiles)
        uniform += settings + settings[:1] * (most - len(settings))
    for round_, setting in enumerate(uniform):
        yield [
            found[round_ % len(found)] if found
            else _windowed(setting, op) if setting is not None and op in windows
            else simple_choice(op)
            for op, found in zip(layers, storages, strict=True)
        ]  # fmt: skip
    # Convolutions of bytes behind ones with windows.
    windowed = [op for op in layers if op in windows]
    for cut in range(1, len(windowed)):
        inside = set(windowed[:cut])
        yield [
            Choice("event", packings[0], 0) if op in inside else simple_choice(op) for op in layers
        ]
    yield from _packed_assignments(network, windows, tiles)
    masked = {op for op in layers if isinstance(op, qsnn.Conv2dOp) and reads_masks(op)}
    for budget in budgets if masked else ():
        choice = Choice("masks", table_bytes=budget)
        yield [choice if op in masked else simple_choice(op) for op in layers]
    for name, block in SPARSE_BLOCKS.items():
        sparse = {op for op in layers if isinstance(op, qsnn.Conv2dOp) and _is_sparse(op, block)}
        if sparse:
            yield [Choice(name) if op in sparse else simple_choice(op) for op in layers]
    dots = {op for op in layers if isinstance(op, qsnn.Conv2dOp) and dot_rows_of(op) is not None}
    if dots:
        yield [Choice("dot") if op in dots else simple_choice(op) for op in layers]
    if cmsis:
        yield [Choice("cmsis") for _ in layers]
        ranges = network_ranges(network)
        narrow = [op for op in layers if s4_obstacle(op, ranges) is None]
        if narrow:
            yield [Choice("cmsis_s4" if op in narrow else "cmsis") for op in layers]


MOST_KEPT = 0.5
"""Share of weights or blocks other than zero up to which storing only them is tried."""


def _is_sparse(op: qsnn.Conv2dOp, block: int) -> bool:
    share = sparse_share(op, block)
    return share is not None and share <= MOST_KEPT


def _packed_assignments(
    network: qsnn.NetworkOp, windows: dict[Layer, Layer | None], tiles: Sequence[int]
) -> Iterator[list[Choice]]:
    """Convolutions with weights of 4 or 2 bits, where some fit."""
    layers = layers_of(network)
    for bits in WEIGHT_RANGES:
        packed = {
            op for op in layers
            if isinstance(op, qsnn.Conv2dOp) and fewest_bits(layer_weights(op), bits) == bits
        }  # fmt: skip
        if not packed:
            continue
        yield [
            replace(simple_choice(op), weight_bits=bits if op in packed else None) for op in layers
        ]
        for tiled in _tiled_choices(tiles) if packed & windows.keys() else ():
            yield [
                replace(_windowed(tiled, op), weight_bits=bits if op in packed else None)
                if op in windows
                else simple_choice(op)
                for op in layers
            ]


MOST_EVENT_TABLES = 16 << 10
"""Bytes of multiples of the kernels of events that are worth a choice."""


def _windowed(choice: Choice, op: Layer) -> Choice:
    """A choice for a layer that reads spikes, which leave no window calm, or events, which need few
    tables."""
    if not isinstance(op.input.owner, Block):
        return replace(choice, skip_calm=None)
    if choice.table_bytes is None:
        return choice
    return replace(choice, table_bytes=min(choice.table_bytes, MOST_EVENT_TABLES))


def _tiled_choices(tiles: Sequence[int]) -> list[Choice]:
    """Tiles of so many rows, also without what calm windows take."""
    tiled = [Choice("event", "pairs", 0, rows) for rows in tiles]
    return tiled + [replace(choice, skip_calm=False) for choice in tiled]


def layer_costs(
    network: qsnn.NetworkOp,
    packings: Sequence[Packing],
    budgets: Sequence[int],
    tiles: Sequence[int],
    cmsis: bool,
    static_input: StaticInputPasses | None = None,
    metric: Metric = "instructions",
) -> list[Costs]:
    """The candidates of each layer with their costs."""
    layers, windows = layers_of(network), window_layers(network)
    result: list[Costs] = [{} for _ in layers]
    assignments = map(tuple, _assignments(network, windows, packings, budgets, tiles, cmsis))
    # What only some networks can tell apart is the same assignment in others.
    for choices in dict.fromkeys(assignments):
        lowered = lower(network, choices, static_input, metric)
        if any(choice.kernel in CMSIS_CHOICES for choice in choices) and lowered.cost.unknown:
            # What is not in the table would seem to cost nothing.
            continue
        costs = lowered.by_layer(len(layers))
        forms = input_forms(network, choices)
        for found, choice, form, cost in zip(result, choices, forms, costs, strict=True):
            found.setdefault((choice, form), cost)
    return result


def input_forms(network: qsnn.NetworkOp, choices: Assignment) -> list[Form]:
    """The form in which each layer gets its input."""
    layers = layers_of(network)
    forms: list[Form] = []
    lanes: dict[SSAValue, Form] = {}
    by_layer = dict(zip(layers, choices, strict=True))
    current: Choice | None = None
    for op in network.body.block.ops:
        if isinstance(op, qsnn.Conv2dOp | qsnn.LinearOp):
            forms.append(lanes.get(op.input, "bytes"))
            current = by_layer[op]
        form: Form = "lanes" if current is not None and current.gives_lists else "bytes"
        if isinstance(op, qsnn.ReshapeOp):
            form = lanes.get(op.input, "bytes")
        for result in op.results:
            lanes[result] = form
    return forms
