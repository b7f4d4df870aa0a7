"""Random test cases of the kernels of neurons with an alpha-shaped synapse."""

import kernel_reference as reference
import numpy as np
from kernel_case import TYPES, Case, fields, integers
from neuron_cases import extent_array

STATES = ("excitatory", "inhibitory", "membrane")
PARAMETERS = ("excitatory_leak", "inhibitory_leak", "threshold", "bias", "decrement", "recall")
FIELDS = (
    "positions channels reset compare current_shift round_leak saturate".split()
    + [f"{name}_extent" for name in PARAMETERS]
    + ["recall_leaks"]
)  # fmt: skip


def alpha_shape(rng):
    shape = {name: int(rng.integers(2)) for name in FIELDS}
    shape["positions"] = int(rng.choice([1, 2, 5, 9]))
    shape["channels"] = int(rng.integers(1, 12))
    shape["reset"] = reference.RESETS.index(rng.choice(["none", "subtract", "zero_after"]))
    shape["current_shift"] = int(rng.choice([0, 0, 1, 4, 9]))
    shape.update({f"{name}_extent": int(rng.integers(3)) for name in PARAMETERS})
    return shape


def alpha_parameters(rng, shape, span):
    """Parameters, of which some may be absent: no elements then."""
    low, high = (-span // 4, span) if rng.random() < 0.8 else (-(2**31), 2**31 - 1)
    recall = 1 << 20 if rng.random() < 0.3 else 1 << 15
    ranges = {
        "excitatory_leak": (0, 32768), "inhibitory_leak": (0, 32768), "threshold": (low, high),
        "bias": (-span // 4, span // 4), "decrement": (-span // 4, span // 2),
        "recall": (-recall if rng.random() < 0.5 else 0, recall),
    }  # fmt: skip
    result = {
        name: extent_array(rng, shape[f"{name}_extent"], shape, *ranges[name])
        for name in PARAMETERS
    }
    if rng.random() < 0.3:
        result["excitatory_leak"][:] = rng.choice([0, 16383, 16384, 32768])
    if rng.random() < 0.5:
        result["bias"] = np.zeros(0, np.int32)
    if reference.RESETS[shape["reset"]] != "subtract":
        result["decrement"] = result["recall"] = np.zeros(0, np.int32)
    leaks = (
        result["recall"].size and 0 <= result["recall"].min() <= result["recall"].max() <= 1 << 15
    )
    shape["recall_leaks"] = int(leaks and rng.random() < 0.8)
    return result


def alpha_case(rng, kernel):
    """A random call; None if an unsaturated value leaves its type."""
    state, current_name = kernel.split("_")[1:]
    limits, kind = np.iinfo(TYPES[state]), TYPES[current_name]
    shape = alpha_shape(rng)
    bits = int(rng.choice([limits.bits - 1, rng.integers(3, limits.bits)]))
    span = (1 << bits) - 1
    dimensions = (shape["positions"], shape["channels"])
    states = {name: integers(rng, TYPES[state], dimensions, -span - 1, span) for name in STATES}
    current_span = np.iinfo(kind).max
    if not shape["saturate"] or rng.random() < 0.5:
        current_span = min(span >> shape["current_shift"], current_span)
    current = integers(rng, kind, dimensions, -current_span - 1, current_span)
    parameters = alpha_parameters(rng, shape, span)
    expanded = {
        name: np.zeros(dimensions, np.int64)
        if values.size == 0
        else reference.per_neuron(values, shape[f"{name}_extent"], shape)
        for name, values in parameters.items()
    }
    if rng.random() < 0.3:
        # Equality of membrane and threshold separates GT from GE.
        states["membrane"][:] = np.clip(expanded["threshold"], limits.min, limits.max)

    def step():
        wide = [values.astype(np.int64) for values in states.values()]
        return reference.alpha(wide, current, expanded, shape, limits)

    if not shape["saturate"]:
        # Quieten the neurons whose update leaves the state type.
        outside = np.any([(v < limits.min) | (v > limits.max) for v in step()[0]], axis=0)
        for values in (*states.values(), current):
            values[outside] = 0
        if any(v.min() < limits.min or v.max() > limits.max for v in step()[0]):
            return None
    _, new, spikes = step()
    arrays = {**states, "current": current, "spikes": np.full(dimensions, 99, np.int8)}
    expected = {name: values.astype(TYPES[state]) for name, values in zip(STATES, new, strict=True)}
    return Case(
        kernel, fields(shape, FIELDS), {**arrays, **parameters}, {**expected, "spikes": spikes}
    )


def alpha(rng, kernel):
    while True:
        case = alpha_case(rng, kernel)
        if case is not None:
            return case
