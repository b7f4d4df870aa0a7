"""Random test cases of the kernels that compute several steps at once."""

import kernel_reference as reference
import numpy as np
from kernel_case import Case
from neuron_cases import LIF_FIELDS, expanded_bias, neuron


def bits_of(spikes):
    """Rows of bytes (steps, elements) as words, the first element in the lowest bit."""
    steps, elements = spikes.shape
    rows = np.zeros((steps, -(-elements // 32) * 4), np.uint8)
    packed = np.packbits(spikes.astype(bool), axis=1, bitorder="little")
    rows[:, : packed.shape[1]] = packed
    return rows.view("<i4")


def lif_steps(rng, kernel):
    """A random call of a few steps of neurons whose currents stay."""
    _, _, state, current = kernel.split("_")
    while (case := several_steps(rng, kernel, neuron(rng, f"lif_{state}_{current}"))) is None:
        pass
    return case


def several_steps(rng, kernel, one):
    """The call of `one` for several steps; None if an unsaturated value leaves its type."""
    shape = dict(zip(LIF_FIELDS, one.integers, strict=True))
    arrays, steps = dict(one.arrays), int(rng.integers(1, 17))
    del arrays["spikes"]
    for _ in range(3):
        membrane, spikes, outside = follow(arrays, shape, steps)
        if not outside.any():
            break
        arrays["membrane"][outside], arrays["current"][outside] = 0, 0
    else:
        return None
    bits = bits_of(spikes.reshape(steps, -1))
    before = np.full(bits.shape, -1, np.int32)
    given = {"membrane": arrays.pop("membrane"), "current": arrays.pop("current"), "bits": before}
    expected = {"membrane": membrane, "bits": bits}
    return Case(kernel, [*one.integers, steps], {**given, **arrays}, expected)


def follow(arrays, shape, steps):
    """Membrane at the end, spikes of all steps, and which neurons leave their type."""
    membrane, current = arrays["membrane"], arrays["current"]
    limits = np.iinfo(membrane.dtype)
    parameters = (
        reference.per_neuron(arrays["leak"], shape["leak_extent"], shape),
        reference.per_neuron(arrays["threshold"], shape["threshold_extent"], shape),
        expanded_bias(arrays["bias"], shape),
    )
    u, found = membrane.astype(np.int64), []
    outside = np.zeros(membrane.shape, bool)
    for _ in range(steps):
        before, after, u, spikes = reference.lif(u, current, *parameters, shape, limits)
        if not shape["saturate"]:
            for values in (before, after):
                outside |= (values < limits.min) | (values > limits.max)
            # What has left its type is to be quietened; it must not leave int64.
            u = np.where(outside, 0, u)
        found.append(spikes)
    return u.astype(membrane.dtype), np.stack(found), outside


def spikes_of_step(rng):
    elements = int(rng.integers(1, 150))
    rate = rng.choice([0, 0.05, 0.5, 1], p=[0.1, 0.4, 0.4, 0.1])
    return (rng.random(elements) < rate).astype(np.int8)


def list_bits(rng, kernel):
    spikes = spikes_of_step(rng)
    indices = np.flatnonzero(spikes).astype(np.uint16)
    listed = np.zeros(spikes.size, np.uint16)
    listed[: indices.size] = indices
    arrays = {"bits": bits_of(spikes[None])[0], "list": np.zeros_like(listed)}
    return Case(kernel, [spikes.size], arrays, {"list": listed}, indices.size)


def bits_to_bytes(rng, kernel):
    spikes = spikes_of_step(rng)
    arrays = {"bits": bits_of(spikes[None])[0], "bytes": np.full_like(spikes, 99)}
    return Case(
        kernel, [spikes.size], arrays, {"bytes": spikes}, alignments={"bytes": 4}
    )  # fmt: skip
