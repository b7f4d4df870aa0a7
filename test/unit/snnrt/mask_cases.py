"""Random test cases of the kernels between spikes as bytes and as masks."""

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


def bytes_to_masks(rng, kernel):
    height, width = (int(rng.integers(1, 7)) for _ in range(2))
    channels = int(rng.choice([1, 2, 3, 4, 6, 8, 12, 16, 29, 32, 33, 36, 48, 64, 70, 128]))
    spikes = (rng.random((height, width, channels)) < rng.choice([0.01, 0.1, 0.9])).astype(np.int8)
    masks = -(-channels // MASK_CHANNELS)
    listed = []
    for y, x in np.argwhere(spikes.any(axis=-1)):
        words = [0] * masks
        for channel in np.flatnonzero(spikes[y, x]):
            mask, bit = mask_bit(int(channel), channels)
            words[mask] |= 1 << bit
        listed += [*words, int(y) << 16 | int(x)]
    entries = integers(rng, np.uint32, (height * width, masks + 1))
    filled = entries.copy().reshape(-1)
    filled[: len(listed)] = listed
    arrays = {"spikes": spikes, "entries": entries}
    expected = {"entries": filled.reshape(entries.shape)}
    result = len(listed) // (masks + 1)
    return Case(kernel, [height, width, channels], arrays, expected, result)
