# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C statements of calls of CMSIS-NN, see `CMSIS_CALLS`."""

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import Operation, SSAValue

from snnir.backends.c.call_text import CallText
from snnir.backends.c.network import CNetwork
from snnir.backends.c.syntax import INDENT, bits_of, call, size_of, spatial_of, struct_definition
from snnir.dialects import cmsis_nn
from snnir.dialects.kernel_bases import buffer_shape
from snnir.dialects.layer_shapes import int_values


def _dims(name: str, n: int, h: int, w: int, c: int) -> str:
    return struct_definition(name, "cmsis_nn_dims", {"n": n, "h": h, "w": w, "c": c})


def _pair(values: Sequence[int]) -> str:
    return f"{{.h = {values[0]}, .w = {values[1]}}}"


def _range(bits: int) -> str:
    """No activation function: results are only clamped to their type."""
    return f"{{.min = INT{bits}_MIN, .max = INT{bits}_MAX}}"


def _context(network: CNetwork, scratch: SSAValue | None) -> str:
    buffer = "NULL" if scratch is None else network.pointer(scratch)
    size = 0 if scratch is None else size_of(scratch)
    return f"const cmsis_nn_context context = {{.buf = {buffer}, .size = {size}}};"


def _convolve(
    network: CNetwork,
    op: cmsis_nn.ConvolveWrapperBase,
    name: str,
    function: str,
    bias: Sequence[str] = (),
) -> CallText:
    """A call of a wrapper function of convolutions; `bias` is its argument for that, if any."""
    height, width, channels = spatial_of(op.input)
    output = spatial_of(op.output)
    parameters = struct_definition(
        f"{name}_parameters", "cmsis_nn_conv_params",
        {
            "input_offset": 0, "output_offset": 0, "stride": _pair(int_values(op.stride)),
            "padding": _pair(int_values(op.padding)), "dilation": _pair(int_values(op.dilation)),
            "activation": _range(bits_of(op.output)),
        },
    )  # fmt: skip
    constants = [
        parameters,
        _dims(f"{name}_input", 1, height, width, channels),
        _dims(f"{name}_filter", output[-1], *op.kernel_size, channels),
        _dims(f"{name}_bias", 1, 1, 1, output[-1]),
        _dims(f"{name}_output", 1, *output),
    ]
    multipliers, shifts = network.pointer(op.multipliers), network.pointer(op.shifts)
    statements = [
        _context(network, op.scratch),
        "/* The library does not write to these arrays, but its type has no const. */",
        "const cmsis_nn_per_channel_quant_params quantization = {",
        f"{INDENT}.multiplier = (int32_t *)(uintptr_t){multipliers},",
        f"{INDENT}.shift = (int32_t *)(uintptr_t){shifts}",
        "};",
        call(
            function, "&context", f"&{name}_parameters", "&quantization", f"&{name}_input",
            network.pointer(op.input), f"&{name}_filter", network.pointer(op.filter),
            f"&{name}_bias", *bias, f"&{name}_output", network.pointer(op.output),
        ),
    ]  # fmt: skip
    return CallText(statements, constants)


def convolve_wrapper_s16(
    network: CNetwork, op: cmsis_nn.ConvolveWrapperS16Op, name: str
) -> CallText:
    return _convolve(network, op, name, "snnrt_cmsis_convolve_wrapper_s16")


def convolve_wrapper_s4(network: CNetwork, op: cmsis_nn.ConvolveWrapperS4Op, name: str) -> CallText:
    return _convolve(network, op, name, "(void)arm_convolve_wrapper_s4", ["NULL"])


def fully_connected_s4(network: CNetwork, op: cmsis_nn.FullyConnectedS4Op, name: str) -> CallText:
    columns, rows = size_of(op.input), size_of(op.output)
    constants = [
        struct_definition(
            f"{name}_parameters", "cmsis_nn_fc_params",
            {"input_offset": 0, "filter_offset": 0, "output_offset": 0, "activation": _range(8)},
        ),
        struct_definition(
            f"{name}_quantization", "cmsis_nn_per_tensor_quant_params",
            {"multiplier": "SNNRT_CMSIS_NN_MULTIPLIER", "shift": "SNNRT_CMSIS_NN_SHIFT"},
        ),
        _dims(f"{name}_input", 1, 1, 1, columns),
        _dims(f"{name}_filter", columns, 1, 1, rows),
        _dims(f"{name}_output", 1, 1, 1, rows),
    ]  # fmt: skip
    multiply = call(
        "(void)arm_fully_connected_s4", "&context", f"&{name}_parameters", f"&{name}_quantization",
        f"&{name}_input", network.pointer(op.input), f"&{name}_filter", network.pointer(op.filter),
        f"&{name}_output", "NULL", f"&{name}_output", network.pointer(op.output),
    )  # fmt: skip
    return CallText([_context(network, None), multiply], constants)


def vec_mat_mul_result_acc_s8(
    network: CNetwork, op: cmsis_nn.VecMatMulResultAccS8Op, name: str
) -> CallText:
    rows, columns = buffer_shape(op.filter.type)
    multiply = call(
        "snnrt_cmsis_accumulate_s8_s16",
        *map(network.pointer, (op.input, op.filter, op.bias, op.output)), columns, rows,
    )  # fmt: skip
    return CallText([multiply])


def mat_mult_nt_t_s8_s32(network: CNetwork, op: cmsis_nn.MatMultNtTS8S32Op, name: str) -> CallText:
    outputs, columns = buffer_shape(op.filter.type)
    rows = size_of(op.input) // columns
    multiply = call(
        "(void)arm_nn_mat_mult_nt_t_s8_s32",
        *map(network.pointer, (op.input, op.filter, op.output)), rows, columns, outputs, 0, 1,
    )  # fmt: skip
    return CallText([multiply])


def _pool(
    network: CNetwork,
    op: cmsis_nn.MaxPoolOp | cmsis_nn.AvgPoolOp,
    name: str,
    function: str,
    scratch: SSAValue | None = None,
) -> CallText:
    bits = bits_of(op.input)
    parameters = struct_definition(
        f"{name}_parameters", "cmsis_nn_pool_params",
        {
            "stride": _pair(int_values(op.stride)), "padding": _pair(int_values(op.padding)),
            "activation": _range(bits),
        },
    )  # fmt: skip
    height, width = int_values(op.kernel)
    constants = [
        parameters,
        _dims(f"{name}_input", 1, *spatial_of(op.input)),
        _dims(f"{name}_filter", 1, height, width, 1),
        _dims(f"{name}_output", 1, *spatial_of(op.output)),
    ]
    pool = call(
        f"(void){function}_s{bits}", "&context", f"&{name}_parameters", f"&{name}_input",
        network.pointer(op.input), f"&{name}_filter", f"&{name}_output",
        network.pointer(op.output),
    )  # fmt: skip
    return CallText([_context(network, scratch), pool], constants)


def max_pool(network: CNetwork, op: cmsis_nn.MaxPoolOp, name: str) -> CallText:
    return _pool(network, op, name, "arm_max_pool")


def avgpool(network: CNetwork, op: cmsis_nn.AvgPoolOp, name: str) -> CallText:
    return _pool(network, op, name, "arm_avgpool", op.scratch)


CMSIS_CALLS: dict[type[Operation], Callable[[CNetwork, Any, str], CallText]] = {
    cmsis_nn.ConvolveWrapperS16Op: convolve_wrapper_s16,
    cmsis_nn.ConvolveWrapperS4Op: convolve_wrapper_s4,
    cmsis_nn.VecMatMulResultAccS8Op: vec_mat_mul_result_acc_s8,
    cmsis_nn.MatMultNtTS8S32Op: mat_mult_nt_t_s8_s32,
    cmsis_nn.FullyConnectedS4Op: fully_connected_s4,
    cmsis_nn.MaxPoolOp: max_pool,
    cmsis_nn.AvgPoolOp: avgpool,
}
