# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir compile`: from a network of any level to the folder of a C library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Attribute, Operation

from snnir.backends.c.syntax import c_identifier
from snnir.backends.targets import get_target
from snnir.data import Dataset
from snnir.data.network_inputs import integer_input, load_samples
from snnir.dialects import qsnn, snnrt
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.layer_shapes import element_count, shape_of
from snnir.dialects.network import LAYER, NetworkOpBase
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind
from snnir.driver.files import network_of, read_network, rename_network
from snnir.driver.fitting import lower_within_limits
from snnir.driver.lowering import LoweredNetwork
from snnir.driver.pipelines import LoweringOptions, for_target
from snnir.driver.tables import format_table
from snnir.memory.residency import ArenaRow, BufferRow, ConstantRow, Residency, residency
from snnir.quantization.input_density import density_of
from snnir.support.atomic import PathLike

if TYPE_CHECKING:
    from snnir.backends.library import LibraryReport
    from snnir.executors.golden import GoldenVectors

GOLDEN_SAMPLES = 2
"""Samples of the data that become golden vectors."""


@dataclass(frozen=True)
class LayerRow:
    """How one layer is computed; what a layer does not have is None.

    Attributes:
        weights: their type in the integer network, and `weight_count` their number there.
        kernels: that are called for it, or `with LAYER` where those of a later layer compute it;
            of several operations of a layer, such as one with feedback, the first has all.
        constant_bytes: what is stored for its kernels: weights in the form that was chosen, such as
            tables or those that are not zero, and what neurons need.
    """

    layer: str
    operation: str
    weights: str | None
    weight_count: int | None
    sums: str | None
    membrane: str | None
    fraction_bits: int | None
    kernels: str
    constant_bytes: int | None
    state_bytes: int | None


@dataclass(frozen=True)
class CompileReport:
    """What was written.

    Attributes:
        input_maximum: largest value of an input element.
        input_scale: real value of one unit of the input; None for counts and spikes.
        input_is_assumed: whether both were neither given nor measured.
        input_density: most events in neighbouring cells of the input (`#qsnn.density`), if bounded.
    """

    name: str
    target: str
    directory: Path
    input_maximum: int
    input_scale: float | None
    input_is_assumed: bool
    input_density: int | None
    layers: tuple[LayerRow, ...]
    residency: Residency
    library: LibraryReport

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        values = {
            "name": self.name,
            "target": self.target,
            "directory": str(self.directory),
            "input_maximum": self.input_maximum,
            "input_scale": self.input_scale,
            "input_is_assumed": self.input_is_assumed,
            "input_density": self.input_density,
            "layers": [asdict(layer) for layer in self.layers],
            "residency": asdict(self.residency),
            **asdict(self.library),
        }
        return {name: value for name, value in values.items() if value is not None}

    def lines(self) -> list[str]:
        """The report for the screen."""
        titles = (
            "layer", "operation", "weights", "number of weights", "sums", "membrane",
            "fraction bits", "kernels", "stored bytes", "state bytes",
        )  # fmt: skip
        rows = [tuple(asdict(layer).values()) for layer in self.layers]
        unit = "" if self.input_scale is None else f" times {self.input_scale:g}"
        density = ""
        if self.input_density is not None:
            density = f", up to {self.input_density} in a window of the first layer"
        assumed = ", which is assumed: --data measures it" if self.input_is_assumed else ""
        memory = [
            ("arena", self.library.arena_bytes),
            ("of it state", self.library.state_bytes),
            ("RAM without stack", self.library.ram_bytes),
            ("stack, at most", self.library.stack_bytes),
            ("flash", self.library.flash_bytes),
        ]
        return [
            *([*format_table(titles, rows), ""] if rows else []),
            *residency_lines(self.residency), "",
            *format_table(("memory", "bytes"), [row for row in memory if row[1] is not None]), "",
            f"input up to {self.input_maximum}{unit}{density}{assumed}",
            f"library '{self.name}' for {self.target} in {self.directory}: "
            f"{len(self.library.files)} files",
        ]  # fmt: skip


def compile(
    network: ModuleOp | PathLike,
    directory: PathLike | None = None,
    *,
    target: str = "host",
    options: LoweringOptions | None = None,
    data: Dataset | PathLike | None = None,
    bins: int | None = None,
    limit: int | None = None,
    name: str | None = None,
    cmsis_nn: Path | None = None,
) -> CompileReport:
    """Write a network as a C library.

    Args:
        network: a module of any level, or the path of a `.mlir` file.
        directory: where to write; a folder of the network's name by default.
        data: samples, or the text that names them: the range of the input is measured on them
            (`measure_input`), and the first ones become golden vectors. Without data, random
            samples do.
        bins, limit: as for `run`.
        name: of the network, instead of the one it has; the prefix of all names in C.

    Raises:
        SNNError: the network cannot be lowered or does not fit the target or the limits of
            `options`, or the folder cannot be written or holds the library of another network.
    """
    # Here, because importing the function must not load the code generator.
    from snnir.backends.library import check_folder, write_library

    description = get_target(target)
    module = network.clone() if isinstance(network, ModuleOp) else read_network(network)
    if name is not None:
        rename_network(module, name)
    name = network_of(module).sym_name.data
    folder = Path(c_identifier(name) if directory is None else directory)
    check_folder(folder, name)
    samples = None if data is None else load_samples(network_of(module), data, bins, limit)
    options = for_target(options, description)
    lowered = lower_within_limits(module, options, samples, description, cmsis_nn)
    op = lowered.network
    library = write_library(
        lowered.kernels,
        folder,
        target=description,
        cmsis_nn=cmsis_nn,
        golden=_golden_vectors(lowered, samples),
        limits=(options.ram_limit, options.flash_limit),
    )
    assert isinstance(op, snnrt.NetworkOp)
    scale, density = op.properties.get("input_scale"), density_of(op)
    return CompileReport(
        name=op.sym_name.data,
        target=description.name,
        directory=folder,
        input_maximum=op.properties["input_maximum"].value.data,  # type: ignore[attr-defined]
        input_scale=None if scale is None else scale.value.data,  # type: ignore[attr-defined]
        input_is_assumed=(
            samples is None and options.input_maximum is None and lowered.snn is not None
        ),
        input_density=None if density is None else density.limit,
        layers=tuple(layer_rows(lowered)),
        residency=residency(op),
        library=library,
    )


def layer_rows(lowered: LoweredNetwork) -> Iterator[LayerRow]:
    """Return how every layer is computed, in order of execution."""
    if lowered.qsnn is None:
        return
    network = lowered.network
    assert isinstance(network, snnrt.NetworkOp)
    kernels = _kernels_by_layer(network)
    constants = Counter[str]()
    for row in residency(network).constants:
        constants[row.layer] += row.bytes
    layers = [
        op
        for op in network_of(lowered.simplified or lowered.qsnn).body.block.ops
        if not isinstance(op, qsnn.WeightOp | qsnn.OutputOp)
    ]
    called = [op for op in layers if _layer(op) in kernels]
    told = set[str]()
    for op in layers:
        names, bytes = "", None
        if (layer := _layer(op)) not in kernels:
            user = _first_behind(op, called)
            names = "" if user is None else f"with {_layer(user)}"
        elif layer not in told and not isinstance(op, _BOOKKEEPING):
            told.add(layer)
            names, bytes = ", ".join(kernels[layer]), constants.get(layer)
        yield _layer_row(op, names, bytes)


_BOOKKEEPING = (qsnn.RegisterOp, qsnn.ReadOp, qsnn.WriteOp)
"""Operations of feedback, which compute nothing."""


def _first_behind(op: Operation, called: list[Operation]) -> Operation | None:
    """The first of some operations that needs a value of this one, however indirectly."""
    if isinstance(op, qsnn.ReshapeOp):
        return None
    reached = {op}
    following = op.next_op
    while following is not None:
        if any(operand.owner in reached for operand in following.operands):
            if following in called:
                return following
            reached.add(following)
        following = following.next_op
    return None


def _layer_row(op: Operation, kernels: str, constant_bytes: int | None) -> LayerRow:
    weight = op.weight if isinstance(op, qsnn.LinearOp | qsnn.Conv2dOp) else None
    membrane = getattr(op, "membrane", None)
    overflow = f", {op.overflow.data.value}" if isinstance(op, qsnn.NeuronBase) else ""
    return LayerRow(
        layer=_layer(op),
        operation=op.name.removeprefix("qsnn."),
        weights=None if weight is None else str(element_type_of(weight.type)),
        weight_count=None if weight is None else element_count(shape_of(weight.type)),
        sums=None if weight is None else str(element_type_of(op.results[0].type)),
        membrane=None if membrane is None else f"{element_type_of(membrane.type)}{overflow}",
        fraction_bits=op.shift.value.data if isinstance(op, qsnn.NeuronBase) else None,
        kernels=kernels,
        constant_bytes=constant_bytes,
        state_bytes=sum(_bytes(state.type) for state in op.states)
        if isinstance(op, qsnn.NeuronBase)
        else None,
    )


def _layer(op: Operation) -> str:
    return getattr(op.attributes.get(LAYER), "data", "")


def residency_lines(residency: Residency) -> list[str]:
    """Return what lies where and when: buffers by offset, then constants by layer."""
    buffers = [
        (
            row.buffer, row.bytes, row.memory, row.offset, row.kind, _span(row.first, row.last),
            _uses(row),
        )
        for row in residency.buffers
    ]  # fmt: skip
    constants = [
        (
            row.layer, row.bytes, f"{row.memory}, copied" if row.copied else row.memory,
            ", ".join(row.constants), _uses(row),
        )
        for row in residency.constants
    ]  # fmt: skip
    titles = ("buffer", "bytes", "memory", "offset", "kind", "live at layers", "uses of a byte")
    return [
        *format_table(titles, buffers),
        "",
        *_arena_lines(residency.arenas),
        *format_table(
            ("constants of layer", "bytes", "memory", "arrays", "uses of a byte"), constants
        ),
    ]


def _uses(row: BufferRow | ConstantRow) -> str:
    """How often a mean step reads or writes each byte."""
    return f"{row.traffic / max(row.bytes, 1):,.2f}"


def _arena_lines(arenas: Sequence[ArenaRow]) -> list[str]:
    """What each of several arenas takes, and why there are several."""
    if len(arenas) == 1:
        return []
    total = max(sum(row.traffic for row in arenas), 1)
    rows = [
        (row.memory, row.bytes, row.state_bytes, f"{row.traffic / total:.1%}") for row in arenas
    ]
    titles = ("arena in", "bytes", "of it state", "of all that a step reads and writes")
    return [
        *format_table(titles, rows),
        f"{arenas[0].memory} has no room for all: it holds those buffers that fit together of "
        "which a mean step reads and writes most",
        "",
    ]


def _span(first: str | None, last: str | None) -> str | None:
    return first if first is None or first == last else f"{first} to {last}"


def _bytes(type: Attribute) -> int:
    """Bytes that a tensor takes in C, where elements below 8 bits take one each."""
    element_type = element_type_of(type)
    assert isinstance(element_type, IntegerType)
    return element_count(shape_of(type)) * max(element_type.width.data, 8) // 8


def _kernels_by_layer(network: NetworkOpBase) -> dict[str, tuple[str, ...]]:
    """The C functions that are called for each layer, each once."""
    found: dict[str, dict[str, None]] = {}
    for op in network.body.block.ops:
        if isinstance(op, KernelOpBase) and (layer := _layer(op)):
            found.setdefault(layer, {})[op.name.partition(".")[2]] = None
    return {layer: tuple(names) for layer, names in found.items()}


def _golden_vectors(lowered: LoweredNetwork, data: Dataset | None) -> GoldenVectors | None:
    """Samples with what the integers compute for them; None for a network written as kernels."""
    if lowered.qsnn is None:
        return None
    from snnir.executors.golden import golden_vectors

    network = network_of(lowered.qsnn)
    x = _random_samples(network) if data is None else data.x[:GOLDEN_SAMPLES]
    return golden_vectors(network, integer_input(network, x), progress=True)


def _random_samples(network: NetworkOpBase) -> np.ndarray:
    """Samples that look like sparse events, or like noise; the same at every call."""
    generator = np.random.default_rng(0)
    shape = shape_of(network.frame.type)
    if network.input.data is not InputKind.STATIC_VALUES:
        shape = (network.timesteps.value.data, *shape)
    if network.input.data in REAL_KINDS:
        return generator.normal(size=(GOLDEN_SAMPLES, *shape))
    samples = (generator.random((GOLDEN_SAMPLES, *shape)) < 0.05).astype(np.uint8)
    if (density := density_of(network)) is not None:
        # A frame with so few events in total keeps to every bound on its parts.
        frames = samples.reshape(GOLDEN_SAMPLES, network.timesteps.value.data, -1)
        frames[np.cumsum(frames, axis=-1, dtype=np.int64) > density.limit] = 0
    return samples
