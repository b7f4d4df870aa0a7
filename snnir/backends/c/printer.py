# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Header and source file of a planned network."""

from textwrap import wrap

from xdsl.dialects.builtin import StringAttr

from snnir import __version__
from snnir.backends.c import arenas as arena_texts
from snnir.backends.c.api import api_functions
from snnir.backends.c.arenas import declared, passed
from snnir.backends.c.call_text import CallText
from snnir.backends.c.calls import call_text, check_events, events_to_hwc
from snnir.backends.c.lane_calls import expand_spikes, list_event_hits
from snnir.backends.c.network import CNetwork, batch_sentence
from snnir.backends.c.step_calls import expand_bits
from snnir.backends.c.syntax import INDENT, array_definition, bits_of, c_type
from snnir.backends.c.template import fill_template, template_values
from snnir.backends.c.tile_calls import mark_event_list
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import KernelOpBase, buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.snn_attributes import Readout
from snnir.memory.lifetimes import value_bytes
from snnir.support.arrays import array_from_dense

COMMENT_COLUMNS = 77
"""Width of a comment without its indentation."""

_SCORES = {
    Readout.SPIKE_COUNT: "the number of its spikes.",
    Readout.FIRST_SPIKE: "the step of its first spike, from 1, or 0.",
    Readout.LAST_MEMBRANE: "its membrane.",
    Readout.MAX_MEMBRANE: "its largest membrane.",
    Readout.MEAN_MEMBRANE: "the sum of its membrane over all steps.",
}


_LONGEST_SEQUENCE = """A sequence may have more, up to 16777216:
   scores and the number of the step have 32 bits."""
_LONGEST_FIRST = "Later spikes decide nothing."
_LONGEST_MEAN = """A sequence must not have more: sums of
   membranes are proven to fit 32 bits for so many."""

_RUN = """Resets, runs `steps` frames that follow one another in memory, and stores the
   class."""
_RUN_STATIC = "Resets, runs `steps` steps on one frame, and stores the class."
_STATIC_FRAME = """
   The frame is static: the first step after a reset reads it, and the others of the
   sequence compute with the same one."""


def header(network: CNetwork) -> str:
    """Text of `<name>.h`."""
    op, values = network.op, template_values(network)
    maximum = op.input_maximum.value.data
    if network.takes_values:
        scale = network.input_scale
        description = f"element q stands for {scale:.9g} * q, -{maximum} <= q <= {maximum}."
    else:
        description = f"element values are event counts up to {maximum}.{_density_text(op)}"
    events = "" if network.takes_values else fill_template("events.h.in", values)
    return fill_template(
        "network.h.in",
        {
            **values,
            "events_hint": "" if network.takes_values else f"or {network.name}_step_events ",
            "events_declaration": events,
            "init_comment": arena_texts.init_comment(network.arenas, network.name, network.macro),
            "size_macros": arena_texts.size_macros(
                network.arenas, network.macro, sum(value_bytes(op.result) for op in network.copies)
            ),
            "arena_fields": "\n".join(f"{INDENT}uint8_t *{a.name};" for a in network.arenas),
            "arena_error": "The arena is" if len(network.arenas) == 1 else "An arena is",
            "init_parameters": arena_texts.init_parameters(network.arenas, network.name),
            "frame_dimensions": " x ".join(map(str, network.frame_shape)),
            "frame_size": element_count(network.frame_shape),
            "input_description": description,
            "input_maximum": maximum,
            "input_scale": _input_scale(network),
            "run_description": _RUN_STATIC if network.is_static else _RUN,
            "frame_hint": (_STATIC_FRAME if network.reads_frame_once else "")
            + _batch_hint(network),
            "timesteps": op.timesteps.value.data,
            "longest_sequence": {
                Readout.FIRST_SPIKE: _LONGEST_FIRST,
                Readout.MEAN_MEMBRANE: _LONGEST_MEAN,
            }.get(op.readout.data, _LONGEST_SEQUENCE),
            "outputs": network.output_size,
            "classes": network.classes,
            "score_description": _SCORES[op.readout.data],
            "score_unit": _score_unit(network),
        },
    )


def _batch_hint(network: CNetwork) -> str:
    """Further sentence of the comment on a step: which steps take longer."""
    if network.batch_steps is None:
        return ""
    return "\n   " + "\n   ".join(wrap(batch_sentence(network.batch_steps), COMMENT_COLUMNS))


def _input_scale(network: CNetwork) -> str:
    """The macro by which real values become elements of a frame."""
    if not network.takes_values:
        return ""
    macro = network.macro
    return (
        f"\n\n/* A real value x becomes the element x / {macro}_INPUT_SCALE, rounded to nearest,\n"
        f"   halves to even, and clamped to -{macro}_INPUT_MAXIMUM and {macro}_INPUT_MAXIMUM. */\n"
        f"#define {macro}_INPUT_SCALE {network.input_scale:.9e}f"
    )


def _score_unit(network: CNetwork) -> str:
    """The macro that turns scores into the membranes that the network was trained with."""
    op = network.op
    if op.output_scale is None:
        return ""
    mean = op.readout.data is Readout.MEAN_MEMBRANE
    steps = ", divided by the number of steps" if mean else ""
    return (
        f"\n\n/* A score times this unit{steps} is the membrane as a real number. */\n"
        f"#define {network.macro}_SCORE_UNIT {op.output_scale.value.data:.9e}f"
    )


def _density_text(op: snnrt.NetworkOp) -> str:
    """Further sentences of the comment on the input: how many events may lie close together."""
    if op.input_density is None:
        return ""
    limit = op.input_density.limit
    if not op.input_density.extents:
        return f"\n   Their sum is at most {limit}."
    size = " x ".join(map(str, op.input_density.extents))
    shape = " x ".join("2" for _ in op.input_density.extents)
    return (
        f"\n   With cells of {size} positions, the first at index 0, the sum over any {shape}"
        f"\n   neighbouring cells and all channels is at most {limit}."
    )


def source(network: CNetwork) -> str:
    """Text of `<name>.c`."""
    parts = [_prologue(network)]
    for op in network.constants:
        values = array_from_dense(op.value).reshape(-1).tolist()
        parts.append(
            array_definition(
                network.names[op.result], c_type(op.result), values, f"{network.macro}_CONSTANT"
            )
        )
    parts += _input_functions(network)
    parts += [
        _call_function(network, index, op)
        for index, op in enumerate(network.calls)
        if op not in network.input_calls
    ]
    if network.reads_frame_once:
        parts.append(_compute_once(network))
    parts.append(_compute(network))
    parts.append(api_functions(network))
    return "\n".join(parts)


def _prologue(network: CNetwork) -> str:
    includes = [f'#include "{network.name}.h"', "", '#include "snnrt/snnrt.h"']
    if network.uses_cmsis_nn:
        includes.append('#include "snnrt/cmsis_nn.h"')
    macro = network.macro
    return "\n".join(
        [
            f"/* {network.op.sym_name.data}. Generated by snnir {__version__}; do not edit. */",
            "",
            "/* Buffers of different types share the arena; clang needs -fno-strict-aliasing. */",
            "#if defined(__GNUC__) && !defined(__clang__)",
            '#pragma GCC optimize("no-strict-aliasing")',
            "#if defined(ARDUINO) /* where a library cannot say how it is compiled */",
            '#pragma GCC optimize("O3")',
            "#endif",
            "#endif",
            "",
            *includes,
            "",
            "/* Storage of constants; redefine it to place them in a section of your choice. */",
            f"#ifndef {macro}_CONSTANT",
            "#if defined(__GNUC__)",
            f"#define {macro}_CONSTANT static const __attribute__((aligned(4)))",
            "#else",
            f"#define {macro}_CONSTANT static const",
            "#endif",
            "#endif",
            "",
            "/* Each call is a function of its own, so that it has all registers to itself. A",
            "   buffer at the start of the arena is none that is missing. When gcc 12 has turned",
            "   pointers into offsets it may take a function for one that writes nothing, and",
            "   leave its calls out; with noipa it does not ask. */",
            "#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8",
            f"#define {macro}_CALL static __attribute__((noipa, nonnull))",
            "#elif defined(__GNUC__)",
            f"#define {macro}_CALL static __attribute__((noinline, nonnull))",
            "#else",
            f"#define {macro}_CALL static",
            "#endif",
            "",
            "/* Called after each neuron layer with its number, spikes and membrane, and their",
            "   sizes in bytes; for verification. */",
            f"#ifndef {macro}_TRACE",
            f"#define {macro}_TRACE(layer, spikes, spike_bytes, membrane, membrane_bytes) \\",
            "  ((void)0)",
            *_traced_spikes(network),
            "#endif",
            "",
        ]
    )


def _traced_spikes(network: CNetwork) -> list[str]:
    """Room for the spikes of layers that keep none as bytes; only where they are traced."""
    sizes = [
        element_count(op.spikes_shape)
        for op in network.layers
        if isinstance(op, snnrt.PackedNeuronsBase)
    ]
    if not sizes:
        return []
    return [
        "#else",
        f"#define {network.macro}_TRACED",
        f"static int8_t __attribute__((aligned(4))) {TRACED_SPIKES}[{max(sizes)}];",
    ]


def _function(head: str, text: CallText) -> str:
    body = "\n".join(INDENT + line for line in text.statements)
    return "\n".join([*text.constants, f"{head} {{\n{body}\n}}\n"])


def _input_functions(network: CNetwork) -> list[str]:
    """`read_frame`, and `read_events` where the input may come as events."""
    frame = [call_text(network, op, "read_frame") for op in network.input_calls]
    arenas = declared(network.arenas_in(*network.input_calls))
    head = f"static bool read_frame({arenas}, const {network.frame_type} *frame)"
    functions = [_function(head, _joined(frame))]
    events = [_events_text(network, op) for op in network.input_calls]
    if None not in events:
        head = f"static bool read_events({arenas}, const uint16_t *indices, size_t count)"
        functions.append(_function(head, _joined([text for text in events if text])))
    return functions


def _joined(texts: list[CallText]) -> CallText:
    """Several calls as one."""
    statements = [line for text in texts for line in text.statements]
    return CallText(statements, [constant for text in texts for constant in text.constants])


def _events_text(network: CNetwork, op: KernelOpBase) -> CallText | None:
    """What a call that reads the frame does with events instead; None if it takes none."""
    if isinstance(op, snnrt.CheckDensityOp):
        return check_events(network, op, "read_events")
    if isinstance(op, snnrt.FrameToHWCOp):
        return CallText([events_to_hwc(network, op)])
    if isinstance(op, snnrt.ListHitsOp):
        return list_event_hits(network, op, "read_events")
    if isinstance(op, snnrt.MarkEventsOp):
        return mark_event_list(network, op)
    return None


def _call_name(network: CNetwork, index: int, op: KernelOpBase) -> str:
    layer = op.attributes.get("layer")
    label = f"_{layer.data}" if isinstance(layer, StringAttr) else ""
    clean = "".join(c if c.isascii() and c.isalnum() else "_" for c in label)
    return f"call_{index}_{op.name.split('.')[1]}{clean}"


def _parameters(op: KernelOpBase) -> list[tuple[str, str]]:
    """Parameters of a call's function besides the arena: declaration and argument."""
    parameters = []
    if hasattr(op, "count") and not op.results:
        parameters.append(("uint32_t count", "count"))
    if getattr(op, "spike_count", None) is not None:
        parameters.append(("uint32_t spike_count", "spike_count"))
    if op.TAKES_STEP:
        parameters.append(("int32_t step", "step"))
    return parameters


def _call_function(network: CNetwork, index: int, op: KernelOpBase) -> str:
    name = _call_name(network, index, op)
    result = "uint32_t" if op.results else "void"
    arenas = declared(network.arenas_in(op))
    parameters = ", ".join([arenas, *(declaration for declaration, _ in _parameters(op))])
    return _function(
        f"{network.macro}_CALL {result} {name}({parameters})", call_text(network, op, name)
    )


def _call_statement(network: CNetwork, index: int, op: KernelOpBase) -> str:
    """The statement that makes a call; its function's parameter `step` must be in scope."""
    arguments = [passed(network.arenas_in(op))]
    for _, argument in _parameters(op):
        is_count = argument in ("count", "spike_count")
        arguments.append(network.names[getattr(op, argument)] if is_count else argument)
    text = f"{_call_name(network, index, op)}({', '.join(arguments)});"
    if op.results:
        text = f"const uint32_t {network.names[op.results[0]]} = {text}"
    return text


def _compute_once(network: CNetwork) -> str:
    calls, arenas = network.once_calls, network.once_arenas
    lines = [_call_statement(network, network.calls.index(op), op) for op in calls]
    body = "\n".join(INDENT + line for line in lines or [f"(void){arenas[0].name};"])
    return f"static void compute_once({declared(arenas)}) {{\n{body}\n}}\n"


def _compute(network: CNetwork) -> str:
    """All calls of every step after the input has been read."""
    lines = []
    uses_step = False
    layer_numbers = {op: number for number, op in enumerate(network.layers)}
    for op in (calls := network.step_calls):
        uses_step |= op.period is not None or op.TAKES_STEP
        lines += _in_its_steps(op, _call_statement(network, network.calls.index(op), op))
        if isinstance(op, snnrt.LIFOp | snnrt.LIOp | snnrt.AlphaOp):
            lines.append(_trace(network, layer_numbers[op], op))
        elif isinstance(op, snnrt.PackedNeuronsBase):
            lines += _trace_packed(network, layer_numbers[op], op)
    if not uses_step:
        lines.insert(0, "(void)step;")
    body = "\n".join(INDENT + line for line in lines)
    arenas = declared(network.arenas_in(*calls))
    # A function of its own: both functions that take a step, and that of a sequence, call it.
    return f"{network.macro}_CALL void compute({arenas}, int32_t step) {{\n{body}\n}}\n"


def _in_its_steps(op: KernelOpBase, statement: str) -> list[str]:
    """The statement, under the condition that the step makes the call."""
    if op.period is None:
        return [statement]
    return [f"if (step % {op.period} == 0) {{", INDENT + statement, "}"]


def _trace(network: CNetwork, number: int, op: snnrt.LIFOp | snnrt.LIOp | snnrt.AlphaOp) -> str:
    size = element_count(buffer_shape(op.membrane.type))
    membrane_bytes = size * bits_of(op.membrane) // 8
    spikes, spike_bytes = ("NULL", 0)
    if not isinstance(op, snnrt.LIOp):
        spikes, spike_bytes = network.pointer(op.spikes), size
    return (
        f"{network.macro}_TRACE({number}, {spikes}, {spike_bytes}, "
        f"{network.pointer(op.membrane)}, {membrane_bytes});"
    )


TRACED_SPIKES = "traced_spikes"


def _trace_packed(network: CNetwork, number: int, op: snnrt.PackedNeuronsBase) -> list[str]:
    """As `_trace`, with the spikes expanded; the state is not the membrane after the step."""
    size = element_count(op.spikes_shape)
    if isinstance(op, snnrt.MultiStepBase):
        expanded = expand_bits(network, op, TRACED_SPIKES)
    else:
        assert isinstance(op, snnrt.WindowLIFBase)
        expanded = expand_spikes(network, op, TRACED_SPIKES)
    return [
        f"#ifdef {network.macro}_TRACED",
        expanded,
        f"{network.macro}_TRACE({number}, {TRACED_SPIKES}, {size}, NULL, 0);",
        "#endif",
    ]
