# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Train the digits network from nothing; write `weights.pt` and `test.npz` beside this file.

    python examples/digits/train.py [--epochs N] [--seed N] [--output-folder DIR]

Takes about a minute on two cores. The held-out test images are not looked at before the last epoch
is
over: neither the number of epochs nor the weights depend on them.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import snntorch as snn
import torch
from encode import encode
from model import BETA, TIMESTEPS, build
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

TEST_SAMPLES = 450
BATCH = 64
LEARNING_RATE = 2e-2
WEIGHT_STEP = 2.0**-12
"""Weights and biases are rounded to multiples of this, so that every input current is exact in
float32 and no order of summation can change a spike."""


def reset(network: nn.Module) -> None:
    """Set every membrane potential of `network` to zero."""
    for module in network.modules():
        if isinstance(module, snn.Leaky):
            module.reset_mem()


def spike_counts(network: nn.Module, frames: torch.Tensor) -> torch.Tensor:
    """Return the output spikes per class, float32 (batch, 10).

    `frames` is float32 (batch, timesteps, 2, 12, 12).
    """
    reset(network)
    return torch.stack([network(frames[:, step])[0] for step in range(frames.shape[1])]).sum(0)


def accuracy(network: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """Return the part of the samples `x` (uint8) whose decision is the label `y`."""
    with torch.no_grad():
        counts = spike_counts(network, torch.from_numpy(x).float())
    return float((counts.argmax(1).numpy() == y).mean())


def shifted(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return `images` (samples, 8, 8), each moved by -1, 0 or 1 columns at random."""
    moves = generator.integers(-1, 2, len(images))
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1)))
    return np.stack([image[:, 1 - m : 9 - m] for image, m in zip(padded, moves, strict=True)])


def spike_rates(network: nn.Sequential, x: np.ndarray) -> dict[str, float]:
    """Return, per spiking layer, the mean number of spikes per neuron and time step."""
    rates: dict[str, list[float]] = {}

    def recorder(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def record(module: nn.Module, inputs: Any, output: Any) -> None:
            spikes = output[0] if isinstance(output, tuple) else output
            rates.setdefault(name, []).append(spikes.mean().item())

        return record

    hooks = [
        module.register_forward_hook(recorder(name))
        for name, module in network.named_children()
        if isinstance(module, snn.Leaky)
    ]
    with torch.no_grad():
        spike_counts(network, torch.from_numpy(x).float())
    for hook in hooks:
        hook.remove()
    return {name: float(np.mean(values)) for name, values in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the digits network from nothing.")
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output-folder", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()

    pixels, target = load_digits(return_X_y=True)
    parts = train_test_split(
        pixels.reshape(-1, 8, 8),
        target.astype(np.int64),
        test_size=TEST_SAMPLES,
        stratify=target,
        random_state=0,
    )
    train_images, test_images, train_y, test_y = map(np.asarray, parts)
    test_x = encode(test_images)

    torch.manual_seed(arguments.seed)
    torch.use_deterministic_algorithms(True)
    generator = np.random.default_rng(arguments.seed)
    network = build()
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    batches = -(-len(train_y) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=batches * arguments.epochs
    )
    progress = tqdm(range(arguments.epochs), unit="epoch", disable=not sys.stderr.isatty())
    loss = torch.zeros(())
    for _ in progress:
        frames = encode(shifted(train_images, generator))
        for chosen in np.array_split(generator.permutation(len(train_y)), batches):
            counts = spike_counts(network, torch.from_numpy(frames[chosen]).float())
            loss = cross_entropy(counts, torch.from_numpy(train_y[chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        progress.set_postfix(loss=f"{loss.item():.3f}")

    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.round(parameter / WEIGHT_STEP) * WEIGHT_STEP)
    arguments.output_folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), arguments.output_folder / "weights.pt")
    np.savez_compressed(arguments.output_folder / "test.npz", x=test_x, y=test_y)

    train_accuracy = accuracy(network, encode(train_images), train_y)
    test_accuracy = accuracy(network, test_x, test_y)
    print(f"{TIMESTEPS} steps, beta {BETA}: {test_x.mean():.2%} of the input values are events")
    print(f"accuracy: train {train_accuracy:.2%} (n = {len(train_y)}), ", end="")
    print(f"test {test_accuracy:.2%} (n = {len(test_y)})")
    for name, rate in spike_rates(network, test_x).items():
        print(f"layer {name}: {rate:.4f} spikes per neuron and step")


if __name__ == "__main__":
    main()
