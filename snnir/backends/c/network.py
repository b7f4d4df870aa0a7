# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the printer knows about a network: names, buffers, sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from snnir.backends.c.arenas import CArena, arenas_of
from snnir.backends.c.syntax import RESERVED_NAMES, bits_of, c_identifier, c_type
from snnir.dialects import cmsis_nn, snnrt
from snnir.dialects.kernel_bases import KernelOpBase, ListingCallBase, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.network import layer_names
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind
from snnir.support.diagnostics import error_at

LONGEST_NAME = 100
"""Characters of a network's name; files are called after it."""


@dataclass
class CNetwork:
    """A planned `snnrt.network` with the C names of everything in it.

    Raises:
        SNNError: memory has not been planned.
    """

    op: snnrt.NetworkOp
    names: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])

    def __post_init__(self) -> None:
        if self.op.arena_bytes is None or self.op.state_bytes is None:
            raise error_at(self.op, "memory is not planned; run kernels-plan-memory first")
        for op in self.op.body.block.ops:
            if isinstance(op, snnrt.BufferOp) and op.offset is None:
                raise error_at(op, "has no place in an arena; run kernels-plan-memory again")
            if isinstance(op, snnrt.BufferOp | snnrt.ConstantOp):
                self.names[op.result] = c_identifier(op.sym_name.data)
            elif isinstance(op, snnrt.ViewOp):
                self.names[op.result] = self.names[op.source]
            elif isinstance(op, ListingCallBase):
                self.names[op.count] = f"{self.names[op.listed]}_count"

    @cached_property
    def name(self) -> str:
        """Prefix of all global names."""
        return c_identifier(self.op.sym_name.data)

    @property
    def macro(self) -> str:
        """Prefix of all macros."""
        return self.name.upper()

    @cached_property
    def arenas(self) -> tuple[CArena, ...]:
        """Memory that the caller provides: one arena, or one for each of several memories."""
        return arenas_of(self.op)

    @property
    def arena_bytes(self) -> int:
        """Memory that the caller provides, in bytes."""
        return sum(arena.bytes for arena in self.arenas)

    @property
    def state_bytes(self) -> int:
        """Part of it that lives from step to step, at the start of each arena."""
        return sum(arena.state_bytes for arena in self.arenas)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of an input frame, channels first."""
        return buffer_shape(self.op.frame.type)

    @property
    def input_scale(self) -> float:
        """Real value of one unit of the input, where that is real."""
        scale = self.op.input_scale
        return 1.0 if scale is None else scale.value.data

    @property
    def takes_values(self) -> bool:
        """Whether frames hold signed values instead of counts."""
        return self.op.input.data in REAL_KINDS

    @property
    def frame_type(self) -> str:
        """C type of a frame element."""
        return "int8_t" if self.takes_values else "uint8_t"

    @cached_property
    def calls(self) -> list[KernelOpBase]:
        """The calls of a step; the first ones read the frame."""
        return [op for op in self.op.body.block.ops if isinstance(op, KernelOpBase)]

    @cached_property
    def input_calls(self) -> list[KernelOpBase]:
        """The calls that read the frame: checks of it first, then the one that stores it."""
        return [op for op in self.calls if self.op.frame in op.operands]

    @property
    def once_calls(self) -> list[KernelOpBase]:
        """The calls that only the first step makes, after the input has been read."""
        return [op for op in self.calls if op.once is not None and op not in self.input_calls]

    @property
    def step_calls(self) -> list[KernelOpBase]:
        """The calls of every step after the input has been read."""
        return [op for op in self.calls if op.once is None and op not in self.input_calls]

    @property
    def once_arenas(self) -> Sequence[CArena]:
        """Arenas of the function that makes the calls of the first step; at least one."""
        return self.arenas_in(*self.once_calls) or self.arenas[:1]

    @property
    def is_static(self) -> bool:
        """Whether the frame is the same at every step of a sequence."""
        return self.op.input.data is InputKind.STATIC_VALUES

    @property
    def reads_frame_once(self) -> bool:
        """Whether the first step of a sequence alone reads the frame."""
        return all(op.once is not None for op in self.input_calls)

    @property
    def batch_steps(self) -> int | None:
        """Steps that some neurons compute at once; None if all compute one."""
        return next((op.period for op in self.calls if op.period is not None), None)

    @cached_property
    def constants(self) -> list[snnrt.ConstantOp]:
        """Constant arrays."""
        return [op for op in self.op.body.block.ops if isinstance(op, snnrt.ConstantOp)]

    @cached_property
    def layers(self) -> dict[Operation, str]:
        """Names of the neuron layers."""
        return layer_names(self.op)

    @property
    def uses_cmsis_nn(self) -> bool:
        """Whether CMSIS-NN must be linked."""
        return any(type(op) in cmsis_nn.CMSISNN.operations for op in self.calls)

    @property
    def scores(self) -> SSAValue:
        """The buffer that the readout accumulates, int32."""
        return self.op.outputs[1]

    @property
    def output_size(self) -> int:
        """Number of output neurons."""
        return element_count(buffer_shape(self.scores.type))

    @property
    def classes(self) -> int:
        """Number of classes: groups of output neurons with a population readout."""
        population = self.op.population
        return self.output_size if population is None else population.value.data

    def pointer(self, value: SSAValue) -> str:
        """C expression for the address of a buffer or constant, or the name of a count."""
        if value is self.op.frame:
            return "frame"
        return self._buffer_pointer(value, c_type(value)) or self.names[value]

    def unsigned_pointer(self, value: SSAValue, *, const: bool = False) -> str:
        """The same as unsigned numbers, which the dialect has no type for; of constants `const`."""
        type = f"u{c_type(value)}"
        pointer = self._buffer_pointer(value, f"const {type}" if const else type)
        return pointer or f"(const {type} *){self.names[value]}"

    def _buffer_pointer(self, value: SSAValue, type: str) -> str | None:
        """The address of what lies in an arena as elements of a C type; None for all else."""
        if (placed := in_arena(value)) is None:
            return None
        assert placed.offset is not None
        # Compilers may warn of casts of bytes to wider types; the arena is aligned for all.
        through = "" if bits_of(value) == 8 else "(void *)"
        return f"({type} *){through}({self.arena_of(placed).name} + {placed.offset.value.data})"

    def arena_of(self, placed: snnrt.BufferOp | snnrt.ConstantOp) -> CArena:
        """The arena that a buffer or copy lies in."""
        if len(self.arenas) == 1:
            return self.arenas[0]
        assert placed.memory is not None
        return next(arena for arena in self.arenas if arena.memory == placed.memory.data)

    def arenas_in(self, *calls: KernelOpBase) -> list[CArena]:
        """The arenas that some calls need; with a single one, always that."""
        if len(self.arenas) == 1:
            return list(self.arenas)
        operands = [in_arena(value) for op in calls for value in op.operands]
        found = {self.arena_of(placed) for placed in operands if placed is not None}
        return [arena for arena in self.arenas if arena in found]

    @property
    def copies(self) -> list[snnrt.ConstantOp]:
        """The constants that are copied to an arena."""
        return [op for op in self.constants if op.offset is not None]


def in_arena(value: SSAValue) -> snnrt.BufferOp | snnrt.ConstantOp | None:
    """The buffer, or the constant that is copied, that a value is or is a view of."""
    while isinstance(owner := value.owner, snnrt.ViewOp):
        value = owner.source
    if isinstance(owner, snnrt.ConstantOp):
        return None if owner.offset is None else owner
    return owner if isinstance(owner, snnrt.BufferOp) else None


def only_network(module: ModuleOp) -> CNetwork:
    """The one `snnrt.network` of a module.

    Raises:
        SNNError: there is none, or more than one, or its name cannot be that of a library.
    """
    networks = [op for op in module.ops if isinstance(op, snnrt.NetworkOp)]
    if len(networks) != 1:
        raise error_at(
            module, f"expected one snnrt.network, found {len(networks)}; run "
            "convert-snn-to-qsnn,convert-qsnn-to-kernels,kernels-plan-memory first"
        )  # fmt: skip
    network = CNetwork(networks[0])
    _check_name(network)
    return network


def _check_name(network: CNetwork) -> None:
    """Refuse names that would be those of kernels, or too long for files."""
    if network.name.lower() in RESERVED_NAMES:
        raise error_at(
            network.op, f"cannot be called '{network.name}' in C, where other names begin so; give "
            "another with --name"
        )  # fmt: skip
    if len(network.name) > LONGEST_NAME:
        raise error_at(
            network.op, f"has a name of {len(network.name)} characters, more than the "
            f"{LONGEST_NAME} that files may have; give another with --name"
        )  # fmt: skip


def batch_sentence(steps: int) -> str:
    """What users are told of batches of steps (`CNetwork.batch_steps`)."""
    return (
        f"One step in {steps}, the first among them, takes longer: it computes {steps} steps of "
        "some neurons."
    )
