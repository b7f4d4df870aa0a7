# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions that a user of a generated network calls."""

from snnir.backends.c import arenas as arena_texts
from snnir.backends.c.arenas import passed
from snnir.backends.c.call_text import CallText
from snnir.backends.c.network import CNetwork
from snnir.backends.c.syntax import INDENT, array_definition, bits_of, c_type
from snnir.backends.c.template import fill_template, template_values
from snnir.dialects import snnrt
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import element_count
from snnir.dialects.snn_attributes import Readout
from snnir.support.arrays import array_from_dense

OWNER = "network->"
"""Before fields of an instance."""


def _reset_states(network: CNetwork) -> CallText:
    """Statements that fill the states that do not start at zero."""
    text = CallText([])
    for op in network.op.body.block.ops:
        if not isinstance(op, snnrt.BufferOp) or op.initial is None:
            continue
        row = array_from_dense(op.initial)
        name = f"{network.names[op.result]}_initial"
        text.constants.append(
            array_definition(name, c_type(op.result), row.tolist(), f"{network.macro}_CONSTANT")
        )
        rows = element_count(buffer_shape(op.result.type)) // row.size
        pointer = network.pointer(op.result)
        bytes = row.size * bits_of(op.result) // 8
        text.statements.append(f"snnrt_fill_rows({pointer}, {rows}, {name}, {bytes});")
    return text


def _readout_body(network: CNetwork) -> str:
    size, classes = network.output_size, network.classes
    if network.op.readout.data is Readout.FIRST_SPIKE:
        group = "" if classes == size else f" / {size // classes}"
        lines = [
            f"const int32_t first = snnrt_argmin_first_spike(scores, {size});",
            "/* A first spike at the last step counts as much as none. */",
            f"return scores[first] < (int32_t){network.macro}_TIMESTEPS ? first{group} : 0;",
        ]
    elif classes == size:
        lines = [f"return snnrt_argmax(scores, {size});"]
    else:
        lines = [
            f"int32_t groups[{network.macro}_CLASSES];",
            f"snnrt_group_sum(scores, groups, {classes}, {size // classes});",
            f"return snnrt_argmax(groups, {classes});",
        ]
    return "\n".join(INDENT + line for line in lines)


def _read_input(network: CNetwork) -> str:
    """The statements of a step that take its frame."""
    once = network.reads_frame_once
    condition = "network->step == 0 && " if once else ""
    arenas = passed(network.arenas_in(*network.input_calls), OWNER)
    lines = [
        f"if ({condition}!read_frame({arenas}, frame)) {{",
        f"{INDENT}return {network.macro}_ERROR_INPUT;",
        "}",
    ]
    if once:
        lines += [
            "if (network->step == 0) {",
            f"{INDENT}compute_once({passed(network.once_arenas, OWNER)});",
            "}",
        ]
    return "\n".join(INDENT + line for line in lines)


def _copy(network: CNetwork, op: snnrt.ConstantOp) -> str:
    """The statement that copies a constant to its arena."""
    assert op.offset is not None
    place = f"{OWNER}{network.arena_of(op).name} + {op.offset.value.data}"
    name = network.names[op.result]
    return f"\n{INDENT}memcpy({place}, {name}, sizeof {name});"


def _initial_statements(network: CNetwork, text: CallText) -> str:
    """Statements with arenas as fields of an instance."""
    lines = text.statements
    for arena in network.arenas:
        lines = [line.replace(f"({arena.name} +", f"({OWNER}{arena.name} +") for line in lines]
    return "".join(f"\n{INDENT}{line}" for line in lines)


def api_functions(network: CNetwork) -> str:
    """The functions that the header declares."""
    owner = network.scores.owner
    assert isinstance(owner, snnrt.BufferOp)
    assert owner.offset is not None
    initial = _reset_states(network)
    constants = "".join(f"{text}\n" for text in initial.constants)
    arenas, macro = network.arenas, network.macro
    values: dict[str, object] = {
        **template_values(network),
        "init_parameters": arena_texts.init_parameters(arenas, network.name),
        **arena_texts.checks(arenas, macro),
        "compute": f"compute({passed(network.arenas_in(*network.step_calls), OWNER)}, "
        "network->step)",
        "read_events": passed(network.arenas_in(*network.input_calls), OWNER),
        "set_arenas": arena_texts.each(
            arenas, lambda arena: f"{OWNER}{arena.name} = (uint8_t *){arena.name};"
        ),
        "copy_constants": "".join(_copy(network, op) for op in network.copies),
        "clear_states": arena_texts.each(
            arenas,
            lambda arena: f"snnrt_fill_zero({OWNER}{arena.name}, {macro}_{arena.state_macro});",
        ),
    }
    return constants + fill_template(
        "api.c.in",
        {
            **values,
            "initial_states": _initial_statements(network, initial),
            "events_definition": ""
            if network.takes_values
            else fill_template("events.c.in", values),
            "read_input": _read_input(network),
            "frame_advance": "" if network.is_static else f" + i * {macro}_FRAME_SIZE",
            "scores_arena": network.arena_of(owner).name,
            "scores_offset": owner.offset.value.data,
            "readout_body": _readout_body(network),
        },
    )
