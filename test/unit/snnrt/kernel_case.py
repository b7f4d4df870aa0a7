"""A call of a kernel with its expected result, and what all generators of such cases share."""

from dataclasses import dataclass, field

import numpy as np

TYPES = {"s8": np.int8, "s16": np.int16, "s32": np.int32}


@dataclass
class Case:
    """A call of one kernel. Arrays are (name, contents before the call);
    `expected` holds the arrays that the call changes, None for don't care;
    `alignments` those that need more than the alignment of their elements."""

    kernel: str
    integers: list
    arrays: dict
    expected: dict = field(default_factory=dict)
    result: int = 0
    alignments: dict = field(default_factory=dict)

    def encode(self):
        arrays = self.arrays
        parts = [self.kernel.encode().ljust(40, b"\0")]
        counts = [len(self.integers), len(arrays), *self.integers]
        parts.append(np.array(counts, np.int32).tobytes())
        for name, array in arrays.items():
            alignment = self.alignments.get(name, array.itemsize)
            parts.append(np.array([array.nbytes, alignment], np.int32).tobytes())
            parts.append(array.tobytes() + bytes(-array.nbytes % 4))
        return b"".join(parts)

    def decode(self, data, offset):
        """Result, arrays and end of this case's output."""
        result = int(np.frombuffer(data, np.int32, 1, offset)[0])
        offset += 4
        arrays = {}
        for name, array in self.arrays.items():
            flat = np.frombuffer(data, array.dtype, array.size, offset)
            arrays[name] = flat.reshape(array.shape)
            offset += array.nbytes
        return result, arrays, offset


def integers(rng, kind, shape, low=None, high=None):
    """Random integers of a numpy type, over its whole range by default."""
    limits = np.iinfo(kind)
    low = limits.min if low is None else low
    high = limits.max if high is None else high
    return rng.integers(low, high, shape, dtype=kind, endpoint=True)


def fields(shape, names):
    return [int(shape[name]) for name in names]
