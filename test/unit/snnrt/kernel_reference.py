"""Naive references of the snnrt kernels, written from their documentation."""

import numpy as np

RESETS = ("none", "subtract", "subtract_decayed", "zero_before", "zero_after")


def paired_order(weights):
    """Stores each complete group of 4 of the last axis as n, n+2, n+1, n+3."""
    stored = weights.copy()
    complete = weights.shape[-1] // 4 * 4
    groups = weights[..., :complete].reshape((*weights.shape[:-1], -1, 4))
    stored[..., :complete] = groups[..., [0, 2, 1, 3]].reshape((*weights.shape[:-1], complete))
    return stored


def convolution_taps(shape):
    """Yields (input y, x, output y, x, kernel y, x) of every connection."""
    for oy, ox, ky, kx in np.ndindex(
        shape["output_height"],
        shape["output_width"],
        shape["kernel_height"],
        shape["kernel_width"],
    ):
        y = oy * shape["stride_height"] - shape["padding_top"]
        x = ox * shape["stride_width"] - shape["padding_left"]
        y += ky * shape["dilation_height"]
        x += kx * shape["dilation_width"]
        if 0 <= y < shape["input_height"] and 0 <= x < shape["input_width"]:
            yield y, x, oy, ox, ky, kx


def convolve(values, weights, current, shape):
    """values [h][w][c], weights [c][kh][kw][o/groups], current [h][w][o]."""
    result = current.astype(np.int64)
    groups = shape["groups"]
    inputs = shape["input_channels"] // groups
    outputs = shape["output_channels"] // groups
    for y, x, oy, ox, ky, kx in convolution_taps(shape):
        for g in range(groups):
            i = slice(g * inputs, (g + 1) * inputs)
            o = slice(g * outputs, (g + 1) * outputs)
            result[oy, ox, o] += values[y, x, i].astype(np.int64) @ weights[i, ky, kx]
    return result


def im2col(values, shape, row):
    columns = np.zeros(
        (
            shape["output_width"],
            shape["kernel_height"],
            shape["kernel_width"],
            shape["input_channels"],
        ),
        np.int8,
    )
    for y, x, oy, ox, ky, kx in convolution_taps(shape):
        if oy == row:
            columns[ox, ky, kx] = values[y, x]
    return columns


def pool(values, shape, reduce):
    result = np.zeros((shape["output_height"], shape["output_width"], shape["channels"]), np.int64)
    for oy, ox in np.ndindex(result.shape[:2]):
        top = oy * shape["stride_height"] - shape["padding_top"]
        left = ox * shape["stride_width"] - shape["padding_left"]
        window = values[
            max(top, 0) : top + shape["kernel_height"],
            max(left, 0) : left + shape["kernel_width"],
        ]
        result[oy, ox] = reduce(window.astype(np.int64), axis=(0, 1))
    return result


def per_neuron(values, extent, shape):
    """Broadcasts a parameter array to [positions][channels]."""
    dimensions = (shape["positions"], shape["channels"])
    if extent == 2:
        return values.astype(np.int64).reshape(dimensions)
    return np.broadcast_to(values.astype(np.int64), dimensions)


def leak(membrane, factor, shape):
    return (membrane * factor + (16384 if shape["round_leak"] else 0)) >> 15


def drive(current, bias, shape):
    return current.astype(np.int64) * 2 ** shape["current_shift"] + bias


def lif(membrane, current, factor, threshold, bias, shape, limits):
    """One step; returns the unclamped V and U, the new membrane and spikes."""

    def settle(values):
        return np.clip(values, limits.min, limits.max) if shape["saturate"] else values

    def fires(values):
        return values >= threshold if shape["compare"] else values > threshold

    reset = RESETS[shape["reset"]]
    before = fires(membrane).astype(np.int64)
    x = drive(current, bias, shape)
    if reset == "subtract":
        v = leak(membrane, factor, shape) + x - before * threshold
    elif reset == "subtract_decayed":
        v = leak(membrane - before * threshold, factor, shape) + x
    elif reset == "zero_before":
        v = leak(np.where(before, 0, membrane), factor, shape) + x
    else:
        v = leak(membrane, factor, shape) + x
        if reset == "zero_after":
            v = np.where(before, 0, v)
    settled = settle(v)
    spikes = fires(settled).astype(np.int64)
    u = settled
    if shape["timing"]:
        difference = spikes - before
        if reset.startswith("subtract"):
            u = settled - difference * threshold
        elif reset.startswith("zero"):
            u = settled - difference * settled
    return v, u, settle(u), spikes


def alpha(states, current, parameters, shape, limits):
    """One step; returns all intermediate values unclamped, the new states and the spikes."""
    seen = []

    def settle(values):
        seen.append(values)
        return np.clip(values, limits.min, limits.max) if shape["saturate"] else values

    def fires(values):
        level = parameters["threshold"]
        return values >= level if shape["compare"] else values > level

    excitatory, inhibitory, membrane = states
    reset, fired = RESETS[shape["reset"]], fires(membrane)
    x = drive(current, parameters["bias"], shape)
    e1 = settle(leak(excitatory, parameters["excitatory_leak"], shape) + x)
    i1 = settle(leak(inhibitory, parameters["inhibitory_leak"], shape) - x)
    new = [e1, i1, e1 + i1]
    if reset == "subtract":
        recalled = leak(inhibitory, parameters["recall"], shape)
        new = [
            np.where(fired, settle(e1 - fired * parameters["decrement"]), e1),
            np.where(fired, 0, i1),
            e1 + i1 + fired * recalled,
        ]
    elif reset == "zero_after":
        new = [np.where(fired, 0, values) for values in new]
    seen.append(e1 + i1)
    new[2] = settle(new[2])
    return seen, new, fires(new[2]).astype(np.int8)


def packed(operation, a, b, c, d):
    """The packed operations of the driver on arrays of words."""

    def lanes(words, kind):
        return words.view(kind).astype(np.int64)

    def word(values, kind):
        return values.astype(kind).view(np.uint32)

    a16, b16 = lanes(a, np.int16), lanes(b, np.int16)
    a8, b8 = lanes(a, np.int8), lanes(b, np.int8)
    even = b8.reshape(-1, 4)[:, [0, 2]].ravel()
    odd = b8.reshape(-1, 4)[:, [1, 3]].ravel()
    chosen = np.where(a16 >= b16, c.view(np.int16), d.view(np.int16))
    results = [
        word(a16 + even, np.int16), word(a16 + odd, np.int16),
        word(a16 + b16, np.int16), word(a16 - b16, np.int16),
        word((a16 + b16) >> 1, np.int16), word(np.maximum(a16, b16), np.int16),
        word(chosen, np.int16), word(a8 + b8, np.int8),
        word(np.maximum(a8, b8), np.int8),
    ]  # fmt: skip
    results += [a + b8.reshape(-1, 4)[:, i].astype(np.uint32) for i in range(4)]
    results.append(np.hstack([a8.reshape(-1, 4)[:, 1:3], b8.reshape(-1, 4)[:, 1:3]])
                   .astype(np.int8).view(np.uint32).ravel())  # fmt: skip
    low, high = a16.reshape(-1, 2).T
    results += [word(c + lane * b16[::2], np.int32) for lane in (low, high)]
    wide_a, wide_b = lanes(a, np.int32), lanes(b, np.int32)
    results += [
        word(c + ((wide_a * wide_b + rounding) >> 32), np.int32) for rounding in (0, 1 << 31)
    ]
    limits = np.iinfo(np.int32)
    results.append(word(np.clip(wide_a - wide_b, limits.min, limits.max), np.int32))
    results.append(word(a8 - b8, np.int8))
    results.append(word(np.maximum(lanes(a, np.uint8) - lanes(b, np.uint8), 0), np.uint8))
    results.append(word(a8.reshape(-1, 4)[:, [0, 2]].ravel(), np.int16))
    results.append(word(np.clip(wide_a + wide_b, limits.min, limits.max), np.int32))
    results.append(word(c + (a16 * b16).reshape(-1, 2).sum(axis=1), np.uint32))
    return results[operation]
