# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `snnrt` dialect: the project's own C99 kernel library, one operation for each function.

A `snnrt.network` holds buffers, constants and the calls of one time step in order, also those of
`cmsis_nn`. The headers in `snnir/backends/snnrt/include/snnrt` define each function.
"""

from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    FloatAttr,
    IntegerAttr,
    i8,
)
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Dialect
from xdsl.irdl import (
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.traits import HasParent, IsolatedFromAbove, IsTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from snnir.dialects.input_density import InputDensityAttr, verify_density
from snnir.dialects.kernel_bases import (
    buffer_shape,
    expect_buffer,
)
from snnir.dialects.network import NetworkOpBase, verify_output_scale
from snnir.dialects.snnrt_compressed import (
    Conv2dScatterBlocksOp,
    Conv2dScatterSparseOp,
    LinearScatterBlocksOp,
    LinearScatterSparseOp,
    SparseConvolutionBase,
)
from snnir.dialects.snnrt_dot import Conv2dDotOp, Conv2dDotPool2dOp, LinearCountsOp, LinearDotOp
from snnir.dialects.snnrt_gather import LinearGatherBase, LinearGatherOp, LinearGatherPackedOp
from snnir.dialects.snnrt_input import CheckDensityOp, ListHitsOp, cell_counts
from snnir.dialects.snnrt_lanes import (
    IndexListLIFBase,
    LaneConv2dHitsOp,
    MaskConv2dOp,
    MaskListLIFBase,
    WindowLIFBase,
    WindowLIFListOp,
    WindowLIFMasksOp,
)
from snnir.dialects.snnrt_layers import (
    AddOp,
    ConcatChannelsOp,
    Conv2dScatterOp,
    Conv2dScatterValuesOp,
    FrameToHWCOp,
    Im2ColOp,
    LinearScatterOp,
    LinearScatterValuesOp,
    MaxPool2dOp,
    ScaleOp,
    SpikeListOp,
    SumPool2dOp,
    ValuesToHWCOp,
    WidenOp,
)
from snnir.dialects.snnrt_maps import MapLIFBase, MapLIFListOp, MapLIFMasksOp
from snnir.dialects.snnrt_masks import BytesToMasksOp, MasksToBytesOp, MaxPoolMasksOp
from snnir.dialects.snnrt_memory import (
    ArenaAttr,
    BufferOp,
    ConstantOp,
    FillZeroOp,
    Region,
    RegionAttr,
    ViewOp,
    verify_arenas,
)
from snnir.dialects.snnrt_neuron_bases import LIFCallBase, PackedLIFBase, PackedNeuronsBase
from snnir.dialects.snnrt_neurons import (
    AlphaOp,
    CountSpikesOp,
    FirstSpikeOp,
    LIFOp,
    LIOp,
    ReadMembraneOp,
)
from snnir.dialects.snnrt_packed import Conv2dScatterPackedOp, LinearScatterPackedOp
from snnir.dialects.snnrt_steps import (
    AlphaMultiStepOp,
    BitsToBytesOp,
    LIFMultiStepOp,
    ListBitsOp,
    MultiStepBase,
    SynapticMultiStepOp,
)
from snnir.dialects.snnrt_tiles import (
    MarkEventsOp,
    TileLIFBase,
    TileLIFListOp,
    TileLIFMasksOp,
)


@irdl_op_definition
class NetworkOp(NetworkOpBase):
    """The calls of one time step.

    Constraints: those of `NetworkOpBase`; (C6) the frame is `i8`; (C7) `input_maximum` is between 1
    and 127; (C8) `input_density` fits kind and shape of the frame; (C9) `output_scale` is positive;
    (C10) `arenas` are two or more, of different memories, and add up to `arena_bytes` and
    `state_bytes`; (C11) each buffer and copied constant lies in one of them, states in the bytes
    for state and all others behind these.

    The frame is what a caller passes: channels first, `ui8`-like bytes for counts and spikes.
    `kernels-plan-memory` sets `arena_bytes`, what the caller provides, and `state_bytes`, the part
    that lives from step to step; and `arenas` where no memory of the target holds all of it.
    """

    name = "snnrt.network"
    OUTPUT_NAME: ClassVar[str] = "snnrt.output"

    input_maximum = prop_def(IntegerAttr)
    input_scale = opt_prop_def(FloatAttr)
    input_density = opt_prop_def(InputDensityAttr)
    output_scale = opt_prop_def(FloatAttr)
    arena_bytes = opt_prop_def(IntegerAttr)
    state_bytes = opt_prop_def(IntegerAttr)
    arenas = opt_prop_def(ArrayAttr[ArenaAttr])

    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove())

    def verify_(self) -> None:
        super().verify_()
        expect_buffer("the frame", self.frame, i8)  # C6
        maximum = self.input_maximum.value.data
        if not 1 <= maximum <= 127:  # C7
            raise VerifyException(f"input_maximum must be between 1 and 127, got {maximum}")
        verify_density(self.input_density, self.input.data, buffer_shape(self.frame.type))  # C8
        verify_output_scale(self.output_scale)  # C9
        if self.arenas is not None:
            sums = self.arena_bytes, self.state_bytes
            verify_arenas(self.arenas.data, sums, self.placed)  # C10, C11

    @property
    def placed(self) -> list[BufferOp | ConstantOp]:
        """What lies in arenas once memory is planned: buffers, and constants that are copied."""
        return [
            op
            for op in self.body.block.ops
            if isinstance(op, BufferOp) or (isinstance(op, ConstantOp) and op.offset is not None)
        ]


@irdl_op_definition
class OutputOp(AbstractYieldOperation[Attribute]):
    """Ends the step. Operands: the output values, then the scores that the readout accumulates."""

    name = "snnrt.output"

    traits = traits_def(IsTerminator(), HasParent(NetworkOp))


SNNRT = Dialect(
    "snnrt",
    [
        NetworkOp, OutputOp, BufferOp, ConstantOp, ViewOp, FrameToHWCOp, ValuesToHWCOp, SpikeListOp,
        FillZeroOp, Conv2dScatterOp, Conv2dScatterValuesOp, LinearScatterOp, LinearScatterValuesOp,
        MaxPool2dOp, SumPool2dOp, LIFOp, LIOp, AlphaOp, AddOp, ScaleOp, ConcatChannelsOp, WidenOp,
        Im2ColOp,
        CountSpikesOp, FirstSpikeOp, ReadMembraneOp, ListHitsOp, LaneConv2dHitsOp, MaskConv2dOp,
        WindowLIFMasksOp, WindowLIFListOp, MasksToBytesOp, BytesToMasksOp, MaxPoolMasksOp,
        CheckDensityOp,
        LinearScatterPackedOp, LinearScatterSparseOp, LinearScatterBlocksOp, Conv2dScatterPackedOp,
        MarkEventsOp, TileLIFMasksOp, TileLIFListOp, LinearGatherOp, LinearGatherPackedOp,
        LinearDotOp, LinearCountsOp, Conv2dDotOp, Conv2dDotPool2dOp, MapLIFMasksOp, MapLIFListOp,
        Conv2dScatterSparseOp, Conv2dScatterBlocksOp, LIFMultiStepOp, ListBitsOp, BitsToBytesOp,
        AlphaMultiStepOp, SynapticMultiStepOp,
    ],
    [RegionAttr, ArenaAttr],
)  # fmt: skip

__all__ = [
    "SNNRT",
    "AddOp",
    "AlphaMultiStepOp",
    "AlphaOp",
    "ArenaAttr",
    "BitsToBytesOp",
    "BufferOp",
    "BytesToMasksOp",
    "CheckDensityOp",
    "ConcatChannelsOp",
    "ConstantOp",
    "Conv2dDotOp",
    "Conv2dDotPool2dOp",
    "Conv2dScatterBlocksOp",
    "Conv2dScatterOp",
    "Conv2dScatterPackedOp",
    "Conv2dScatterSparseOp",
    "Conv2dScatterValuesOp",
    "CountSpikesOp",
    "FillZeroOp",
    "FirstSpikeOp",
    "FrameToHWCOp",
    "Im2ColOp",
    "IndexListLIFBase",
    "LIFCallBase",
    "LIFMultiStepOp",
    "LIFOp",
    "LIOp",
    "LaneConv2dHitsOp",
    "LinearCountsOp",
    "LinearDotOp",
    "LinearGatherBase",
    "LinearGatherOp",
    "LinearGatherPackedOp",
    "LinearScatterBlocksOp",
    "LinearScatterOp",
    "LinearScatterPackedOp",
    "LinearScatterSparseOp",
    "LinearScatterValuesOp",
    "ListBitsOp",
    "ListHitsOp",
    "MapLIFBase",
    "MapLIFListOp",
    "MapLIFMasksOp",
    "MarkEventsOp",
    "MaskConv2dOp",
    "MaskListLIFBase",
    "MasksToBytesOp",
    "MaxPool2dOp",
    "MaxPoolMasksOp",
    "MultiStepBase",
    "NetworkOp",
    "OutputOp",
    "PackedLIFBase",
    "PackedNeuronsBase",
    "ReadMembraneOp",
    "Region",
    "RegionAttr",
    "ScaleOp",
    "SparseConvolutionBase",
    "SpikeListOp",
    "SumPool2dOp",
    "SynapticMultiStepOp",
    "TileLIFBase",
    "TileLIFListOp",
    "TileLIFMasksOp",
    "ValuesToHWCOp",
    "ViewOp",
    "WidenOp",
    "WindowLIFBase",
    "WindowLIFListOp",
    "WindowLIFMasksOp",
    "cell_counts",
]
