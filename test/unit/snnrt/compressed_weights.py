# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Naive encoders of compressed weights, written from the comments of the snnrt headers.

All take `weights`, int8 (inputs, outputs), unless they say otherwise.
"""

import math

import numpy as np

PLACES = (0, 2, 1, 3)
"""Output of each byte of a word among four consecutive ones."""


def packed4(weights):
    """int32 (inputs, words): 8 weights + 8 in the halves of the bytes of each word."""
    inputs, outputs = weights.shape
    words = np.zeros((inputs, (outputs + 7) // 8), np.uint32)
    for i, o in np.ndindex(inputs, outputs):
        word, within = divmod(o, 8)
        shift = 8 * PLACES.index(within % 4) + 4 * (within // 4)
        words[i, word] |= np.uint32(int(weights[i, o]) + 8) << np.uint32(shift)
    return words.view(np.int32)


def packed2(weights):
    """int32 (inputs, words): 16 weights + 1 in the quarters of the bytes of each word."""
    inputs, outputs = weights.shape
    words = np.zeros((inputs, (outputs + 15) // 16), np.uint32)
    for i, o in np.ndindex(inputs, outputs):
        word, within = divmod(o, 16)
        shift = 8 * PLACES.index(within % 4) + (0, 4, 2, 6)[within // 4]
        words[i, word] |= np.uint32(int(weights[i, o]) + 1) << np.uint32(shift)
    return words.view(np.int32)


def sparse(weights, panel_outputs):
    """uint16 starts (panels, inputs + 1) and uint16 entries."""
    inputs, outputs = weights.shape
    starts, entries = [], []
    for first in range(0, outputs, panel_outputs):
        begin = len(entries)
        for i in range(inputs):
            starts.append(len(entries) - begin)
            for o, weight in enumerate(weights[i, first : first + panel_outputs].tolist()):
                if weight != 0:
                    entries.append(o | (weight & 0xFF) << 8)
        starts.append(len(entries) - begin)
    return np.array(starts, np.uint16), np.array(entries or [0], np.uint16)


def sparse_kernels(weights, shape, block):
    """uint16 starts and distances, weights of kernels, int8 (inputs, height, width, outputs).

    Weights are int8 if a `block` is one output, else int32 with 4 outputs.

    An element of a kernel belongs to the class of those that reach outputs from the same inputs.
    """
    period, step = {}, {}
    for axis in ("height", "width"):
        divisor = math.gcd(shape[f"stride_{axis}"], shape[f"dilation_{axis}"])
        period[axis] = shape[f"stride_{axis}"] // divisor
        step[axis] = shape[f"dilation_{axis}"] // divisor
    starts, distances, listed = [0], [], []
    for kernel in weights:
        for phase_y, phase_x in np.ndindex(period["height"], period["width"]):
            found = kernel[phase_y :: period["height"], phase_x :: period["width"]][::-1, ::-1]
            for y, x in np.ndindex(found.shape[:2]):
                position = y * step["height"] * shape["output_width"] + x * step["width"]
                for output in range(0, found.shape[2], block):
                    taken = found[y, x, output : output + block]
                    if taken.any():
                        distances.append(position * shape["output_channels"] + output)
                        listed.append(word(taken) if block == 4 else int(taken[0]) & 0xFF)
                starts.append(len(listed))
    stored = np.array(listed or [0], np.uint32 if block == 4 else np.uint8)
    return (
        np.array(starts, np.uint16),
        np.array(distances or [0], np.uint16),
        stored.view(f"i{stored.itemsize}"),
    )


def word(quad):
    """Four weights in the order n, n+2, n+1, n+3."""
    return sum((int(quad[place]) & 0xFF) << 8 * byte for byte, place in enumerate(PLACES))


def blocks(weights):
    """uint16 starts (inputs + 1), uint8 block numbers, int32 weights."""
    starts, numbers, words = [0], [], []
    for row in weights:
        for block in range(len(row) // 4):
            quad = row[4 * block : 4 * block + 4]
            if quad.any():
                numbers.append(block)
                words.append(word(quad))
        starts.append(len(numbers))
    return (
        np.array(starts, np.uint16),
        np.array(numbers or [0], np.uint8),
        np.array(words or [0], np.uint32).view(np.int32),
    )


def gathered(weights, counted):
    """int32 words of tiles of 16 outputs, or of 12 with counts; pairs are one number with these."""
    width = 12 if counted else 16
    words = []
    for first in range(0, weights.shape[1], width):
        for row in weights[:, first : first + width].tolist():
            row += [0] * (-len(row) % 4)
            for quad in range(0, len(row), 4):
                taken = row[quad : quad + 4]
                if counted:
                    low, high = (b * 65536 + a for a, b in (taken[:2], taken[2:]))
                    taken = [low, low >> 16, high, high >> 16]
                words.append(sum((taken[p] & 0xFF) << 8 * j for j, p in enumerate(PLACES)))
    return np.array(words, np.uint32).view(np.int32)


def gathered4(weights, counted):
    """int32 words of 8 outputs, output by output in half-bytes 0, 4, 1, 5, ...; of counts only."""
    assert counted
    words = []
    for first in range(0, weights.shape[1], 8):
        for row in weights[:, first : first + 8].tolist():
            places = (o // 2 + 4 * (o % 2) for o in range(len(row)))
            words.append(sum(w + 8 << 4 * p for w, p in zip(row, places, strict=True)))
    return np.array(words, np.uint32).view(np.int32)


def counted(weights):
    """int32 words of four outputs, by outputs, then input."""
    words = []
    for first in range(0, weights.shape[1], 4):
        for row in weights[:, first : first + 4].tolist():
            quad = row + [0] * (4 - len(row))
            words.append(sum((quad[p] & 0xFF) << 8 * j for j, p in enumerate(PLACES)))
    return np.array(words, np.uint32).view(np.int32)


def dotted(weights):
    """int32 words of tiles of 4 outputs from (outputs, inputs): two numbers of 16 bits each."""
    words = []
    for first in range(0, len(weights), 4):
        tile = [row + [0] * (-len(row) % 4) for row in weights[first : first + 4].tolist()]
        for begin in range(0, len(tile[0]), 4):
            for row in tile:
                a, b, c, d = row[begin : begin + 4]
                low, high = 256 * a + b, 256 * c + d
                words.append((low & 0xFFFF) | (high & 0xFFFF) << 16)
    return np.array(words, np.uint32).view(np.int32)
