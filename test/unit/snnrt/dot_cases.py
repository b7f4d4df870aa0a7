"""Random test cases of the kernels that multiply all their inputs."""

import compressed_weights
import kernel_reference as reference
import numpy as np
from case_inputs import CONV_FIELDS, POOL_FIELDS, active, conv_shape
from kernel_case import TYPES, Case, fields, integers


def dot_operands(rng, kind, value_shape, weight_shape):
    """Values from -127 on and weights, outputs first, whose sums fit the type `kind`, or for "s8" a
    ninth of int16.
    """
    values = np.maximum(active(rng, value_shape, False), -127)
    weights = integers(rng, np.int8, weight_shape)
    if rng.random() < 0.3:
        values = np.full_like(values, rng.choice([-127, 127]))
        weights = np.full_like(weights, rng.choice([-127, 127]))
    if kind != "s32":
        # 64 products of 16 and 16 fit int16.
        values, weights = values // 8, weights // 8
    if kind == "s8":
        weights = weights // 16
    return values.astype(np.int8), np.maximum(weights, -127).astype(np.int8)


def linear_dot(rng, kernel):
    inputs, outputs = int(rng.integers(1, 60)), int(rng.integers(1, 20))
    values, weights = dot_operands(rng, kernel.rpartition("_")[2], inputs, (outputs, inputs))
    kind = TYPES[kernel.rpartition("_")[2]]
    arrays = {
        "values": values,
        "pairs": integers(rng, np.int32, 2 * -(-inputs // 4)),
        "weights": compressed_weights.dotted(weights),
        "current": integers(rng, kind, outputs),
    }
    expected = {"pairs": None, "current": (weights @ values.astype(np.int64)).astype(kind)}
    return Case(kernel, [inputs, outputs], arrays, expected)


def dot_shape(rng):
    """A convolution of one group, rows of whose kernel have no gaps."""
    shape = {**conv_shape(rng), "groups": 1, "dilation_width": 1}
    shape["input_channels"] = int(rng.integers(1, 5))
    shape["output_channels"] = int(rng.integers(1, 14))
    shape["output_width"] = max(
        1,
        (shape["input_width"] + 2 * shape["padding_left"] - shape["kernel_width"])
        // shape["stride_width"] + 1,
    )  # fmt: skip
    return shape


def convolution(rng, shape, kind):
    """Arrays of a convolution of this shape but for its currents, and its sums."""
    inputs = tuple(shape[f"input_{a}"] for a in ("height", "width", "channels"))
    taps = shape["kernel_height"], shape["kernel_width"], shape["input_channels"]
    values, weights = dot_operands(rng, kind, inputs, (shape["output_channels"], *taps))
    row = taps[1] * taps[2]
    filled = np.zeros((len(weights), taps[0], -(-row // 4) * 4), np.int8)
    filled[..., :row] = weights.reshape(len(weights), taps[0], row)
    outputs = tuple(shape[f"output_{a}"] for a in ("height", "width", "channels"))
    last = (shape["output_width"] - 1) * shape["stride_width"] * taps[2]
    arrays = {
        "values": values,
        "strip": integers(rng, np.int8, (taps[0], last + filled.shape[-1])),
        "pairs": integers(rng, np.int32, filled[0].size // 2),
        "weights": compressed_weights.dotted(filled.reshape(len(weights), -1)),
    }
    total = reference.convolve(
        values, weights.transpose(3, 1, 2, 0), np.zeros(outputs, np.int64), shape
    )
    return arrays, total


def conv2d_dot(rng, kernel):
    kind = kernel.rpartition("_")[2]
    shape = dot_shape(rng)
    arrays, total = convolution(rng, shape, kind)
    arrays["current"] = integers(rng, TYPES[kind], total.shape)
    expected = {"strip": None, "pairs": None, "current": total.astype(TYPES[kind])}
    return Case(kernel, fields(shape, CONV_FIELDS), arrays, expected)


def conv2d_dot_pool2d(rng, kernel):
    """Windows of up to 3 times 3 without overlap."""
    kind, *pooled = [name for name in kernel.split("_") if name in TYPES]
    shape, window = dot_shape(rng), {}
    for axis in ("height", "width"):
        extent = int(rng.integers(1, min(shape[f"output_{axis}"], 3) + 1))
        windows = shape[f"output_{axis}"] // extent
        shape[f"output_{axis}"] = windows * extent
        window[f"input_{axis}"], window[f"output_{axis}"] = windows * extent, windows
        window[f"kernel_{axis}"] = window[f"stride_{axis}"] = extent
    window |= {"padding_top": 0, "padding_left": 0, "channels": shape["output_channels"]}
    arrays, total = convolution(rng, shape, kind)
    if "sum" in kernel and kind == "s16":
        # Sums of nine windows fit, too.
        arrays, total = convolution(rng, shape, "s8")
    output = reference.pool(total, window, np.sum if "sum" in kernel else np.max)
    row = {**window, "input_height": window["kernel_height"], "output_height": 1}
    arrays["current"] = integers(
        rng, TYPES[kind], (row["input_height"], row["input_width"], row["channels"])
    )
    stored = TYPES[(pooled or [kind])[0]]
    arrays["output"] = integers(rng, stored, output.shape)
    expected = {"strip": None, "pairs": None, "current": None, "output": output.astype(stored)}
    integers_of = [*fields(shape, CONV_FIELDS), *fields(row, POOL_FIELDS)]
    return Case(kernel, integers_of, arrays, expected)


def linear_counts(rng, kernel):
    """Values of 16 bits, of which the products fit the currents."""
    inputs, outputs = int(rng.integers(1, 40)), int(rng.integers(1, 24))
    narrow = kernel.endswith("s16")
    weights = integers(rng, np.int8, (inputs, outputs))
    # 39 products of 6 and -128 fit 16 bits; of any two numbers 32 do.
    values = integers(rng, np.int16, inputs, *((-6, 6) if narrow else (None, None)))
    if not narrow and rng.random() < 0.3:
        values, weights = np.full_like(values, -(1 << 15)), np.full_like(weights, -128)
    kind = np.int16 if narrow else np.int32
    arrays = {
        "values": values, "weights": compressed_weights.counted(weights),
        "current": np.full(outputs, 77, kind),
    }  # fmt: skip
    expected = {"current": (values.astype(np.int64) @ weights).astype(kind)}
    return Case(kernel, [inputs, outputs], arrays, expected)
