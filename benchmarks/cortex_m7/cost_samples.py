# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `calibrate.py` fits: calls of random networks with what each takes on the target."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from code_bytes import measure_code, program_amounts
from numpy.typing import NDArray
from profile_calls import profile_calls

from snnir.costs.code_size import code_amounts
from snnir.costs.features import Presentation, features
from snnir.costs.signals import Signals
from snnir.dialects.kernel_bases import KernelOpBase
from snnir.driver.files import kernels_of
from snnir.driver.pipelines import apply_pipeline
from snnir.quantization.input_density import density_cell, measure_density, possible_contracts
from snnir.support.diagnostics import SNNError
from snnir.testing.cost_networks import (
    LARGEST_COUNT,
    STEPS,
    averaged,
    binary,
    connected,
    convolutional,
    counted,
    depthwise,
    narrow,
    pooled,
    pruned,
    quantized,
    recurrent,
    small,
    spikes_pooled,
    static,
    synaptic,
    trained_leaks,
    valued,
    wide,
)
from snnir.testing.random_networks import RandomNetwork

CONNECTIONS = (
    "kernels=dense",
    "kernels=packed",
    "kernels=sparse",
    "kernels=blocks",
    "kernels=gather",
    "kernels=cmsis",
)
Amounts = dict[str, float]

PROGRAM = "program"
"""What samples of the program around the calls are filed under."""

_code_only = False
_wanted: tuple[str, ...] = ("",)


def restrict(code_only: bool, wanted: tuple[str, ...]) -> None:
    """Set for all that this process measures whether it only builds, and programs with which
    kernels: the beginnings of their names.
    """
    global _code_only, _wanted
    _code_only, _wanted = code_only, wanted


@dataclass(frozen=True)
class Sample:
    """One measurement of a call, of the calls that read the input, or of the program around calls.

    Attributes:
        amounts: `kernel/amount` with how much of it there is; empty if only code was measured.
        code: the same for bytes of code, and these.
        cycles: None where nothing estimates them.
    """

    amounts: Amounts
    instructions: float
    kernel: str
    code: tuple[Amounts, int] | None
    cycles: float | None = None


def _prefixed(kernel: str, amounts: Mapping[str, float]) -> Amounts:
    return {f"{kernel}/{name}": amount for name, amount in amounts.items()}


def _samples(
    network: RandomNetwork, x: NDArray, options: str, shown: Presentation, passes: str = ""
) -> Iterator[Sample]:
    """The calls of a network that is lowered by a conversion with options, and `passes`."""
    module = network.module.clone()
    apply_pipeline(module, f"convert-qsnn-to-kernels{{{options}}}{passes},kernels-plan-memory")
    lowered = kernels_of(module)
    timesteps = lowered.timesteps.value.data
    signals = Signals(lowered)
    calls = [op for op in lowered.body.block.ops if isinstance(op, KernelOpBase)]
    called = [features(call, signals, shown)[0] for call in calls]
    if not any(name.startswith(_wanted) for name in (PROGRAM, "input", *called)):
        return
    code = measure_code(module)
    yield Sample({}, 0.0, PROGRAM, (program_amounts(code), code.program))
    if _code_only:
        for call, size in code.calls.items():
            kernel, _ = features(call, signals, shown)
            yield Sample({}, 0.0, kernel, (_prefixed(kernel, code_amounts(call)), size))
        return
    profile = profile_calls(module, x, shown)
    for call, instructions in profile.calls.items():
        kernel, amounts = features(call, signals, shown)
        share = sum(map(call.runs_in, range(timesteps))) / timesteps
        amounts = {name: share * amount for name, amount in amounts.items()}
        sized = _prefixed(kernel, code_amounts(call)), code.calls[call]
        cycles = None if profile.cycles is None else profile.cycles[call]
        yield Sample(_prefixed(kernel, amounts), instructions, kernel, sized, cycles)
    reading, instructions = profile.input
    if any(call.once is not None for call in reading):
        return
    joint: Amounts = {}
    for call in reading:
        joint |= _prefixed(*features(call, signals, shown))
    yield Sample(joint, instructions, "input", None, profile.input_cycles)


def measure(seed: int) -> list[Sample]:
    """All samples of one random network."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    is_connected = seed % 3 == 2
    network = connected(rng) if is_connected else convolutional(rng, plain=seed % 6 != 4)
    bits = int(rng.choice([2, 4])) if is_connected and rng.random() < 0.4 else 8
    density = ""
    if rng.random() < 0.5:
        limit = int(rng.choice([40, 110, 400]))
        density = f" input-density={limit}"
        # Frames that break the contract would be refused.
        flat = network.x.reshape(*network.x.shape[:2], -1)
        flat[np.cumsum(flat, axis=-1) > limit] = 0
    state = "i32" if rng.random() < (0.4 if is_connected else 0.15) else "auto"
    quantized(network, f"bits={bits} state={state}{density}")
    if is_connected:
        choices = list(CONNECTIONS)
    else:
        choices = [rng.choice(["kernels=scatter", "kernels=scatter", "kernels=cmsis"])]
        for packing in ("pairs", "triples"):
            table_bytes = int(rng.choice([0, 4_000, 16_000, 60_000, 160_000]))
            choices.append(f"kernels=dense packing={packing} table-bytes={table_bytes}")
        choices.append(f"kernels=dense tile-rows={int(rng.choice([1, 1, 2, 4]))}")
    result: list[Sample] = []
    for index, choice in enumerate(choices):
        shown: Presentation = "frames" if index == 0 and seed % 2 else "events"
        try:
            result += _samples(network, network.x, choice, shown)
        except SNNError as error:
            print(f"network {seed}, {choice}: left out, {error}", file=sys.stderr)
    result += _narrow_samples(seed) + _other_samples(seed) + _packed_samples(seed)
    result += _synaptic_samples(seed) + _valued_samples(seed) + _recurrent_samples(seed)
    result += _depthwise_samples(seed) + _map_samples(seed) + _pruned_samples(seed)
    result += _alpha_samples(seed) + _binary_samples(seed) + _trained_leak_samples(seed)
    result += _pooled_mask_samples(seed) + _small_samples(seed) + _counted_samples(seed)
    result += _averaged_samples(seed)
    return result + _static_samples(seed) + _static_second_order_samples(seed)


def _other_samples(seed: int) -> list[Sample]:
    """Samples of kernels and sizes that the networks above seldom have."""
    rng = np.random.default_rng([seed, 5])
    is_wide = seed % 2 == 1
    network = wide(rng) if is_wide else pooled(rng)
    state = "i32" if rng.random() < 0.3 else "auto"
    quantized(network, f"bits=8 state={state}{'' if is_wide else _contract(network)}")
    if is_wide:
        choices = [f"kernels={rng.choice(['dense', 'sparse', 'blocks', 'gather'])}"]
    else:
        packing = rng.choice(["pairs", "triples"])
        choices = [
            "kernels=scatter",
            str(rng.choice([f"kernels=dense packing={packing}", "kernels=dense tile-rows=1"])),
        ]
    result: list[Sample] = []
    for index, choice in enumerate(choices):
        shown: Presentation = "frames" if index == 0 and seed % 4 < 2 else "events"
        try:
            result += _samples(network, network.x, choice, shown)
        except SNNError as error:
            print(f"network {seed}, {choice}: left out, {error}", file=sys.stderr)
    return result


def _contract(network: RandomNetwork) -> str:
    """An option for a bound on events that most frames together exceed, if there is one."""
    cell = density_cell(network.network)
    if cell is None:
        return ""
    measured = measure_density(network.x, cell)
    bounds = possible_contracts(network.network, cell, measured, int(network.x.max()))
    return f" input-density={bounds[-1]}" if bounds else ""


def _narrow_samples(seed: int) -> list[Sample]:
    """Samples of the kernels that a network must be made for."""
    network = narrow(np.random.default_rng([seed, 4]))
    quantized(network, "bits=4")
    return list(_samples(network, network.x, "kernels=cmsis_s4", "events"))


def _synaptic_samples(seed: int) -> list[Sample]:
    """Samples of integrators that hold the currents of synapses."""
    rng = np.random.default_rng([seed, 6])
    network = synaptic(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'i16', 'i32'])}")
    return list(_samples(network, network.x, "kernels=dense", "events"))


def _trained_leak_samples(seed: int) -> list[Sample]:
    """Samples of neurons whose leaks differ."""
    rng = np.random.default_rng([seed, 12])
    network = trained_leaks(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'i32', 'i32'])}")
    return list(_samples(network, network.x, "kernels=scatter", "events"))


def _binary_samples(seed: int) -> list[Sample]:
    """Samples of sums of many spikes."""
    network = binary(np.random.default_rng([seed, 11]))
    quantized(network, "bits=8")
    return [
        found
        for kernels in ("gather", "sparse", "blocks")
        for found in _samples(network, network.x, f"kernels={kernels}", "frames")
    ]


def _counted_samples(seed: int) -> list[Sample]:
    """Samples of sums of counts in tiles of outputs."""
    rng = np.random.default_rng([seed, 17])
    network = counted(rng)
    maximum = int(rng.choice([LARGEST_COUNT, 20, 127]))
    quantized(network, f"bits={rng.choice([8, 4, 4])}", maximum)
    return list(_samples(network, network.x, "kernels=gather", "frames"))


def _averaged_samples(seed: int) -> list[Sample]:
    """Samples of fully connected layers that read sums of 16 bits."""
    rng = np.random.default_rng([seed, 18])
    network = averaged(rng)
    quantized(network, f"bits={rng.choice([8, 4, 2])}")
    return list(_samples(network, network.x, "kernels=scatter", "events"))


def _alpha_samples(seed: int) -> list[Sample]:
    """Samples of neurons with an alpha-shaped synapse."""
    rng = np.random.default_rng([seed, 10])
    network = synaptic(rng, alpha=True)
    kinds = ["bits=8 state=auto", "bits=8 state=saturate", "bits=2 state=i16"]
    quantized(network, str(rng.choice(kinds)))
    return list(_samples(network, network.x, "kernels=dense", "events"))


def _recurrent_samples(seed: int) -> list[Sample]:
    """Samples of sums and joined layers, which feedback often needs."""
    rng = np.random.default_rng([seed, 9])
    network = recurrent(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'i32'])}")
    kernels = rng.choice(["gather", "scatter"])
    return list(_samples(network, network.x, f"kernels={kernels}", "events"))


def _packed_samples(seed: int) -> list[Sample]:
    """Samples of convolutions whose weights are stored in 4 or 2 bits."""
    if seed % 2 == 0:
        return []
    rng = np.random.default_rng([seed, 6])
    network = convolutional(rng, plain=seed % 4 == 1)
    state = "i32" if rng.random() < 0.2 else "auto"
    quantized(network, f"bits={rng.choice([4, 2])} state={state}")
    result: list[Sample] = []
    for choice in ("kernels=scatter", "tile-rows=1"):
        try:
            result += _samples(network, network.x, f"{choice} weight-bits=2", "events")
        except SNNError as error:
            print(f"network {seed}, {choice}, packed: left out, {error}", file=sys.stderr)
    return result


def _valued_samples(seed: int) -> list[Sample]:
    """Samples of layers that read real values, most of which may be zero."""
    rng = np.random.default_rng([seed, 7])
    network = valued(rng)
    quantized(network, f"bits={rng.choice([8, 8, 4, 2])} state={rng.choice(['auto', 'i32'])}")
    kernels = rng.choice(["dense", "gather", "sparse", "blocks", "packed"], 3, replace=False)
    return [
        found
        for choice in ("kernels=dot", *(f"kernels={kernel}" for kernel in kernels))
        for found in _samples(network, network.x, choice, "frames")
    ]


def _depthwise_samples(seed: int) -> list[Sample]:
    """Samples of convolutions of each channel by itself."""
    rng = np.random.default_rng([seed, 8])
    network = depthwise(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'i32'])}")
    return list(_samples(network, network.x, "kernels=scatter", "events"))


def _pruned_samples(seed: int) -> list[Sample]:
    """Samples of convolutions that store weights other than zero alone."""
    rng = np.random.default_rng([seed, 10])
    network = pruned(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'i32'])}")
    neurons = rng.choice(["bytes", "lists"])
    shown: Presentation = "frames" if network.x.min() < 0 else "events"
    return [
        found
        for kernels in ("sparse", "blocks")
        for found in _samples(network, network.x, f"kernels={kernels} neurons={neurons}", shown)
    ]


def _map_samples(seed: int) -> list[Sample]:
    """Samples of neurons that list their spikes, and of convolutions that read masks of bytes."""
    rng = np.random.default_rng([seed, 9])
    network = depthwise(rng) if seed % 3 == 0 else convolutional(rng, plain=seed % 3 == 1)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'auto', 'i32'])}")
    table_bytes = int(rng.choice([0, 4_000, 16_000, 60_000, 160_000]))
    choices = (
        "kernels=scatter neurons=lists",
        f"kernels=masks table-bytes={table_bytes}",
        "kernels=masks neurons=lists",
    )
    return [found for choice in choices for found in _samples(network, network.x, choice, "events")]


def _pooled_mask_samples(seed: int) -> list[Sample]:
    """Samples of poolings of spikes that are listed as masks."""
    rng = np.random.default_rng([seed, 13])
    network = spikes_pooled(rng)
    quantized(network, "bits=8")
    options = f"kernels=event packing={rng.choice(['pairs', 'triples'])}"
    return list(_samples(network, network.x, options, "events"))


def _small_samples(seed: int) -> list[Sample]:
    """Samples of small layers, in which what a call costs by itself shows."""
    rng = np.random.default_rng([seed, 14])
    network = small(rng)
    quantized(network, f"bits=8 state={rng.choice(['auto', 'auto', 'i32'])}")
    return [
        found
        for kernels in ("scatter", "cmsis")
        for found in _samples(network, network.x, f"kernels={kernels}", "events")
    ]


def _static_samples(seed: int) -> list[Sample]:
    """Samples of neurons that compute several steps at once."""
    rng = np.random.default_rng([seed, 15])
    network = static(rng)
    state = rng.choice(["auto", "auto", "i32", "saturate"])
    quantized(network, f"bits={rng.choice([8, 4, 2])} state={state}")
    steps = int(rng.choice([3, 6, 8, 12, 16]))
    passes = f",kernels-hoist-static-input,kernels-batch-timesteps{{steps={steps}}}"
    x = np.repeat(network.x[:, None], STEPS, axis=1)
    return list(_samples(network, x, "kernels=scatter", "frames", passes))


def _static_second_order_samples(seed: int) -> list[Sample]:
    """Samples of neurons with two or three states that compute several steps at once."""
    rng = np.random.default_rng([seed, 16])
    network = static(rng, "alpha" if seed % 2 else "synaptic")
    state = rng.choice(["auto", "auto", "i32", "saturate"])
    quantized(network, f"bits={rng.choice([8, 4, 2])} state={state}")
    steps = int(rng.choice([3, 6, 8, 12, 16]))
    passes = f",kernels-hoist-static-input,kernels-batch-timesteps{{steps={steps}}}"
    x = np.repeat(network.x[:, None], STEPS, axis=1)
    return list(_samples(network, x, "kernels=scatter", "frames", passes))
