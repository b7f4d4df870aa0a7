"""Random activations and shapes of convolutions for test cases of the snnrt kernels."""

import numpy as np

CONV_FIELDS = (
    "input_height input_width input_channels output_height output_width "
    "output_channels kernel_height kernel_width stride_height stride_width "
    "padding_top padding_left dilation_height dilation_width groups"
).split()

POOL_FIELDS = (
    "input_height input_width channels output_height output_width kernel_height "
    "kernel_width stride_height stride_width padding_top padding_left"
).split()


def active(rng, shape, binary):
    """Sparse int8 activations."""
    values = rng.integers(-128, 128, shape)
    values = np.where(rng.random(shape) < rng.choice([0.0, 0.1, 0.5, 1.0]), values, 0)
    return (values != 0).astype(np.int8) if binary else values.astype(np.int8)


def in_any_order(rng, indices, channels):
    """Indices as some neurons list them: those of a position in any order, in half of all cases."""
    if rng.random() < 0.5:
        return indices
    return indices[np.lexsort((rng.random(len(indices)), indices // channels))]


def conv_shape(rng):
    shape = {}
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    for axis in ("height", "width"):
        stride, dilation = (int(v) for v in rng.choice([1, 1, 2, 3, 4], 2))
        kernel = int(rng.integers(1, 5))
        padding = int(rng.integers(0, 4))
        extent = dilation * (kernel - 1) + 1
        size = int(rng.integers(max(1, extent - 2 * padding), extent + 8))
        output = max(1, (size + 2 * padding - extent) // stride + 1)
        side = "top" if axis == "height" else "left"
        shape[f"input_{axis}"], shape[f"output_{axis}"] = size, output
        shape[f"kernel_{axis}"], shape[f"stride_{axis}"] = kernel, stride
        shape[f"dilation_{axis}"], shape[f"padding_{side}"] = dilation, padding
    # Kernels of one channel each are added in memory.
    depthwise = rng.random() < 0.2
    groups = int(rng.integers(1, 7)) if depthwise else groups
    shape["groups"] = groups
    shape["input_channels"] = groups * (1 if depthwise else int(rng.integers(1, 6)))
    # Multiples of 16 outputs have a kernel of their own.
    outputs = rng.integers(1, 24) if rng.random() < 0.6 else rng.choice([16, 32, 48])
    shape["output_channels"] = groups * (int(rng.integers(1, 5)) if depthwise else int(outputs))
    return shape
