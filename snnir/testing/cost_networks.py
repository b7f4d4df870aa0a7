# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kinds of small random networks whose kernels are measured for the cost tables."""

from __future__ import annotations

from typing import Literal

import numpy as np
from xdsl.ir import SSAValue

from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.snn_attributes import InputKind
from snnir.support.arrays import dense_from_array
from snnir.testing.cost_network_builder import (
    CHANNELS,
    LARGEST_COUNT,
    SAMPLES,
    STEPS,
    CostNetworkBuilder,
    events,
    uniform_events,
)
from snnir.testing.random_networks import RandomNetwork, RandomNetworkBuilder, random_input

SPIKES_OF_SEVEN = 18
"""Spikes whose weights of 4 bits add up to a byte."""
WIDTHS = (5, 8, 10, 16, 20, 24, 30, 32, 36, 48, 64, 84, 100, 128, 150, 200)
LARGEST_LAYER = 300_000
"""Weights of a layer, so that a network fits the flash of the emulated board."""


def convolutional(rng: np.random.Generator, plain: bool, bias_mean: float = -0.2) -> RandomNetwork:
    """One or two convolutions, flattened into a fully connected layer."""
    extents = rng.integers(9, 31, 2).tolist()
    shape = (int(rng.integers(1, 4)), *extents)
    builder = CostNetworkBuilder(rng, shape)
    halving = builder.chance(0.7)
    current = builder.convolution(builder.frame, plain, bias_mean=bias_mean)
    value = builder.spiking(current, halving)
    if min(shape_of(value.type)[1:]) >= 3 and builder.chance(0.8):
        current = builder.convolution(value, plain, bias_mean=bias_mean)
        value = builder.spiking(current, halving)
    current = builder.connected(builder.flat(value), int(rng.choice([5, 10, 17, 32])))
    return RandomNetwork(builder.complete(builder.spiking(current, False)), events(rng, shape))


def spikes_pooled(rng: np.random.Generator) -> RandomNetwork:
    """Two convolutions of stride 1 with a maximum of their spikes behind, and a connected layer."""
    shape = (int(rng.integers(1, 3)), *rng.integers(6, 31, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    value, halving = builder.frame, builder.chance(0.7)
    for _ in range(2):
        value = builder.spiking(builder.convolution(value, plain=True), halving)
        window = rng.choice([2, 2, 3, 1], 2).tolist()
        if all(w <= extent for w, extent in zip(window, shape_of(value.type)[1:], strict=True)):
            value = builder.add(snn.MaxPool2dOp(value, window, window)).results[0]
    current = builder.connected(builder.flat(value), 10)
    return RandomNetwork(builder.complete(builder.spiking(current, False)), events(rng, shape))


def small(rng: np.random.Generator) -> RandomNetwork:
    """Convolutions of few positions and up to many channels, poolings of spikes behind them.

    Behind many channels currents have 32 bits.
    """
    shape = (int(rng.choice([1, 2, 8, 40, 64, 96])), *rng.integers(3, 10, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    value = builder.frame
    for outputs in rng.choice([4, 10, 33, 64, 96, 320], int(rng.integers(1, 3))).tolist():
        channels, *size = shape_of(value.type)
        taps = min(int(rng.choice([1, 2, 3])), *size)
        weight = builder.weight_of((outputs, channels, taps, taps), 2.0)
        stride = [int(rng.choice([1, 1, 2]))] * 2
        padding = [int(rng.choice([0, taps // 2]))] * 2
        current = builder.add(snn.Conv2dOp(value, weight, None, padding=padding, stride=stride))
        value = builder.spiking(current.result, builder.chance(0.3))
        window = int(rng.choice([2, 3]))
        if builder.chance(0.6) and min(shape_of(value.type)[1:]) >= window:
            pool = snn.MaxPool2dOp if builder.chance(0.6) else snn.SumPool2dOp
            value = builder.add(pool(value, [window] * 2, [window] * 2)).results[0]
    outputs = int(rng.choice([4, 7, 10, 20]))
    value = builder.spiking(builder.connected(builder.flat(value), outputs), False)
    return RandomNetwork(builder.complete(value), uniform_events(rng, shape))


def connected(rng: np.random.Generator) -> RandomNetwork:
    """Two fully connected layers behind a flat frame."""
    shape = (int(rng.integers(60, 1500)),)
    builder = CostNetworkBuilder(rng, shape)
    kept = float(rng.choice([1.0, 1.0, 0.3, 0.1, 0.04]))
    outputs = int(rng.choice([16, 24, 40, 64, 96, 130, 200]))
    value = builder.spiking(builder.connected(builder.frame, outputs, kept), builder.chance(0.5))
    current = builder.connected(value, int(rng.choice([4, 10, 27, 48])), kept)
    return RandomNetwork(builder.complete(builder.spiking(current, False)), events(rng, shape))


def narrow(rng: np.random.Generator) -> RandomNetwork:
    """A convolution, perhaps pooled to means, and two layers, with sums that fit 8 bits.

    That is so with weights of 4 bits.
    """
    shape = (int(rng.integers(1, 9)), *rng.integers(6, 17, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    outputs, taps = int(rng.choice(CHANNELS[:8])), int(rng.choice([1, 2, 3, 3, 5]))
    padding, stride = [int(rng.choice([0, taps // 2]))] * 2, [int(rng.choice([1, 1, 2]))] * 2
    weight = builder.few((outputs, shape[0], taps, taps), SPIKES_OF_SEVEN // LARGEST_COUNT)
    convolution = snn.Conv2dOp(builder.frame, weight, None, padding=padding, stride=stride)
    value: SSAValue = builder.add(convolution).result
    of_currents, window = builder.chance(0.5), int(rng.choice([1, 2, 2, 3]))
    if not of_currents:
        value = builder.spiking(value, True)
    if window <= min(shape_of(value.type)[1:]):
        value = builder.add(snn.AvgPool2dOp(value, [window] * 2, [window] * 2)).result
    if of_currents:
        value = builder.spiking(value, True)
    size = 1 if of_currents else window**2
    for outputs in (int(rng.choice([10, 23, 64, 130])), int(rng.choice([4, 7, 10]))):
        if len(shape_of(value.type)) > 1:
            value = builder.flat(value)
        inputs = shape_of(value.type)[0]
        weight = builder.few((outputs, inputs), max(SPIKES_OF_SEVEN // size, 1))
        value = builder.spiking(builder.add(snn.LinearOp(value, weight, None)).result, False)
        size = 1
    return RandomNetwork(builder.complete(value), events(rng, shape))


def pooled(rng: np.random.Generator) -> RandomNetwork:
    """Convolutions whose currents or spikes are pooled, and fully connected layers of any width.

    Behind many spikes the widest layers have 32-bit currents.
    """
    shape = (int(rng.integers(1, 3)), *rng.integers(8, 25, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    value, halving = builder.frame, builder.chance(0.4)
    for _ in range(int(rng.integers(1, 3))):
        value = builder.spiking(builder.convolution(value, builder.chance(0.7)), halving)
        window = int(rng.choice([2, 2, 3]))
        if builder.chance(0.5) and min(shape_of(value.type)[1:]) >= 2 * window:
            pool = snn.MaxPool2dOp if builder.chance(0.3) else snn.SumPool2dOp
            value = builder.add(pool(value, [window] * 2, [window] * 2)).results[0]
    value = builder.flat(value)
    (inputs,) = shape_of(value.type)
    widths = [width for width in WIDTHS if width * inputs < LARGEST_LAYER]
    for outputs in (int(rng.choice(widths)), int(rng.choice([4, 7, 10, 20]))):
        value = builder.spiking(builder.connected(value, outputs), builder.chance(0.3))
    return RandomNetwork(builder.complete(value), uniform_events(rng, shape))


def wide(rng: np.random.Generator) -> RandomNetwork:
    """Two fully connected layers of up to 600 neurons, and a small one."""
    shape = (int(rng.integers(60, 1600)),)
    builder = CostNetworkBuilder(rng, shape)
    value: SSAValue = builder.frame
    kept = float(rng.choice([1.0, 1.0, 1.0, 0.2, 0.05]))
    for _ in range(2):
        (inputs,) = shape_of(value.type)
        most = min(LARGEST_LAYER // inputs, 600)
        outputs = int(rng.integers(20, most)) // int(rng.choice([1, 4, 4, 8])) * 4
        weight = builder.weight_of((max(outputs, 8), inputs), inputs * 0.03, kept)
        value = builder.spiking(builder.add(snn.LinearOp(value, weight, None)).result, False)
    value = builder.spiking(builder.connected(value, int(rng.choice([4, 10, 20]))), False)
    return RandomNetwork(builder.complete(value), uniform_events(rng, shape, 0.012))


def binary(rng: np.random.Generator) -> RandomNetwork:
    """A fully connected layer behind frames of so many spikes that its sums need 32 bits."""
    shape = (int(rng.integers(1500, 4000)),)
    builder = CostNetworkBuilder(rng, shape)
    outputs = int(rng.integers(1, LARGEST_LAYER // shape[0]))
    value = builder.spiking(builder.connected(builder.frame, outputs), False)
    rate = np.exp(rng.uniform(np.log(0.01), np.log(0.2)))
    x = (rng.random((SAMPLES, STEPS, *shape)) < rate).astype(np.int64)
    return RandomNetwork(builder.complete(value, InputKind.BINARY_FRAMES), x)


def counted(rng: np.random.Generator) -> RandomNetwork:
    """A fully connected layer of any width behind counts, of which up to half are not zero."""
    shape = (int(rng.integers(40, 1500)),)
    builder = CostNetworkBuilder(rng, shape)
    outputs = int(rng.choice([2, 4, 5, 8, 10, 12, 16, 20, 33, 40, 64, 100]))
    value = builder.spiking(builder.connected(builder.frame, outputs), False)
    rate = np.exp(rng.uniform(np.log(0.01), np.log(0.5)))
    x = np.minimum(rng.poisson(rate, (SAMPLES, STEPS, *shape)), LARGEST_COUNT)
    return RandomNetwork(builder.complete(value), x)


def deep(rng: np.random.Generator) -> RandomNetwork:
    """A convolution of so many channels that the library multiplies it one by one."""
    shape = (2, *rng.integers(6, 13, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    value = builder.frame
    channels, taps = ((64, 3), (96, 3), (24, 5), (33, 5))[int(rng.integers(4))]
    for outputs, extent in ((channels, 3), (int(rng.choice([4, 7, 12, 16])), taps)):
        weight = builder.weight_of((outputs, shape_of(value.type)[0], extent, extent), 4.0)
        padding, stride = int(rng.choice([0, extent // 2])), int(rng.choice([1, 1, 2]))
        if min(shape_of(value.type)[1:]) + 2 * padding < extent:
            padding = extent // 2
        convolution = snn.Conv2dOp(value, weight, None, padding=[padding] * 2, stride=[stride] * 2)
        value = builder.spiking(builder.add(convolution).result, False)
    current = builder.connected(builder.flat(value), 10)
    return RandomNetwork(builder.complete(builder.spiking(current, False)), events(rng, shape))


def averaged(rng: np.random.Generator, windows: tuple[int, ...] = ()) -> RandomNetwork:
    """A convolution whose spikes are summed over the map, or parts of it, and two layers.

    Args:
        windows: rows and columns of these parts, 12 or the whole map by default; of up to 11, sums
            have 8 bits.
    """
    size = int(rng.integers(24, 30))
    shape = (int(rng.integers(1, 3)), size, size)
    builder = CostNetworkBuilder(rng, shape)
    weight = builder.weight_of((int(rng.choice(CHANNELS)), shape[0], 3, 3), 2.0)
    current = builder.add(snn.Conv2dOp(builder.frame, weight, None, padding=[1, 1])).result
    window = int(rng.choice(windows or [12, size]))
    pool = snn.SumPool2dOp(builder.spiking(current, False), [window] * 2, [window] * 2)
    value = builder.flat(builder.add(pool).results[0])
    outputs = int(rng.choice([2, 4, 5, 10, 12, 17, 33, 64]))
    value = builder.spiking(builder.connected(value, outputs), False)
    value = builder.spiking(builder.connected(value, 10), False)
    return RandomNetwork(builder.complete(value), uniform_events(rng, shape))


def synaptic(rng: np.random.Generator, alpha: bool = False) -> RandomNetwork:
    """Neurons with a synaptic current, or an alpha-shaped synapse, behind one or two layers."""
    is_flat = rng.random() < 0.5
    shape = (int(rng.integers(60, 600)),) if is_flat else (2, *rng.integers(7, 17, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    if is_flat:
        outputs = int(rng.choice([16, 24, 40, 64, 96, 130, 200]))
        current = builder.connected(builder.frame, outputs)
    else:
        current = builder.convolution(builder.frame, plain=True)
    neurons = builder.alpha if alpha else builder.second_order
    value = builder.flat(neurons(current))
    current = builder.connected(value, int(rng.choice([4, 10, 27, 48])))
    return RandomNetwork(builder.complete(neurons(current)), events(rng, shape))


def trained_leaks(rng: np.random.Generator, maps: bool = False) -> RandomNetwork:
    """Neurons with leaks of their own behind a layer, which may be a convolution, and another.

    Args:
        maps: the first layer is a convolution, and each of its channels has one leak.
    """
    is_flat = not maps and rng.random() < 0.5
    shape = (int(rng.integers(60, 600)),) if is_flat else (2, *rng.integers(7, 17, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    if is_flat:
        current = builder.connected(builder.frame, int(rng.choice([16, 24, 40, 96, 131, 200])))
    else:
        current = builder.convolution(builder.frame, plain=True)
    value = builder.flat(builder.learned(current, by_channel=maps))
    current = builder.connected(value, int(rng.choice([4, 10, 27, 48])))
    return RandomNetwork(builder.complete(builder.learned(current)), events(rng, shape))


def recurrent(rng: np.random.Generator) -> RandomNetwork:
    """Neurons whose spikes are fed back by a layer or one to one, joined with others without."""
    is_flat = rng.random() < 0.6
    shape = (int(rng.integers(60, 600)),) if is_flat else (2, *rng.integers(7, 17, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    if is_flat:
        current = builder.connected(builder.frame, int(rng.choice([16, 24, 33, 64, 100, 256])))
    else:
        current = builder.convolution(builder.frame, plain=True)
    type = snn.spike_tensor(size := shape_of(current.type))
    builder.add(snn.RegisterOp("before", type))
    spikes = builder.add(snn.ReadOp("before", type)).result
    if rng.random() < 0.5:
        extent = size if rng.random() < 0.5 else (size[0], *[1] * (len(size) - 1))
        factors = dense_from_array(rng.normal(0, 0.3, extent).astype(np.float32))
        fed_back: SSAValue = builder.add(snn.ScaleOp(spikes, factors)).result
    elif is_flat:
        fed_back = builder.connected(spikes, size[0])
    else:
        weight = builder.weight_of((size[0], size[0], 3, 3), 2.0)
        fed_back = builder.add(snn.Conv2dOp(spikes, weight, None, padding=[1, 1])).result
    value = builder.spiking(builder.add(snn.AddOp(current, fed_back)).result, False)
    builder.add(snn.WriteOp("before", value))
    if rng.random() < 0.5:
        value = builder.add(snn.ConcatOp([value, builder.spiking(current, False)])).result
    current = builder.connected(builder.flat(value), int(rng.choice([4, 10, 27, 48])))
    return RandomNetwork(builder.complete(builder.spiking(current, False)), events(rng, shape))


def valued(rng: np.random.Generator) -> RandomNetwork:
    """A frame of real values, most of which may be zero, behind it one layer and a small one."""
    is_flat = rng.random() < 0.4
    shape: tuple[int, ...] = (int(rng.integers(6, 400)),)
    if not is_flat:
        height = 1 if rng.random() < 0.6 else int(rng.integers(4, 20))
        shape = (int(rng.integers(1, 7)), height, int(rng.integers(8, 60 if height == 1 else 20)))
    builder = CostNetworkBuilder(rng, shape)
    if is_flat:
        current = builder.connected(builder.frame, int(rng.integers(4, 260)))
    else:
        current = _of_values(builder, 0.5)
    return _of_real_values(builder, current)


def imaged(rng: np.random.Generator) -> RandomNetwork:
    """Images of real values, behind them a convolution that most often is pooled."""
    shape = (int(rng.integers(1, 7)), *rng.integers(4, 20, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    return _of_real_values(builder, _of_values(builder, 0.8))


def _of_values(builder: CostNetworkBuilder, pooled: float) -> SSAValue:
    """A convolution of the frame; `pooled`: how likely a pooling is."""
    rng, (channels, *size) = builder.rng, shape_of(builder.frame.type)
    taps = [min(int(rng.choice([1, 2, 3, 3, 5, 5, 7])), extent) for extent in size]
    padding = [int(rng.choice([0, extent // 2])) for extent in taps]
    stride = [int(rng.choice([1, 1, 2])) for _ in taps]
    outputs = int(rng.choice([*CHANNELS, 5, 10, 17]))
    weight = builder.weight_of((outputs, channels, *taps), 4.0)
    convolution = snn.Conv2dOp(builder.frame, weight, None, padding=padding, stride=stride)
    current = builder.add(convolution).result
    # A stream of its own: whether there is a pooling leaves all other draws alone.
    (pools,) = rng.spawn(1)
    window = int(pools.choice([2, 2, 3]))
    if pools.random() < pooled and min(shape_of(current.type)[1:]) >= window:
        pool = snn.MaxPool2dOp if pools.random() < 0.6 else snn.SumPool2dOp
        current = builder.add(pool(current, [window] * 2, [window] * 2)).results[0]
    return current


def _of_real_values(builder: CostNetworkBuilder, current: SSAValue) -> RandomNetwork:
    """Neurons behind these currents, a small layer, and frames of which most may be zero."""
    rng, shape = builder.rng, shape_of(builder.frame.type)
    value = builder.flat(builder.spiking(current, False))
    value = builder.spiking(builder.connected(value, 10), False)
    x = np.clip(rng.normal(10, 50, (SAMPLES, STEPS, *shape)), -127, 127).astype(np.int64)
    x *= rng.random(x.shape) >= float(rng.choice([0.0, 0.0, 0.5, 0.8]))
    return RandomNetwork(builder.complete(value, InputKind.VALUES), x)


def static(
    rng: np.random.Generator,
    kind: Literal["leaky", "unchained", "synaptic", "alpha"] = "leaky",
) -> RandomNetwork:
    """An image or features that stay the same; neurons of a kind, perhaps pooled, behind a layer.

    x: (samples, *shape).
    """
    is_flat = rng.random() < 0.5
    # Membranes of few inputs have 16 bits.
    most = 30 if kind == "unchained" else 400
    shape = (int(rng.integers(6, most)),) if is_flat else (2, *rng.integers(7, 17, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    if is_flat:
        current = builder.connected(builder.frame, int(rng.choice([5, 24, 40, 96, 131, 320])))
    else:
        current = builder.convolution(builder.frame, plain=True)
    if kind == "synaptic":
        value = builder.second_order(current, any_timing=True)
    elif kind == "alpha":
        value = builder.alpha(current)
    elif kind == "unchained":
        value = builder.unchained(current)
    else:
        learned = builder.chance(0.35)
        value = builder.learned(current) if learned else builder.spiking(current, False)
    if not is_flat and builder.chance(0.5) and min(shape_of(value.type)[1:]) >= 2:
        value = builder.add(snn.SumPool2dOp(value, [2, 2], [2, 2])).result
    value = builder.spiking(builder.connected(builder.flat(value), 10), False)
    # Of small integers, currents and membranes have 16 bits.
    spread = float(rng.choice([1, 40]))
    x = np.clip(rng.normal(spread / 8, spread, (SAMPLES, *shape)), -127, 127).round()
    module = builder.complete(value, InputKind.STATIC_VALUES)
    return RandomNetwork(module, x.astype(np.int64))


def pruned(rng: np.random.Generator) -> RandomNetwork:
    """Two convolutions of counts or real values with few weights that are not zero."""
    shape = (int(rng.integers(1, 9)), *rng.integers(6, 19, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    is_real, value = builder.chance(0.3), builder.frame
    for _ in range(2):
        kept = float(rng.choice([0.02, 0.05, 0.1, 0.2, 0.4]))
        if min(shape_of(value.type)[1:]) >= 3:
            value = builder.convolution(value, builder.chance(0.6), kept)
            value = builder.spiking(value, builder.chance(0.5))
    current = builder.connected(builder.flat(value), 10)
    kind = InputKind.VALUES if is_real else InputKind.EVENT_COUNTS
    x = events(rng, shape)
    if is_real:
        most = int(rng.choice([3, 25]))
        x *= rng.integers(-most, most + 1, x.shape)
    return RandomNetwork(builder.complete(builder.spiking(current, False), kind), x)


def depthwise(rng: np.random.Generator) -> RandomNetwork:
    """Convolutions of each channel by itself, of counts and of spikes."""
    shape = (int(rng.choice([1, 2, 3, 4, 8, 16])), *rng.integers(6, 22, 2).tolist())
    builder = CostNetworkBuilder(rng, shape)
    value = builder.frame
    for _ in range(2):
        channels, *size = shape_of(value.type)
        taps, each = min(int(rng.choice([3, 3, 5])), *size), int(rng.choice([1, 1, 1, 2]))
        weight = builder.weight_of((channels * each, 1, taps, taps), 2.0)
        padding, stride = int(rng.choice([0, taps // 2])), int(rng.choice([1, 1, 2]))
        convolution = snn.Conv2dOp(
            value, weight, None, padding=[padding] * 2, stride=[stride] * 2, groups=channels
        )
        value = builder.spiking(builder.add(convolution).result, builder.chance(0.4))
    current = builder.connected(builder.flat(value), int(rng.choice([4, 7, 10])))
    return RandomNetwork(
        builder.complete(builder.spiking(current, False)), uniform_events(rng, shape, 0.03)
    )


def various(rng: np.random.Generator) -> RandomNetwork:
    """One or two blocks of layers of everything that `convert-snn-to-qsnn` takes, and any readout.

    Neurons have any dynamics; layers lie beside each other, are summed up, and feed back.
    """
    shape: tuple[int, ...]
    match rng.integers(3):
        case 0:
            shape = (int(rng.integers(1, 5)), *rng.integers(6, 17, 2).tolist())
        case 1:
            shape = (int(rng.integers(1, 7)), int(rng.integers(8, 60)))
        case _:
            shape = (int(rng.integers(10, 300)),)
    builder = RandomNetworkBuilder(rng, shape, outputs=(3, 34))
    value = builder.frame
    for _ in range(rng.integers(1, 3)):
        value = builder.hidden_block(value)
    kind = InputKind(rng.choice(list(InputKind)))
    module = builder.finish(value, STEPS, kind)
    if kind is InputKind.EVENT_COUNTS:
        return RandomNetwork(module, events(rng, shape))
    leading = (SAMPLES,) if kind is InputKind.STATIC_VALUES else (SAMPLES, STEPS)
    return RandomNetwork(module, random_input(rng, kind, (*leading, *shape)))
