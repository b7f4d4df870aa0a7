"""Random test cases of the kernels of spikes as masks."""

import numpy as np
from kernel_case import Case, integers

MASK_CHANNELS = 32
BYTES_OF_WORD = 4


def mask_bit(channel, channels):
    """Mask and bit of a channel, as the header of the kernel says."""
    mask, within = divmod(channel, MASK_CHANNELS)
    count = min(channels - mask * MASK_CHANNELS, MASK_CHANNELS)
    first = 16 - (count + 1) // 2
    if count % BYTES_OF_WORD:
        return mask, first + within // 2 + 16 * (within % 2)
    word, byte = divmod(within, BYTES_OF_WORD)
    words = count // BYTES_OF_WORD
    return mask, first + word + words * (byte % 2) + 16 * (byte // 2)


def mask_list(spikes):
    """The words that list the spikes, (height, width, channels), of positions with one."""
    channels = spikes.shape[-1]
    listed = []
    for y, x in np.argwhere(spikes.any(axis=-1)):
        words = [0] * -(-channels // MASK_CHANNELS)
        for channel in np.flatnonzero(spikes[y, x]):
            mask, bit = mask_bit(int(channel), channels)
            words[mask] |= 1 << bit
        listed.append([*words, int(y) << 16 | int(x)])
    return listed


def bytes_to_masks(rng, kernel):
    height, width = (int(rng.integers(1, 7)) for _ in range(2))
    channels = int(rng.choice([1, 2, 3, 4, 6, 8, 12, 16, 29, 32, 33, 36, 48, 64, 70, 128]))
    spikes = (rng.random((height, width, channels)) < rng.choice([0.01, 0.1, 0.9])).astype(np.int8)
    listed = mask_list(spikes)
    entries = integers(rng, np.uint32, (height * width, -(-channels // MASK_CHANNELS) + 1))
    filled = entries.copy()
    filled[: len(listed)] = np.array(listed, np.uint32).reshape(-1, entries.shape[1])
    arrays = {"spikes": spikes, "entries": entries}
    return Case(kernel, [height, width, channels], arrays, {"entries": filled}, len(listed))


def max_pool_masks(rng, kernel):
    """Positions of a row come in any order, and some lie behind the last window."""
    output = rng.integers(1, 6, 2)
    window = rng.integers(1, 4, 2)
    height, width = output * window + rng.integers(0, window)
    lanes = int(rng.choice([2, 4, 6, 30, 32, 34, 64, 66, 128, 130]))
    spikes = rng.random((height, width, lanes)) < rng.choice([0.005, 0.05, 0.9])
    listed = sorted(mask_list(spikes), key=lambda words: (words[-1] >> 16, rng.random()))
    covered = spikes[: output[0] * window[0], : output[1] * window[1]]
    pooled = covered.reshape(output[0], window[0], output[1], window[1], lanes).any(axis=(1, 3))
    result = mask_list(pooled)
    words = -(-lanes // MASK_CHANNELS) + 1
    entries = integers(rng, np.uint32, (max(len(listed), 1), words))
    entries[: len(listed)] = np.array(listed, np.uint32).reshape(-1, words)
    # The wrapper clears what the list leaves.
    expected = np.zeros((output[0] * output[1], words), np.uint32)
    expected[: len(result)] = np.array(result, np.uint32).reshape(-1, words)
    room = integers(rng, np.uint32, expected.shape)
    shape = [height, width, lanes, *output, *window, *window, 0, 0]
    return Case(
        kernel, [len(listed), *map(int, shape)], {"entries": entries, "pooled": room},
        {"pooled": expected}, len(result),
    )  # fmt: skip
