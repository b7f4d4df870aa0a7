"""Random test cases of the kernels that multiply all their inputs."""

import compressed_weights
import kernel_reference as reference
import numpy as np
from case_inputs import CONV_FIELDS, active, conv_shape
from kernel_case import TYPES, Case, fields, integers


def dot_operands(rng, kernel, value_shape, weight_shape):
    """Values from -127 on and weights, outputs first, of which no two exceed 16 bits."""
    values = np.maximum(active(rng, value_shape, False), -127)
    weights = integers(rng, np.int8, weight_shape)
    if rng.random() < 0.3:
        values = np.full_like(values, rng.choice([-127, 127]))
        weights = np.full_like(weights, rng.choice([-127, 127]))
    if kernel.endswith("s16"):
        # 64 products of 16 and 16 fit int16.
        values, weights = values // 8, weights // 8
    return values.astype(np.int8), np.maximum(weights, -127).astype(np.int8)


def linear_dot(rng, kernel):
    inputs, outputs = int(rng.integers(1, 60)), int(rng.integers(1, 20))
    values, weights = dot_operands(rng, kernel, inputs, (outputs, inputs))
    kind = TYPES[kernel.rpartition("_")[2]]
    arrays = {
        "values": values,
        "pairs": integers(rng, np.int32, 2 * -(-inputs // 4)),
        "weights": compressed_weights.dotted(weights),
        "current": integers(rng, kind, outputs),
    }
    expected = {"pairs": None, "current": (weights @ values.astype(np.int64)).astype(kind)}
    return Case(kernel, [inputs, outputs], arrays, expected)


def conv2d_dot(rng, kernel):
    shape = {**conv_shape(rng), "groups": 1, "dilation_width": 1}
    shape["input_channels"] = int(rng.integers(1, 5))
    shape["output_channels"] = int(rng.integers(1, 14))
    shape["output_width"] = max(
        1,
        (shape["input_width"] + 2 * shape["padding_left"] - shape["kernel_width"])
        // shape["stride_width"] + 1,
    )  # fmt: skip
    inputs = tuple(shape[f"input_{a}"] for a in ("height", "width", "channels"))
    taps = shape["kernel_height"], shape["kernel_width"], shape["input_channels"]
    values, weights = dot_operands(rng, kernel, inputs, (shape["output_channels"], *taps))
    row = taps[1] * taps[2]
    filled = np.zeros((len(weights), taps[0], -(-row // 4) * 4), np.int8)
    filled[..., :row] = weights.reshape(len(weights), taps[0], row)
    kind = TYPES[kernel.rpartition("_")[2]]
    outputs = tuple(shape[f"output_{a}"] for a in ("height", "width", "channels"))
    last = (shape["output_width"] - 1) * shape["stride_width"] * taps[2]
    arrays = {
        "values": values,
        "strip": integers(rng, np.int8, (taps[0], last + filled.shape[-1])),
        "pairs": integers(rng, np.int32, filled[0].size // 2),
        "weights": compressed_weights.dotted(filled.reshape(len(weights), -1)),
        "current": integers(rng, kind, outputs),
    }
    total = reference.convolve(
        values, weights.transpose(3, 1, 2, 0), np.zeros(outputs, np.int64), shape
    )
    expected = {"strip": None, "pairs": None, "current": total.astype(kind)}
    return Case(kernel, fields(shape, CONV_FIELDS), arrays, expected)
