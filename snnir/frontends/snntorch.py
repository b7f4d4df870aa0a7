# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports snnTorch modules into the `snn` dialect with `from_snntorch`.

The module is run and traced (`recording`), the trace is folded into one time step and the steps
proved equal (`folding`), and every operation of that step is converted (`layers`, `neurons`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from xdsl.dialects.builtin import ModuleOp, TensorType, f32, i1
from xdsl.ir import Attribute, Block, SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_bases import element_type_of
from snnir.dialects.snn_attributes import SPIKE_READOUTS
from snnir.frontends.conversion import Conversion, LayerReport, LayersNotSupported, Output
from snnir.frontends.converters import convert_node, refused_sequences
from snnir.frontends.finished import finished
from snnir.frontends.folding import LoopBody, Node, Timeline, fold
from snnir.frontends.neurons import refused_neurons
from snnir.frontends.outputs import find_roots
from snnir.frontends.recording import Recording, record
from snnir.support.choices import choice_of
from snnir.support.diagnostics import SNNError


def from_snntorch(
    module: nn.Module,
    sample_input: Tensor,
    timesteps: int | None = None,
    *,
    name: str = "network",
    input: snn.InputKind | str | None = None,
    readout: snn.Readout | str = snn.Readout.SPIKE_COUNT,
    population: int | None = None,
) -> ModuleOp:
    """Import a trained snnTorch module.

    A module that computes one time step per call gets a `sample_input` of shape `(batch, ...)` and
    `timesteps`. A module that loops over time itself gets what it is called with: `(steps, batch,
    ...)` or, if it presents the same values at every step, `(batch, ...)`. Only shapes and the
    element type matter: a bool sample makes a network whose input frame is spikes.

    The module's parameters are copied; its training flags and neuron states stay as they are.

    Args:
        module: the module, with its weights loaded.
        sample_input: an input to trace with.
        timesteps: number of steps of a sample; needed unless the module loops itself.
        name: symbol name of the network.
        input: what will be presented at every step; by default event counts, or static values if
            the module presents one frame at all steps, or binary frames for a bool sample.
        readout: how the output becomes scores. Spike readouts need spikes of the last neuron among
            the values that the module returns, membrane readouts its membrane.
        population: number of classes, if each is a group of output neurons.

    Returns:
        A verified `builtin.module` with `snn.version` and one `snn.network`.

    Raises:
        SNNError: something cannot be imported; one line that names the layer and the reason.
    """
    readout = choice_of(snn.Readout, readout, "readout")
    kind = None if input is None else choice_of(snn.InputKind, input, "input kind")
    draft = draft_import(module, sample_input, timesteps)
    if not all(report.supported for report in draft.reports):
        raise LayersNotSupported(draft.reports)
    output = _choose_output(draft, readout)
    return finished(
        draft.conversion.block,
        output,
        what="module",
        name=name,
        timesteps=_timesteps(draft.recording, draft.body, timesteps),
        input=kind or _input_kind(sample_input, draft.body),
        readout=readout,
        population=population,
    )


@dataclass
class Draft:
    """An import in progress: the folded step, converted as far as it is supported."""

    recording: Recording
    body: LoopBody
    roots: list[Output]
    """Nodes and output numbers of the values that the module returns."""
    conversion: Conversion

    @property
    def reports(self) -> list[LayerReport]:
        """The verdict on every layer, in order of execution."""
        return self.conversion.reports


def draft_import(module: nn.Module, sample_input: Tensor, timesteps: int | None) -> Draft:
    """Trace, fold and convert a module; layers that are not supported are reported, not raised.

    Raises:
        SNNError: the module does not run, or is not a loop over equal time steps.
        LayersNotSupported: so, and it has neurons or layers of whole sequences that are not
            supported, which may be why.
    """
    try:
        recording = record(module, sample_input, timesteps)
        timeline = Timeline(recording)
        found = find_roots(timeline)
        body = fold(timeline, found)
    except SNNError as error:
        if refused := refused_neurons(module) or refused_sequences(module):
            raise LayersNotSupported(refused) from error
        raise
    roots = [(timeline.position[root.call][0], root.output) for root in found]
    element_type = i1 if sample_input.dtype == torch.bool else f32
    return Draft(recording, body, roots, _convert_body(body, element_type))


def _convert_body(body: LoopBody, element_type: Attribute) -> Conversion:
    """Convert all nodes.

    The type of a carried value is known only after its producer is converted, and the producer may
    depend on it. So carried values are taken for spikes first, and the conversion is repeated with
    the types that came out until they agree.
    """
    types: dict[Output, Attribute] = {}
    frame = TensorType(element_type, body.frame_shape[1:])
    while True:
        conversion = Conversion(body, Block(arg_types=[frame]), types)
        for node in body.nodes:
            convert_node(conversion, node)
        found = conversion.write_registers()
        if all(type == conversion.read_type(key) for key, type in found.items()):
            return conversion
        types = found


def _choose_output(draft: Draft, readout: snn.Readout) -> SSAValue:
    """The returned value that the readout looks at: the last one of its kind.

    Raises:
        SNNError: there is none, or another one of its kind does not feed the last one.
    """
    order = {node: number for number, node in enumerate(draft.body.nodes)}
    if readout in SPIKE_READOUTS:
        candidates = [root for root in draft.roots if _is_spikes(draft, root)]
        if not candidates:
            raise SNNError(
                f"the readout {readout} needs spikes, but the module returns only real values; "
                "return the spikes of the last neuron, or choose readout last_membrane, "
                "max_membrane or mean_membrane"
            )
    else:
        candidates = [root for root in draft.roots if _is_membrane(draft, root)] or [
            (node, len(node.call.outputs) - 1)
            for node, output in draft.roots
            if node.call.is_neuron and output == 0
        ]
        if not candidates:
            raise SNNError(
                f"the readout {readout} needs a membrane, and the module returns none; "
                "return the membrane of the last neuron"
            )
    chosen = max(candidates, key=lambda root: order[root[0]])
    ancestors = _ancestors(chosen[0])
    for node, _ in candidates:
        if node not in ancestors:
            raise SNNError(
                f"the module has two outputs, '{node.call.name}' and '{chosen[0].call.name}'; "
                "a network has one: return only that"
            )
    return draft.conversion.values[chosen]


def _is_spikes(draft: Draft, root: Output) -> bool:
    value = draft.conversion.values[root]
    return element_type_of(value.type) == i1 or value in draft.conversion.graded


def _is_membrane(draft: Draft, root: Output) -> bool:
    """Whether a root is a neuron's membrane, which is its last output, or another real value."""
    node, output = root
    if node.call.is_neuron:
        return output == len(node.call.outputs) - 1
    return not _is_spikes(draft, root)


def _ancestors(node: Node) -> set[Node]:
    """The node and all nodes that its value depends on, in this step or earlier ones."""
    ancestors: set[Node] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if current not in ancestors:
            ancestors.add(current)
            pending.extend(reference.node for reference in current.references())
    return ancestors


def _timesteps(recording: Recording, body: LoopBody, timesteps: int | None) -> int:
    """The number of steps of a sample.

    Raises:
        SNNError: the module's own loop has another number of steps, or leaves steps of the sample
            out.
    """
    if recording.loops and not body.static and recording.steps not in recording.sample_shape:
        raise SNNError(
            f"the module's time loop runs {recording.steps} steps on a sample of shape "
            f"{recording.sample_shape}: it must run them all; if {recording.steps} are enough, say "
            "so with timesteps (--timesteps)"
        )
    if timesteps is None:
        return recording.steps
    if recording.loops and body.static and timesteps != recording.steps:
        raise SNNError(
            f"the module's time loop runs {recording.steps} steps, but timesteps={timesteps}"
        )
    return timesteps


def _input_kind(sample_input: Tensor, body: LoopBody) -> snn.InputKind:
    if body.static:
        return snn.InputKind.STATIC_VALUES
    if sample_input.dtype == torch.bool:
        return snn.InputKind.BINARY_FRAMES
    return snn.InputKind.EVENT_COUNTS
