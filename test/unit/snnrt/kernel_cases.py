"""Random test cases of the snnrt kernels with their expected results."""

import compressed_weights
import kernel_reference as reference
import numpy as np
from alpha_cases import alpha
from case_inputs import CONV_FIELDS, POOL_FIELDS, active, conv_shape, in_any_order
from dot_cases import conv2d_dot, conv2d_dot_pool2d, linear_counts, linear_dot
from kernel_case import TYPES, Case, fields, integers
from mask_cases import bytes_to_masks, max_pool_masks
from neuron_cases import extent_array, neuron
from step_cases import alpha_steps, bits_to_bytes, lif_steps, list_bits, synaptic_steps


def list_of(values):
    indices = np.flatnonzero(values).astype(np.uint16)
    return indices if indices.size else np.zeros(1, np.uint16)


def scatter_arrays(rng, values, weights, current_shape, kernel):
    """Driver arrays of a scatter call whose sums fit the accumulator."""
    narrow = kernel.endswith("s16")
    kind = np.int16 if narrow else np.int32
    arrays = {"list": list_of(values)}
    if "values" in kernel:
        arrays["values"] = values
    arrays["weights"] = reference.paired_order(weights) if narrow else weights
    limit = 20000 if narrow else 1 << 30
    arrays["current"] = integers(rng, kind, current_shape, -limit, limit)
    return arrays


def scatter_operands(rng, kernel, value_shape, weight_shape):
    values = active(rng, value_shape, "values" not in kernel)
    weights = integers(rng, np.int8, weight_shape)
    if kernel.endswith("values_s16"):
        # Products must leave room for sums in int16.
        weights = (weights // 32).astype(np.int8)
        values = (values // 8).astype(np.int8)
    if kernel.endswith("scatter_s32") and rng.random() < 0.3:
        # Sums in int16 lanes are largest then.
        weights = np.full_like(weights, rng.choice([-128, 127]))
    if "values" in kernel and rng.random() < 0.5:
        # Small counts are added, others multiplied.
        values = np.minimum(rng.poisson(1, value_shape), 5).astype(np.int8)
    return values, weights


def linear_scatter(rng, kernel):
    """More inputs than an int16 lane can sum, too, and outputs in fours."""
    inputs = int(rng.integers(1, 60) if rng.random() < 0.7 else rng.integers(250, 600))
    outputs = int(rng.integers(1, 50) if rng.random() < 0.5 else 4 * rng.integers(1, 30))
    values, weights = scatter_operands(rng, kernel, inputs, (inputs, outputs))
    arrays = scatter_arrays(rng, values, weights, outputs, kernel)
    total = arrays["current"] + values.astype(np.int64) @ weights
    expected = {"current": total.astype(arrays["current"].dtype)}
    count = int(np.count_nonzero(values))
    alignments = {"current": 4, "weights": 4}
    return Case(kernel, [count, inputs, outputs], arrays, expected, alignments=alignments)


def linear_gather(rng, kernel):
    """All numbers of outputs and lists of any length; every current is overwritten."""
    inputs, outputs = int(rng.integers(1, 40)), int(rng.integers(1, 40))
    counted, kind = "values" in kernel, TYPES[kernel.rpartition("_")[2]]
    if kind is np.int32 and rng.random() < 0.6:
        # More rows than lanes of 16 bits can sum.
        inputs = int(rng.integers(250, 900))
    packed = "packed4" in kernel
    values = active(rng, inputs, not counted)
    low, high = (-8, 7) if packed else (-128 + counted, 127)
    weights = integers(rng, np.int8, (inputs, outputs), low, high)
    weights = rng.choice([weights, np.full_like(weights, rng.choice([low, high]))])
    if counted and kind is np.int16:
        # 40 products of -8 and -64, or of -64 and -8, fit int16.
        by = 2 if packed else 16
        values, weights = (values // by).astype(np.int8), (weights // (16 // by)).astype(np.int8)
    elif counted and rng.random() < 0.5:
        values = (values // 16).astype(np.int8)
    arrays: dict[str, np.ndarray] = scatter_arrays(rng, values, weights, outputs, kernel)
    encode = compressed_weights.gathered4 if packed else compressed_weights.gathered
    arrays["weights"] = encode(weights, counted)
    expected = {"current": (values.astype(np.int64) @ weights).astype(kind)}
    numbers = [int(np.count_nonzero(values)), inputs, outputs]
    if counted and kind is np.int32:
        largest = max(int(np.abs(values.astype(int)).max()) * max(high, -low), 1)
        numbers.append(int(rng.integers(1, 32767 // largest, endpoint=True)))
    alignments = {"current": 4, "weights": 4}
    return Case(kernel, numbers, arrays, expected, alignments=alignments)


def packed_weights_of(rng, kernel, shape):
    """Random weights of 4 or 2 bits and the naive encoder of their rows."""
    low, high = (-8, 7) if "packed4" in kernel else (-1, 1)
    # Extremes only, in a third of the cases: the sums within words are largest then.
    weights = rng.integers(low, high, shape, endpoint=True)
    weights = rng.choice([weights, np.full_like(weights, low), np.full_like(weights, high)])
    encode = compressed_weights.packed4 if high == 7 else compressed_weights.packed2
    return weights.astype(np.int8), encode


def compressed_weights_of(rng, kernel, inputs, outputs):
    """Random weights of a layer, their arrays and the further integers of its shape."""
    if "packed" in kernel:
        weights, encode = packed_weights_of(rng, kernel, (inputs, outputs))
        return weights, {"weights": encode(weights)}, []
    weights = integers(rng, np.int8, (inputs, outputs), -40, 40)
    keep = rng.choice([0.0, 0.03, 0.3, 1.0])
    if "sparse" in kernel:
        weights = np.where(rng.random(weights.shape) < keep, weights, 0)
        panel = min(int(rng.integers(1, outputs + 9)), 256) if rng.random() < 0.3 else 256
        starts, entries = compressed_weights.sparse(weights, panel)
        return weights, {"starts": starts, "entries": entries}, [panel]
    kept = np.repeat(rng.random((inputs, outputs // 4)) < keep, 4, axis=1)
    weights = np.where(kept, weights, 0)
    names = ("starts", "blocks", "weights")
    return weights, dict(zip(names, compressed_weights.blocks(weights), strict=True)), []


def compressed_linear_scatter(rng, kernel):
    """Long lists too: packed sums are widened after 7, 15, 16 and 112 rows."""
    inputs = int(rng.choice([rng.integers(1, 40), rng.integers(100, 250)]))
    outputs = int(rng.integers(1, 90) if rng.random() < 0.8 else rng.integers(257, 300))
    if "blocks" in kernel:
        outputs = (outputs + 3) // 4 * 4
    weights, constants, integers_of_shape = compressed_weights_of(rng, kernel, inputs, outputs)
    values = active(rng, inputs, "values" not in kernel)
    if "values" in kernel and rng.random() < 0.5:
        values = np.minimum(rng.poisson(0.5, inputs), 127).astype(np.int8)
    narrow = kernel.endswith("s16")
    kind = np.int16 if narrow else np.int32
    arrays: dict[str, np.ndarray] = {"list": list_of(values)}
    if "values" in kernel:
        arrays["values"] = values
    arrays |= constants
    arrays["current"] = integers(rng, kind, outputs)
    # Sums wrap around in these kernels, so that any current will do.
    total = arrays["current"].astype(np.int64) + values.astype(np.int64) @ weights.astype(np.int64)
    count = int(np.count_nonzero(values))
    return Case(
        kernel,
        [count, inputs, outputs, *integers_of_shape],
        arrays,
        {"current": total.astype(kind)},
        alignments={"current": 4},
    )


def conv2d_scatter(rng, kernel):
    shape = conv_shape(rng)
    values, weights = scatter_operands(
        rng,
        kernel,
        (shape["input_height"], shape["input_width"], shape["input_channels"]),
        (shape["input_channels"], shape["kernel_height"], shape["kernel_width"],
         shape["output_channels"] // shape["groups"]),
    )  # fmt: skip
    outputs = tuple(shape[f"output_{a}"] for a in ("height", "width", "channels"))
    # The kernels take the columns of a kernel in reverse.
    arrays = scatter_arrays(rng, values, weights[:, :, ::-1], outputs, kernel)
    arrays["list"] = in_any_order(rng, arrays["list"], shape["input_channels"])
    total = reference.convolve(values, weights, arrays["current"], shape)
    expected = {"current": total.astype(arrays["current"].dtype)}
    count = int(np.count_nonzero(values))
    alignments = {"current": 4, "weights": 4} if kernel.endswith("s16") else {}
    header = [count, *fields(shape, CONV_FIELDS)]
    return Case(kernel, header, arrays, expected, alignments=alignments)


def packed_conv2d_scatter(rng, kernel):
    """Counts above those that are added, and negative values, too."""
    shape = conv_shape(rng)
    inputs = tuple(shape[f"input_{a}"] for a in ("height", "width", "channels"))
    outputs = tuple(shape[f"output_{a}"] for a in ("height", "width", "channels"))
    taps = shape["input_channels"], shape["kernel_height"], shape["kernel_width"]
    columns = shape["output_channels"] // shape["groups"]
    weights, encode = packed_weights_of(rng, kernel, (*taps, columns))
    values = active(rng, inputs, "values" not in kernel)
    if "values" in kernel and rng.random() < 0.6:
        values = np.minimum(rng.poisson(1, inputs), 6).astype(np.int8)
    kind = TYPES[kernel.rpartition("_")[2]]
    listed = in_any_order(rng, list_of(values), shape["input_channels"])
    arrays: dict[str, np.ndarray] = {"list": listed}
    if "values" in kernel:
        arrays["values"] = values
    rows = weights[:, :, ::-1].reshape(-1, columns)
    arrays["weights"] = encode(rows).reshape(*taps, -1)
    # Sums wrap around in these kernels, so that any current will do.
    arrays["current"] = integers(rng, kind, outputs)
    total = reference.convolve(values, weights, arrays["current"], shape)
    header = [int(np.count_nonzero(values)), *fields(shape, CONV_FIELDS)]
    expected = {"current": total.astype(kind)}
    return Case(kernel, header, arrays, expected, alignments={"current": 4})


def sparse_conv2d_scatter(rng, kernel):
    """Dense kernels and empty ones, too."""
    shape, block = conv_shape(rng), 4 if "blocks" in kernel else 1
    shape["output_channels"] *= block
    inputs = tuple(shape[f"input_{a}"] for a in ("height", "width", "channels"))
    outputs = tuple(shape[f"output_{a}"] for a in ("height", "width", "channels"))
    taps = shape["input_channels"], shape["kernel_height"], shape["kernel_width"]
    columns = shape["output_channels"] // shape["groups"]
    weights = integers(rng, np.int8, (*taps, columns), -40, 40)
    kept = rng.random((*taps, columns // block)) < rng.choice([0.0, 0.1, 0.3, 1.0])
    weights = np.where(np.repeat(kept, block, axis=-1), weights, 0)
    values = active(rng, inputs, "values" not in kernel)
    if "values" in kernel and rng.random() < 0.5:
        values = np.minimum(rng.poisson(1, inputs), 6).astype(np.int8)
    kind = TYPES[kernel.rpartition("_")[2]]
    listed = in_any_order(rng, list_of(values), shape["input_channels"])
    arrays: dict[str, np.ndarray] = {"list": listed}
    if "values" in kernel:
        arrays["values"] = values
    names = ("starts", "distances", "weights")
    stored = compressed_weights.sparse_kernels(weights, shape, block)
    arrays |= dict(zip(names, stored, strict=True))
    # Sums wrap around in these kernels, so that any current will do.
    arrays["current"] = integers(rng, kind, outputs)
    total = reference.convolve(values, weights, arrays["current"], shape)
    header = [int(np.count_nonzero(values)), *fields(shape, CONV_FIELDS)]
    return Case(kernel, header, arrays, {"current": total.astype(kind)}, alignments={"current": 4})


def im2col_s8(rng, kernel):
    shape = {**conv_shape(rng), "groups": 1}
    values = integers(
        rng, np.int8,
        (shape["input_height"], shape["input_width"], shape["input_channels"]),
    )  # fmt: skip
    row = int(rng.integers(shape["output_height"]))
    columns = reference.im2col(values, shape, row)
    arrays = {"input": values, "columns": np.full_like(columns, 99)}
    header = [*fields(shape, CONV_FIELDS), row]
    return Case(kernel, header, arrays, {"columns": columns})


def pool2d(rng, kernel):
    names = kernel.split("_")[2:]
    kinds = [TYPES[name] for name in (names if len(names) == 2 else names * 2)]
    shape = {"channels": int(rng.integers(1, 12))}
    for axis, side in (("height", "top"), ("width", "left")):
        # Windows of more than four rows or columns are not unrolled.
        extent = int(rng.integers(1, 5 if rng.random() < 0.7 else 10))
        padding = int(rng.integers(0, extent))
        size = int(rng.integers(max(1, extent - padding), extent + 9))
        stride = int(rng.integers(1, 4))
        # Every window, also the last one, must touch the input.
        output = int(rng.integers(1, (size - 1 + padding) // stride + 2))
        shape[f"input_{axis}"], shape[f"output_{axis}"] = size, output
        shape[f"kernel_{axis}"], shape[f"stride_{axis}"] = extent, stride
        shape[f"padding_{side}"] = padding
    limits = np.iinfo(kinds[1])
    area = shape["kernel_height"] * shape["kernel_width"]
    summing = kernel.startswith("sum")
    high = min(limits.max // (area if summing else 1), np.iinfo(kinds[0]).max)
    dimensions = (shape["input_height"], shape["input_width"], shape["channels"])
    values = integers(rng, kinds[0], dimensions, -high - (not summing), high)
    pooled = reference.pool(values, shape, np.sum if summing else np.max)
    output = pooled.astype(kinds[1])
    arrays = {"input": values, "output": np.full_like(output, 99)}
    return Case(kernel, fields(shape, POOL_FIELDS), arrays, {"output": output})


def packed(rng, kernel):
    operation = int(rng.integers(24))
    corners = np.array([0x80008000, 0x7FFF7FFF, 0x80807F7F, 0, 0xFFFFFFFF], np.uint32)
    words = [rng.integers(0, 1 << 32, 64, dtype=np.uint32) for _ in range(4)]
    for operand in words[:2]:
        operand[:25] = rng.choice(corners, 25)
    names = dict(zip("abcd", words, strict=True))
    arrays = {**names, "results": np.zeros(64, np.uint32)}
    results = reference.packed(operation, *words)
    return Case(kernel, [operation], arrays, {"results": results})


def spike_list(rng, kernel):
    values = active(rng, int(rng.integers(1, 100)), rng.random() < 0.5)
    indices = np.flatnonzero(values).astype(np.uint16)
    before = np.full(values.size, 999, np.uint16)
    expected = np.concatenate([indices, before[indices.size :]])
    arrays = {"values": values, "list": before}
    result = {"list": expected}
    return Case(kernel, [values.size], arrays, result, indices.size, {"values": 4})


def fill_zero(rng, kernel):
    before = integers(rng, np.int8, int(rng.integers(1, 200)))
    arrays, expected = {"buffer": before}, {"buffer": 0 * before}
    return Case(kernel, [before.size], arrays, expected, alignments={"buffer": 4})


def add(rng, kernel):
    kind = TYPES[kernel.split("_")[1]]
    n = int(rng.integers(1, 40))
    half = np.iinfo(kind).max // 2
    a, b = (integers(rng, kind, n, -half, half) for _ in range(2))
    return Case(kernel, [n], {"a": a, "b": b, "out": 0 * a}, {"out": a + b})


def scale(rng, kernel):
    source, target = (TYPES[name] for name in kernel.split("_")[1:])
    shape = {"positions": int(rng.integers(1, 6)), "channels": int(rng.integers(1, 9))}
    extent = int(rng.integers(3))
    largest = min(np.iinfo(source).max, np.iinfo(target).max)
    values = integers(rng, source, (shape["positions"], shape["channels"]), -largest, largest)
    room = int(np.iinfo(target).max // max(1, np.abs(values.astype(np.int64)).max()))
    factor = extent_array(rng, extent, shape, -room, room)
    product = values * reference.per_neuron(factor, extent, shape)
    arrays = {"in": values, "out": np.zeros(values.shape, target), "factor": factor}
    header = [extent, shape["positions"], shape["channels"]]
    return Case(kernel, header, arrays, {"out": product.astype(target)})


def concat_channels(rng, kernel):
    kind = TYPES[kernel.split("_")[2]]
    positions, first, second = (int(n) for n in rng.integers(1, 8, 3))
    a = integers(rng, kind, (positions, first))
    b = integers(rng, kind, (positions, second))
    joined = np.concatenate([a, b], axis=1)
    arrays = {"a": a, "b": b, "out": 0 * joined}
    return Case(kernel, [first, second, positions], arrays, {"out": joined})


def frame_to_hwc_u8(rng, kernel):
    channels, positions = int(rng.integers(1, 5)), int(rng.integers(1, 60))
    maximum = int(rng.integers(1, 128))
    highest = maximum + int(rng.random() < 0.3)
    frame = integers(rng, np.uint8, (channels, positions), 0, highest)
    # Zeros are skipped by eights.
    frame[rng.random(frame.shape) < rng.choice([0.0, 0.9, 1.0])] = 0
    good = frame.max() <= maximum
    arrays = {"frame": frame, "out": integers(rng, np.int8, (positions, channels))}
    expected = {"out": frame.T.astype(np.int8) if good else None}
    header = [channels, positions, maximum]
    return Case(kernel, header, arrays, expected, int(good), {"out": 4})


def events_to_hwc(rng, kernel):
    channels, positions = int(rng.integers(1, 5)), int(rng.integers(1, 20))
    maximum, n = int(rng.integers(1, 5)), int(rng.integers(0, 30))
    size = channels * positions
    events = integers(rng, np.uint16, n, 0, size - (rng.random() < 0.8))
    counts = np.bincount(events, minlength=size)
    good = counts.size == size and counts.max() <= maximum
    out = counts.reshape(channels, positions).T.astype(np.int8) if good else None
    arrays = {"events": events, "out": integers(rng, np.int8, (positions, channels))}
    header = [channels, positions, maximum, n]
    return Case(kernel, header, arrays, {"out": out}, int(good), {"out": 4})


def values_to_hwc_s8(rng, kernel):
    channels, positions = int(rng.integers(1, 5)), int(rng.integers(1, 20))
    maximum = int(rng.choice([127, rng.integers(1, 127)]))
    highest = maximum + int(rng.random() < 0.3)
    values = integers(rng, np.int8, (channels, positions), -highest, min(highest, 127))
    good = np.abs(values.astype(int)).max() <= maximum
    arrays = {"chw": values, "out": np.zeros((positions, channels), np.int8)}
    expected = {"out": values.T} if good else {}
    return Case(kernel, [channels, positions, maximum], arrays, expected, int(good))


def widen_s8_s16(rng, kernel):
    values = integers(rng, np.int8, int(rng.integers(1, 30)))
    wide = values.astype(np.int16)
    return Case(kernel, [wide.size], {"in": values, "out": 0 * wide}, {"out": wide})


def count_spikes(rng, kernel):
    n = int(rng.integers(1, 30))
    spikes, counts = integers(rng, np.int8, n, 0, 1), integers(rng, np.int32, n, 0, 99)
    arrays = {"spikes": spikes, "counts": counts}
    return Case(kernel, [n], arrays, {"counts": counts + spikes})


def first_spike(rng, kernel):
    n, step = int(rng.integers(1, 30)), int(rng.integers(0, 9))
    spikes = integers(rng, np.int8, n, 0, 1)
    first = integers(rng, np.int32, n, 0, step) * integers(rng, np.int32, n, 0, 1)
    after = np.where((first == 0) & (spikes != 0), step + 1, first).astype(np.int32)
    arrays = {"spikes": spikes, "first": first}
    return Case(kernel, [step, n], arrays, {"first": after})


def membrane(rng, kernel):
    kind = TYPES[kernel.split("_")[2]]
    n, step = int(rng.integers(1, 30)), int(rng.integers(0, 3))
    values = integers(rng, kind, n, np.iinfo(kind).min // 2, np.iinfo(kind).max // 2)
    scores = integers(rng, np.int32, n, -(1 << 30), 1 << 30)
    after = values.astype(np.int32)
    if step > 0 and "max" in kernel:
        after = np.maximum(after, scores)
    if step > 0 and "sum" in kernel:
        after = after + scores
    arrays = {"membrane": values, "scores": scores}
    return Case(kernel, [step, n], arrays, {"scores": after})


def argmax(rng, kernel):
    scores = integers(rng, np.int32, int(rng.integers(1, 20)), -3, 3)
    return Case(kernel, [scores.size], {"scores": scores}, {}, int(scores.argmax()))


def argmin_first_spike(rng, kernel):
    first = integers(rng, np.int32, int(rng.integers(1, 8)), 0, 3)
    ranks = np.where(first == 0, 100, first)
    return Case(kernel, [first.size], {"first": first}, {}, int(ranks.argmin()))


def group_sum(rng, kernel):
    groups, size = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    scores = integers(rng, np.int32, (groups, size), -999, 999)
    arrays = {"scores": scores, "groups": np.zeros(groups, np.int32)}
    expected = {"groups": scores.sum(axis=1, dtype=np.int32)}
    return Case(kernel, [groups, size], arrays, expected)


# Each generator with the kernels it makes calls of and the calls per kernel.
FAMILIES = {
    packed: (["packed"], 90),
    spike_list: (["spike_list"], 40),
    bytes_to_masks: (["bytes_to_masks"], 60),
    max_pool_masks: (["max_pool_masks"], 80),
    lif_steps: ([f"lif_steps_{s}_{c}" for s in ("s16", "s32") for c in ("s8", "s16", "s32")], 120),
    list_bits: (["list_bits"], 30),
    bits_to_bytes: (["bits_to_bytes"], 30),
    fill_zero: (["fill_zero"], 40),
    linear_scatter: ([f"linear_scatter{v}_{t}" for v in ("", "_values")
                      for t in ("s16", "s32")], 40),
    linear_gather: ([f"linear_gather_{k}" for k in (
        "s16", "s32", "values_s16", "values_s32", "packed4_values_s16", "packed4_values_s32")], 60),
    linear_counts: (["linear_counts_s16", "linear_counts_s32"], 60),
    linear_dot: (["linear_dot_s16", "linear_dot_s32"], 60),
    conv2d_dot: (["conv2d_dot_s16", "conv2d_dot_s32"], 40),
    conv2d_dot_pool2d: ([f"conv2d_dot_{p}" for p in (
        "max_pool2d_s16", "max_pool2d_s32", "sum_pool2d_s16_s16", "sum_pool2d_s16_s32",
        "sum_pool2d_s32_s32")], 30),
    compressed_linear_scatter: ([f"linear_scatter_{k}{v}_{t}"
                                 for k in ("packed4", "packed2", "sparse", "blocks")
                                 for v in ("", "_values") for t in ("s16", "s32")], 40),
    conv2d_scatter: ([f"conv2d_scatter{v}_{t}" for v in ("", "_values")
                      for t in ("s16", "s32")], 40),
    packed_conv2d_scatter: ([f"conv2d_scatter_{k}{v}_{t}" for k in ("packed4", "packed2")
                             for v in ("", "_values") for t in ("s16", "s32")], 40),
    sparse_conv2d_scatter: ([f"conv2d_scatter_{k}{v}_{t}" for k in ("sparse", "blocks")
                             for v in ("", "_values") for t in ("s16", "s32")], 50),
    im2col_s8: (["im2col_s8"], 30),
    pool2d: (["max_pool2d_s8", "max_pool2d_s16", "max_pool2d_s32",
              "sum_pool2d_s8_s8", "sum_pool2d_s8_s16", "sum_pool2d_s16_s16",
              "sum_pool2d_s16_s32", "sum_pool2d_s32_s32"], 30),
    neuron: ([f"{n}_{s}_{c}" for n in ("lif", "li") for s in ("s16", "s32")
              for c in ("s8", "s16", "s32")], 100),
    add: (["add_s8", "add_s16", "add_s32"], 20),
    scale: (["scale_s8_s8", "scale_s8_s16", "scale_s8_s32", "scale_s16_s16", "scale_s16_s32",
             "scale_s32_s16", "scale_s32_s32"], 20),
    concat_channels: ([f"concat_channels_{t}" for t in TYPES], 10),
    frame_to_hwc_u8: (["frame_to_hwc_u8"], 30),
    events_to_hwc: (["events_to_hwc"], 40),
    values_to_hwc_s8: (["values_to_hwc_s8"], 20),
    widen_s8_s16: (["widen_s8_s16"], 10),
    count_spikes: (["count_spikes"], 10),
    first_spike: (["first_spike"], 20),
    membrane: ([f"membrane_{r}_{t}" for r in ("last", "max", "sum")
                for t in ("s16", "s32")], 10),
    argmax: (["argmax"], 20),
    argmin_first_spike: (["argmin_first_spike"], 20),
    group_sum: (["group_sum"], 10),
    alpha: ([f"alpha_{s}_{c}" for s in ("s16", "s32") for c in ("s8", "s16", "s32")], 100),
    alpha_steps: ([f"alpha_steps_{s}_{c}" for s in ("s16", "s32")
                   for c in ("s8", "s16", "s32")], 80),
    synaptic_steps: ([f"synaptic_steps_{i}_{s}_{c}" for i in ("s16", "s32")
                      for s in ("s16", "s32") for c in ("s8", "s16", "s32")], 60),
}  # fmt: skip
KERNELS = [kernel for kernels, _ in FAMILIES.values() for kernel in kernels]


def generate(seed):
    """All cases: a dictionary from kernel to its list of cases."""
    cases = {}
    for family, (kernels, count) in FAMILIES.items():
        for kernel in kernels:
            rng = np.random.default_rng([seed, KERNELS.index(kernel)])
            cases[kernel] = [family(rng, kernel) for _ in range(count)]
    return cases
