# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kinds of random networks that costs are measured on, and the ways to lower each.

`calibrate.py` fits the cost tables to some seeds of every kind; `held_out.py` checks predictions on
others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from snnir.costs.features import Presentation
from snnir.dialects.snn_attributes import REAL_KINDS, InputKind
from snnir.quantization.input_density import density_cell, measure_density, possible_contracts
from snnir.testing import cost_networks as networks
from snnir.testing.cost_network_builder import LARGEST_COUNT, STEPS, quantized
from snnir.testing.random_networks import RandomNetwork

CONNECTIONS = (
    "kernels=dense",
    "kernels=packed",
    "kernels=sparse",
    "kernels=blocks",
    "kernels=gather",
    "kernels=cmsis",
)


@dataclass(frozen=True)
class Way:
    """Options of `convert-qsnn-to-kernels`, how the input is presented, and passes behind."""

    options: str
    shown: Presentation = "events"
    passes: str = ""


@dataclass(frozen=True)
class Drawn:
    """A network of integers with recorded activity.

    Attributes:
        x: (samples, timesteps, *shape).
        ways: to lower it; of no two is it known that they do the same.
    """

    network: RandomNetwork
    x: NDArray[np.int64]
    ways: tuple[Way, ...]


Draw = Callable[[np.random.Generator], Drawn]


def _drawn(network: RandomNetwork, *ways: Way) -> Drawn:
    return Drawn(network, network.x, ways)


def _events_or_frames(rng: np.random.Generator) -> Presentation:
    return "frames" if rng.random() < 0.5 else "events"


def _limit_density(rng: np.random.Generator, network: RandomNetwork) -> str:
    """In half of the networks an option for a bound on the events of a step, which then holds."""
    if rng.random() < 0.5:
        return ""
    limit = int(rng.choice([40, 110, 400]))
    flat = network.x.reshape(*network.x.shape[:2], -1)
    flat[np.cumsum(flat, axis=-1) > limit] = 0
    return f" input-density={limit}"


def _contract(network: RandomNetwork) -> str:
    """An option for a bound on events that most frames together exceed, if there is one."""
    cell = density_cell(network.network)
    if cell is None:
        return ""
    measured = measure_density(network.x, cell)
    bounds = possible_contracts(network.network, cell, measured, int(network.x.max()))
    return f" input-density={bounds[-1]}" if bounds else ""


def connected(rng: np.random.Generator) -> Drawn:
    """Fully connected layers by every kernel."""
    network = networks.connected(rng)
    bits = int(rng.choice([2, 4])) if rng.random() < 0.4 else 8
    state = "i32" if rng.random() < 0.4 else "auto"
    quantized(network, f"bits={bits} state={state}{_limit_density(rng, network)}")
    first, *others = CONNECTIONS
    return _drawn(network, Way(first, _events_or_frames(rng)), *map(Way, others))


def convolutional(rng: np.random.Generator) -> Drawn:
    """Convolutions by scattering, of the library, with tables, in tiles, and stored one by one."""
    network = networks.convolutional(rng, plain=rng.random() < 0.75)
    state = "i32" if rng.random() < 0.15 else "auto"
    quantized(network, f"bits=8 state={state}{_limit_density(rng, network)}")
    first = str(rng.choice(["kernels=scatter", "kernels=scatter", "kernels=cmsis"]))
    ways = [Way(first, _events_or_frames(rng))]
    for packing in ("pairs", "triples"):
        table_bytes = int(rng.choice([0, 4_000, 16_000, 60_000, 160_000]))
        ways.append(Way(f"kernels=dense packing={packing} table-bytes={table_bytes}"))
    ways += [Way(f"kernels=dense tile-rows={int(rng.choice([1, 1, 2, 4]))}"), Way("kernels=sparse")]
    ways.append(Way("kernels=dense tile-rows=1 skip-calm=false"))
    # Drawn last, so that all else stays.
    shown = [ways[0].shown, *(_events_or_frames(rng) for _ in ways[1:])]
    return _drawn(
        network, *(replace(way, shown=each) for way, each in zip(ways, shown, strict=True))
    )


def packed(rng: np.random.Generator) -> Drawn:
    """Convolutions whose weights are stored in 4 or 2 bits."""
    network = networks.convolutional(rng, plain=rng.random() < 0.5)
    state = "i32" if rng.random() < 0.2 else "auto"
    quantized(network, f"bits={rng.choice([4, 2])} state={state}")
    return _drawn(network, Way("kernels=scatter weight-bits=2"), Way("tile-rows=1 weight-bits=2"))


def restless(rng: np.random.Generator) -> Drawn:
    """Convolutions some of whose neurons fire without input."""
    network = networks.convolutional(rng, plain=True, bias_mean=0.4)
    quantized(network, "bits=8")
    packing = rng.choice(["pairs", "triples"])
    return _drawn(network, Way("tile-rows=1"), Way(f"kernels=event packing={packing}"))


def maps(rng: np.random.Generator) -> Drawn:
    """Neurons that list their spikes, and convolutions that read masks of bytes."""
    if rng.random() < 1 / 3:
        network = networks.depthwise(rng)
    else:
        network = networks.convolutional(rng, plain=rng.random() < 0.5)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'auto', 'i32'])}")
    table_bytes = int(rng.choice([0, 4_000, 16_000, 60_000, 160_000]))
    return _drawn(
        network,
        Way("kernels=scatter neurons=lists"),
        Way(f"kernels=masks table-bytes={table_bytes}"),
        Way("kernels=masks neurons=lists"),
    )


def pruned(rng: np.random.Generator) -> Drawn:
    """Convolutions that store weights other than zero alone."""
    network = networks.pruned(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'i32'])}")
    neurons = rng.choice(["bytes", "lists"])
    shown: Presentation = "frames" if network.x.min() < 0 else "events"
    ways = (Way(f"kernels={kernels} neurons={neurons}", shown) for kernels in ("sparse", "blocks"))
    return _drawn(network, *ways)


def depthwise(rng: np.random.Generator) -> Drawn:
    """Convolutions of each channel by itself."""
    network = networks.depthwise(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'i32'])}")
    return _drawn(network, Way("kernels=scatter"))


def pooled(rng: np.random.Generator) -> Drawn:
    """Poolings of currents and spikes in front of layers of any width."""
    network = networks.pooled(rng)
    state = "i32" if rng.random() < 0.3 else "auto"
    quantized(network, f"bits=8 state={state}{_contract(network)}")
    packing = rng.choice(["pairs", "triples"])
    other = rng.choice([f"kernels=dense packing={packing}", "kernels=dense tile-rows=1"])
    first = Way("kernels=scatter", _events_or_frames(rng))
    return _drawn(network, first, Way(str(other), _events_or_frames(rng)))


def pooled_masks(rng: np.random.Generator) -> Drawn:
    """Poolings of spikes that are listed as masks."""
    network = networks.spikes_pooled(rng)
    quantized(network, "bits=8")
    return _drawn(network, Way(f"kernels=event packing={rng.choice(['pairs', 'triples'])}"))


def small(rng: np.random.Generator) -> Drawn:
    """Small layers, in which what a call costs by itself shows."""
    network = networks.small(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'i32'])}")
    packing = rng.choice(["pairs", "triples"])
    ways = ("kernels=scatter", "kernels=cmsis", f"kernels=event packing={packing}", "tile-rows=1")
    return _drawn(network, *map(Way, ways))


def wide(rng: np.random.Generator) -> Drawn:
    """Wide fully connected layers."""
    network = networks.wide(rng)
    quantized(network, f"bits=8 state={'i32' if rng.random() < 0.3 else 'auto'}")
    kernels = rng.choice(["dense", "sparse", "blocks", "gather"])
    return _drawn(network, Way(f"kernels={kernels}", _events_or_frames(rng)))


def narrow(rng: np.random.Generator) -> Drawn:
    """Layers whose sums fit 8 bits."""
    network = networks.narrow(rng)
    quantized(network, "bits=4")
    return _drawn(network, Way("kernels=cmsis_s4"))


def binary(rng: np.random.Generator) -> Drawn:
    """Sums of many spikes."""
    network = networks.binary(rng)
    quantized(network, "bits=8")
    ways = (Way(f"kernels={kernels}", "frames") for kernels in ("gather", "sparse", "blocks"))
    return _drawn(network, *ways)


def counted(rng: np.random.Generator) -> Drawn:
    """Sums of counts in tiles of outputs."""
    network = networks.counted(rng)
    maximum = int(rng.choice([LARGEST_COUNT, 20, 127]))
    quantized(network, f"bits={rng.choice([8, 4, 4])}", maximum)
    return _drawn(network, Way("kernels=gather", "frames"), Way("kernels=packed", "frames"))


def averaged(rng: np.random.Generator) -> Drawn:
    """Fully connected layers that read sums of 16 bits."""
    network = networks.averaged(rng)
    quantized(network, f"bits={rng.choice([8, 4, 2])}")
    return _drawn(network, Way("kernels=scatter"))


def summed(rng: np.random.Generator) -> Drawn:
    """Fully connected layers that read sums of 8 bits."""
    network = networks.averaged(rng, windows=(5, 7, 8, 11))
    quantized(network, "bits=8")
    return _drawn(network, Way("kernels=scatter"))


def synaptic(rng: np.random.Generator) -> Drawn:
    """Integrators that hold the currents of synapses."""
    network = networks.synaptic(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'i16', 'i32'])}")
    return _drawn(network, Way("kernels=dense"))


def alpha(rng: np.random.Generator) -> Drawn:
    """Neurons with an alpha-shaped synapse."""
    network = networks.synaptic(rng, alpha=True)
    kinds = ["bits=8 state=auto", "bits=8 state=saturate", "bits=2 state=i16"]
    quantized(network, str(rng.choice(kinds)))
    return _drawn(network, Way("kernels=dense"))


def trained_leaks(rng: np.random.Generator) -> Drawn:
    """Neurons whose leaks differ."""
    network = networks.trained_leaks(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'i32', 'i32'])}")
    return _drawn(network, Way("kernels=scatter"))


def leaky_maps(rng: np.random.Generator) -> Drawn:
    """The same of convolutions that are read window by window."""
    network = networks.trained_leaks(rng, maps=True)
    quantized(network, "bits=8")
    ways = ("kernels=event", "kernels=event packing=triples", "tile-rows=1")
    return _drawn(network, *map(Way, ways))


def recurrent(rng: np.random.Generator) -> Drawn:
    """Sums and joined layers, which feedback often needs."""
    network = networks.recurrent(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'i32'])}")
    return _drawn(network, Way(f"kernels={rng.choice(['gather', 'scatter'])}"))


def valued(rng: np.random.Generator) -> Drawn:
    """Layers that read real values, most of which may be zero."""
    network = networks.valued(rng)
    quantized(network, f"bits={rng.choice([8, 8, 4, 2])} state={rng.choice(['auto', 'i32'])}")
    some = rng.choice(["dense", "gather", "sparse", "blocks", "packed"], 3, replace=False)
    return _drawn(network, *(Way(f"kernels={kernels}", "frames") for kernels in ("dot", *some)))


def _repeated(network: RandomNetwork) -> NDArray[np.int64]:
    """A static input (samples, *shape) at every step."""
    return np.repeat(network.x[:, None], STEPS, axis=1)


def _batched(rng: np.random.Generator, network: RandomNetwork) -> Drawn:
    state = rng.choice(["auto", "auto", "i32", "saturate"])
    quantized(network, f"bits={rng.choice([8, 4, 2])} state={state}")
    steps = int(rng.choice([3, 6, 8, 12, 16]))
    passes = f",kernels-hoist-static-input,kernels-batch-timesteps{{steps={steps}}}"
    return Drawn(network, _repeated(network), (Way("kernels=scatter", "frames", passes),))


def static(rng: np.random.Generator) -> Drawn:
    """Neurons that compute several steps at once."""
    return _batched(rng, networks.static(rng))


def static_unchained(rng: np.random.Generator) -> Drawn:
    """The same of neurons whose spikes are not the resets of the next step."""
    return _batched(rng, networks.static(rng, "unchained"))


def static_synaptic(rng: np.random.Generator) -> Drawn:
    """Neurons with a synaptic current that compute several steps at once."""
    return _batched(rng, networks.static(rng, "synaptic"))


def static_alpha(rng: np.random.Generator) -> Drawn:
    """Neurons with an alpha-shaped synapse that compute several steps at once."""
    return _batched(rng, networks.static(rng, "alpha"))


def imaged(rng: np.random.Generator) -> Drawn:
    """Convolutions of images of real values, all of which are multiplied."""
    network = networks.imaged(rng)
    quantized(network, f"bits={rng.choice([8, 8, 4, 2])} state={rng.choice(['auto', 'i32'])}")
    packed = Way("kernels=scatter weight-bits=2", "frames")
    return _drawn(network, Way("kernels=dot", "frames"), packed)


def deep(rng: np.random.Generator) -> Drawn:
    """Convolutions of many channels by the library."""
    network = networks.deep(rng)
    quantized(network, "bits=8")
    return _drawn(network, Way("kernels=cmsis"))


def various(rng: np.random.Generator) -> Drawn:
    """Everything that `convert-snn-to-qsnn` takes."""
    network = networks.various(rng)
    quantized(network, f"bits={rng.choice([8, 8, 4, 2])} state={rng.choice(['auto', 'saturate'])}")
    ways = [
        "kernels=dense", "kernels=packed", "kernels=sparse", "kernels=blocks", "kernels=gather",
        "kernels=event", "kernels=event packing=triples", "kernels=event neurons=lists",
        "kernels=masks", "kernels=dense tile-rows=1", "kernels=cmsis", "kernels=dot",
    ]  # fmt: skip
    kind = network.network.input.data
    shown: Presentation = "frames" if kind in REAL_KINDS else _events_or_frames(rng)
    x = _repeated(network) if kind is InputKind.STATIC_VALUES else network.x
    # Both leave networks of other inputs alone.
    passes = ",kernels-hoist-static-input,kernels-batch-timesteps"
    return Drawn(network, x, (Way(str(rng.choice(ways)), shown, passes),))


_KINDS: tuple[Draw, ...] = (
    connected, convolutional, packed, maps, pruned, depthwise, pooled, pooled_masks, small, wide,
    narrow, binary, counted, averaged, synaptic, alpha, trained_leaks, recurrent, valued, static,
    static_synaptic, static_alpha, imaged, deep, various,
    summed, restless, static_unchained, leaky_maps,
)  # fmt: skip
_NETWORKS = {
    "connected": 1 / 3, "wide": 1 / 2, "packed": 3, "depthwise": 2, "small": 2, "narrow": 2,
    "averaged": 2, "alpha": 2, "trained_leaks": 2, "recurrent": 2, "valued": 2, "static": 4,
    "static_unchained": 4, "static_synaptic": 3, "static_alpha": 3, "imaged": 4, "deep": 1 / 2,
    "various": 6,
}  # fmt: skip
"""Networks of a kind for each seed, one by default: more where a network has few of many variants,
fewer where it has many.
"""
_FURTHER_SEED = 100_000
"""From the seed of a network to that of the next one for the same seed."""

KINDS: Mapping[str, Draw] = MappingProxyType({draw.__name__: draw for draw in _KINDS})


def draw(kind: str, seed: int) -> Drawn:
    """The network of a kind that a seed stands for."""
    return KINDS[kind](np.random.default_rng([seed, list(KINDS).index(kind)]))


def draws_of(seed: int) -> list[tuple[str, int]]:
    """Kinds and seeds of the networks that are measured for a seed."""
    found = []
    for number, kind in enumerate(KINDS):
        networks = _NETWORKS.get(kind, 1)
        if networks >= 1:
            found += [(kind, seed + each * _FURTHER_SEED) for each in range(int(networks))]
        elif (seed + number) % round(1 / networks) == 0:
            found.append((kind, seed))
    return found
