"""Random test cases of the kernels that compute several steps at once."""

from functools import partial

import kernel_reference as reference
import numpy as np
from alpha_cases import FIELDS, PARAMETERS, STATES, alpha
from kernel_case import TYPES, Case, fields, integers
from neuron_cases import LIF_FIELDS, expanded_bias, extent_array, neuron, neuron_shape


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


def outside_of(values, limits):
    return (values < limits.min) | (values > limits.max)


def case_of_steps(kernel, numbers, states, arrays, parameters, follow):
    """The call of a few steps; None if an unsaturated value leaves its type.

    `follow(states, current)` gives the states at the end, the spikes of all steps and which neurons
    leave their types; these are quietened.
    """
    for _ in range(3):
        after, spikes, outside = follow(states, arrays["current"])
        if not outside.any():
            break
        for values in (*states.values(), arrays["current"]):
            values[outside] = 0
    else:
        return None
    bits = bits_of(spikes.reshape(len(spikes), -1))
    given = {**states, **arrays, "bits": np.full(bits.shape, -1, np.int32), **parameters}
    expected = {name: after[name].astype(values.dtype) for name, values in states.items()}
    return Case(kernel, numbers, given, {**expected, "bits": bits})


def alpha_steps(rng, kernel):
    """A random call of a few steps of neurons with an alpha-shaped synapse."""
    _, _, state, current = kernel.split("_")
    while True:
        one, steps = alpha(rng, f"alpha_{state}_{current}"), int(rng.integers(1, 17))
        shape = dict(zip(FIELDS, one.integers, strict=True))
        states = {name: one.arrays[name] for name in STATES}
        parameters = {name: one.arrays[name] for name in PARAMETERS}
        case = case_of_steps(
            kernel, [*one.integers, steps], states, {"current": one.arrays["current"]}, parameters,
            partial(follow_alpha, parameters=parameters, shape=shape, steps=steps),
        )  # fmt: skip
        if case is not None:
            return case


def follow_alpha(states, current, parameters, shape, steps):
    limits = np.iinfo(states["membrane"].dtype)
    expanded = {
        name: np.zeros(current.shape, np.int64)
        if values.size == 0
        else reference.per_neuron(values, shape[f"{name}_extent"], shape)
        for name, values in parameters.items()
    }
    now = [states[name].astype(np.int64) for name in STATES]
    outside, found = np.zeros(current.shape, bool), []
    for _ in range(steps):
        seen, now, spikes = reference.alpha(now, current, expanded, shape, limits)
        if not shape["saturate"]:
            outside |= np.any([outside_of(values, limits) for values in seen], axis=0)
            now = [np.where(outside, 0, values) for values in now]
        found.append(spikes)
    return dict(zip(STATES, now, strict=True)), np.stack(found), outside


def synapse(rng, kind, like):
    """Shape and parameters of the integrators that are the synapses of neurons of a shape."""
    shape = {**neuron_shape(rng), "positions": like["positions"], "channels": like["channels"]}
    span = int(rng.choice([np.iinfo(kind).max, 1 << rng.integers(3, 12)]))
    leak = extent_array(rng, shape["leak_extent"], shape, 0, 32768)
    if rng.random() < 0.3:
        leak[:] = rng.choice([0, 16384, 32768])
    bias = extent_array(rng, shape["bias_extent"], shape, -span // 8, span // 8)
    if rng.random() < 0.5:
        bias = np.zeros(0, np.int32)
    dimensions = (shape["positions"], shape["channels"])
    return shape, span, integers(rng, kind, dimensions, -span - 1, span), leak, bias


def synaptic_steps(rng, kernel):
    """A random call of a few steps of neurons with a synaptic current."""
    _, _, held, state, current_name = kernel.split("_")
    while True:
        one, steps = neuron(rng, f"lif_{state}_{held}"), int(rng.integers(1, 17))
        shape = dict(zip(LIF_FIELDS, one.integers, strict=True))
        of_synapse, span, values, leak, bias = synapse(rng, TYPES[held], shape)
        most = min(span >> of_synapse["current_shift"], np.iinfo(TYPES[current_name]).max)
        current = integers(rng, TYPES[current_name], values.shape, -most - 1, most)
        if rng.random() < 0.4:
            # What a synapse holds then fits even where nothing saturates.
            current[:] = current // 8
        states = {"synapse": values, "membrane": one.arrays["membrane"]}
        parameters = {
            "synapse_leak": leak, "synapse_bias": bias,
            **{name: one.arrays[name] for name in ("leak", "threshold", "bias")},
        }  # fmt: skip
        numbers = [*fields(of_synapse, LIF_FIELDS), *one.integers, steps]
        case = case_of_steps(
            kernel, numbers, states, {"current": current}, parameters,
            partial(
                follow_synaptic, parameters=parameters, of_synapse=of_synapse, shape=shape,
                steps=steps,
            ),
        )  # fmt: skip
        if case is not None:
            return case


def follow_synaptic(states, current, parameters, of_synapse, shape, steps):
    held = np.iinfo(states["synapse"].dtype)
    limits = np.iinfo(states["membrane"].dtype)
    factor = reference.per_neuron(parameters["synapse_leak"], of_synapse["leak_extent"], of_synapse)
    drive = reference.drive(
        current, expanded_bias(parameters["synapse_bias"], of_synapse), of_synapse
    )
    expanded = (
        reference.per_neuron(parameters["leak"], shape["leak_extent"], shape),
        reference.per_neuron(parameters["threshold"], shape["threshold_extent"], shape),
        expanded_bias(parameters["bias"], shape),
    )
    i, u = (states[name].astype(np.int64) for name in ("synapse", "membrane"))
    outside, found = np.zeros(current.shape, bool), []
    for _ in range(steps):
        i = reference.leak(i, factor, of_synapse) + drive
        if of_synapse["saturate"]:
            i = np.clip(i, held.min, held.max)
        else:
            outside |= outside_of(i, held)
            i = np.where(outside, 0, i)
        before, after, u, spikes = reference.lif(u, i, *expanded, shape, limits)
        if not shape["saturate"]:
            outside |= outside_of(before, limits) | outside_of(after, limits)
            u = np.where(outside, 0, u)
        found.append(spikes)
    return {"synapse": i, "membrane": u}, np.stack(found), outside


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
