"""Random test cases of the neuron kernels."""

import kernel_reference as reference
import numpy as np
from kernel_case import TYPES, Case, fields, integers

LIF_FIELDS = (
    "positions channels reset timing compare current_shift round_leak saturate "
    "leak_extent threshold_extent bias_extent narrow_thresholds"
).split()


def extent_array(rng, extent, shape, low, high):
    size = (1, shape["channels"], shape["channels"] * shape["positions"])[extent]
    return integers(rng, np.int32, size, low, high)


def neuron_shape(rng):
    shape = {name: int(rng.integers(2)) for name in LIF_FIELDS}
    shape["positions"] = int(rng.choice([1, 2, 5, 9]))
    shape["channels"] = int(rng.integers(1, 12))
    shape["reset"] = int(rng.integers(5))
    shape["current_shift"] = int(rng.choice([0, 0, 1, 4, 9]))
    for name in ("leak_extent", "threshold_extent", "bias_extent"):
        shape[name] = int(rng.integers(3))
    if rng.random() < 0.4:
        # As in most networks, which have loops of their own.
        shape["reset"] = reference.RESETS.index("subtract")
        shape["timing"] = shape["saturate"] = 0
        shape["leak_extent"], shape["threshold_extent"] = 0, int(rng.integers(2))
        shape["bias_extent"] = int(rng.integers(2))
    return shape


def neuron_case(rng, kernel):
    """A random LIF or LI call; None if an unsaturated value leaves its type."""
    state, current_name = kernel.split("_")[1:]
    limits = np.iinfo(TYPES[state])
    shape = neuron_shape(rng)
    bits = int(rng.choice([limits.bits - 1, rng.integers(3, limits.bits)]))
    span = (1 << bits) - 1
    dimensions = (shape["positions"], shape["channels"])
    membrane = integers(rng, TYPES[state], dimensions, -span - 1, span)
    kind = TYPES[current_name]
    current_span = np.iinfo(kind).max
    if not shape["saturate"] or rng.random() < 0.5:
        current_span = min(span >> shape["current_shift"], current_span)
    current = integers(rng, kind, dimensions, -current_span - 1, current_span)
    factor = extent_array(rng, shape["leak_extent"], shape, 0, 32768)
    if rng.random() < 0.5:
        factor[:] = rng.choice([0, 16384, 32768])
    low, high = (-span // 4, span) if rng.random() < 0.8 else (-(2**31), 2**31 - 1)
    if rng.random() < 0.15:
        # Removing a negative threshold takes a membrane out of its type.
        low, high, shape["reset"] = -span, 0, reference.RESETS.index("subtract_decayed")
    threshold = extent_array(rng, shape["threshold_extent"], shape, low, high)
    bias = extent_array(rng, shape["bias_extent"], shape, -span // 4, span // 4)
    if rng.random() < 0.5:
        bias = np.zeros(0, np.int32)
    lowest = 0 if reference.RESETS[shape["reset"]] == "subtract_decayed" else -(1 << 15)
    fits = lowest <= threshold.min() and threshold.max() < 1 << 15
    shape["narrow_thresholds"] = int(fits and rng.random() < 0.9)
    if rng.random() < 0.3:
        # Equality of membrane and threshold separates GT from GE.
        expanded = reference.per_neuron(threshold, shape["threshold_extent"], shape)
        membrane[:] = np.clip(expanded, limits.min, limits.max)
    arrays = {"membrane": membrane, "current": current}
    build = lif_case if kernel.startswith("lif") else li_case
    return build(kernel, shape, arrays, factor, threshold, bias, limits)


def expanded_bias(bias, shape):
    if bias.size == 0:
        return np.zeros((shape["positions"], shape["channels"]), np.int64)
    return reference.per_neuron(bias, shape["bias_extent"], shape)


def lif_case(kernel, shape, arrays, factor, threshold, bias, limits):
    membrane, current = arrays["membrane"], arrays["current"]
    parameters = (
        reference.per_neuron(factor, shape["leak_extent"], shape),
        reference.per_neuron(threshold, shape["threshold_extent"], shape),
        expanded_bias(bias, shape),
    )

    def step():
        return reference.lif(membrane.astype(np.int64), current, *parameters, shape, limits)

    v, u, _, _ = step()
    if not shape["saturate"]:
        # Quieten the neurons whose update leaves the state type.
        outside = (np.minimum(u, v) < limits.min) | (np.maximum(u, v) > limits.max)
        membrane[outside], current[outside] = 0, 0
        v, u, _, _ = step()
        if min(u.min(), v.min()) < limits.min or max(u.max(), v.max()) > limits.max:
            return None
    _, _, after, spikes = step()
    arrays["spikes"] = np.full(membrane.shape, 99, np.int8)
    arrays.update(leak=factor, threshold=threshold, bias=bias)
    expected = {"membrane": after.astype(membrane.dtype), "spikes": spikes}
    return Case(kernel, fields(shape, LIF_FIELDS), arrays, expected)


def li_case(kernel, shape, arrays, factor, threshold, bias, limits):
    del threshold
    membrane, current = arrays["membrane"], arrays["current"]
    expanded = reference.per_neuron(factor, shape["leak_extent"], shape)
    after = reference.leak(membrane.astype(np.int64), expanded, shape)
    after = after + reference.drive(current, expanded_bias(bias, shape), shape)
    if shape["saturate"]:
        after = np.clip(after, limits.min, limits.max)
    elif after.min() < limits.min or after.max() > limits.max:
        return None
    arrays.update(leak=factor, bias=bias)
    expected = {"membrane": after.astype(membrane.dtype)}
    return Case(kernel, fields(shape, LIF_FIELDS), arrays, expected)


def neuron(rng, kernel):
    while True:
        case = neuron_case(rng, kernel)
        if case is not None:
            return case
