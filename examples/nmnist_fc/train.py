# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Train the fully connected N-MNIST network from nothing on simulated recordings of MNIST images.

    python examples/nmnist_fc/train.py [--beta 0.5] [--out weights.pt] [--mnist DIR] ...

The training images begin at index 1000: the recordings of N-MNIST with the numbers 1 to 1000, of
which some are real test data here, are those of the images before. The loss is the cross-entropy of
the output spike counts, with snnTorch's arc tangent in place of the gradient of a spike.

Recordings are held as their events, not as frames, of which 98 % of the values are zero: the first
layer adds up the columns of its weights that belong to the events of a step. That is what
`nn.Linear` computes on the frames, with a fiftieth of the products.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import snntorch as snn
import torch
from model import TIMESTEPS, build
from torch import nn
from torch.nn.functional import cross_entropy, embedding_bag
from tqdm import tqdm

from snnir.data import (
    Events,
    balanced_subset,
    bin_events,
    list_recordings,
    load_mnist,
    read_recording,
    simulate,
)
from snnir.data.locations import shared_folder
from snnir.data.mnist import Split
from snnir.support.atomic import atomic_write, check_writable
from snnir.support.diagnostics import SNNError

FIRST_TRAINING_IMAGE = 1000
TEST_SAMPLES = 2000
INPUTS = 2 * 34 * 34
BATCH = 128
LEARNING_RATE = 2e-3
INITIAL_GAIN = 4.0
"""Factor on PyTorch's initial weights: with a few dozen events in a step and potentials that leak,
the hidden layer would not fire without it, and nothing could be learnt."""
WEIGHT_STEP = 2.0**-15
"""Weights are rounded to multiples of this, so that every input current is exact in float32 and no
order of summation can change a spike."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings in `TIMESTEPS` time bins, of which only the values that are not zero are held.

    Attributes:
        inputs: uint16 (values,), polarity, row and column as one index, 0..2311; by recording, then
            time bin.
        counts: uint8 (values,), the events of that input in that bin.
        begins: int64 (recordings * TIMESTEPS + 1,), where the values of a bin begin.
        labels: int64 (recordings,).
    """

    inputs: np.ndarray
    counts: np.ndarray
    begins: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.labels)

    def batch(self, chosen: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return inputs, counts and the begins of the bins, as `embedding_bag` takes them."""
        spans = [slice(*self.begins[[i * TIMESTEPS, (i + 1) * TIMESTEPS]]) for i in chosen]
        inputs = np.concatenate([self.inputs[span] for span in spans]).astype(np.int64)
        counts = np.concatenate([self.counts[span] for span in spans]).astype(np.float32)
        bins = chosen[:, None] * TIMESTEPS + np.arange(TIMESTEPS)
        lengths = np.diff(self.begins)[bins].ravel()
        begins = np.cumsum(lengths) - lengths
        return torch.from_numpy(inputs), torch.from_numpy(counts), torch.from_numpy(begins)


def collect(events: Iterable[Events], labels: np.ndarray) -> Recordings:
    """Return recordings of `events`, whose classes are `labels`, int64 (recordings,)."""
    inputs: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    for number, recording in enumerate(tqdm(events, "recordings", len(labels), disable=None)):
        frames = bin_events(recording, TIMESTEPS, f"recording {number}").ravel()
        occupied = np.flatnonzero(frames)
        inputs.append((occupied % INPUTS).astype(np.uint16))
        counts.append(frames[occupied])
        lengths.append(np.bincount(occupied // INPUTS, minlength=TIMESTEPS))
    begins = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Recordings(np.concatenate(inputs), np.concatenate(counts), begins, labels)


def simulated(folder: Path, split: Split, choose: Callable[[np.ndarray], np.ndarray]) -> Recordings:
    """Return simulated recordings of the images that `choose` picks by the labels of all."""
    mnist = load_mnist(folder, split)
    chosen = choose(mnist.labels())
    return collect(simulate(mnist.x, chosen), mnist.labels()[chosen])


def real(folder: Path) -> Recordings:
    """Return the recordings of N-MNIST in `folder`, `<label>/<number>.bin`."""
    files = list_recordings(folder)
    labels = np.array([label for _, label in files], dtype=np.int64)
    return collect((read_recording(file) for file, _ in files), labels)


def spike_counts(
    network: nn.Sequential, recordings: Recordings, chosen: np.ndarray
) -> torch.Tensor:
    """Return the output spikes per class of the recordings `chosen`, float32 (batch, 10).

    Every layer sees all time steps before the next begins, which is the same as step by step in a
    network without feedback, and faster.
    """
    _, first, hidden, second, output = network
    weights = first.get_parameter("weight").t()
    inputs, counts, begins = recordings.batch(chosen)
    currents = embedding_bag(inputs, weights, begins, mode="sum", per_sample_weights=counts).view(
        len(chosen), TIMESTEPS, -1
    )
    for neurons in (hidden, output):
        if isinstance(neurons, snn.Leaky):
            neurons.reset_mem()
    spikes = torch.stack([hidden(current) for current in currents.unbind(1)])
    return torch.stack([output(current)[0] for current in second(spikes).unbind(0)]).sum(0)


def accuracy(network: nn.Sequential, recordings: Recordings) -> float:
    """Return the part of the recordings whose decision is their label."""
    parts = np.array_split(np.arange(len(recordings)), -(-len(recordings) // BATCH))
    with torch.no_grad():
        decisions = [spike_counts(network, recordings, part).argmax(1).numpy() for part in parts]
    return float((np.concatenate(decisions) == recordings.labels).mean())


def train(network: nn.Sequential, recordings: Recordings, epochs: int, seed: int) -> list[float]:
    """Train `network` in place, round its weights, and return the mean loss of every epoch."""
    generator = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(INITIAL_GAIN)
    batches = -(-len(recordings) // BATCH)
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=batches * epochs
    )
    labels = torch.from_numpy(recordings.labels)
    losses: list[float] = []
    for epoch in range(epochs):
        begin, total = time.monotonic(), 0.0
        for chosen in np.array_split(generator.permutation(len(recordings)), batches):
            loss = cross_entropy(spike_counts(network, recordings, chosen), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(chosen)
        losses.append(total / len(recordings))
        seconds = time.monotonic() - begin
        print(f"epoch {epoch + 1} of {epochs}: loss {losses[-1]:.4f}, {seconds:.0f} s", flush=True)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.round(parameter / WEIGHT_STEP) * WEIGHT_STEP)
    return losses


def training_images(labels: np.ndarray, samples: int) -> np.ndarray:
    """Return the positions of the first `samples` images that may be trained on.

    Raises SNNError when there are not so many.
    """
    available = len(labels) - FIRST_TRAINING_IMAGE
    if not 1 <= samples <= available:
        raise SNNError(
            f"--samples {samples}: {max(available, 0)} training images follow the first "
            f"{FIRST_TRAINING_IMAGE}, which are the sources of real recordings"
        )
    return np.arange(FIRST_TRAINING_IMAGE, FIRST_TRAINING_IMAGE + samples)


def _arguments() -> argparse.Namespace:
    shared = shared_folder() or Path("shared")
    parser = argparse.ArgumentParser(description="Train the fully connected N-MNIST network.")
    parser.add_argument("--beta", type=float, default=0.5)
    parser.add_argument("--samples", type=int, default=20000, help="recordings to train on")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of initial weights and batches")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("weights.pt"))
    parser.add_argument(
        "--mnist", type=Path, default=shared / "data" / "mnist", help="folder of MNIST's files"
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        default=shared / "data" / "NMNIST" / "Train",
        help="folder of real recordings to test on, <label>/<number>.bin; may be absent",
    )
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    check_writable(arguments.out)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    training = simulated(
        arguments.mnist, "train", lambda labels: training_images(labels, arguments.samples)
    )
    network = build(arguments.beta)
    train(network, training, arguments.epochs, arguments.seed)
    with atomic_write(arguments.out, binary=True) as stream:
        torch.save(network.state_dict(), stream)

    tests = {
        "simulated test images": simulated(
            arguments.mnist, "test", lambda labels: balanced_subset(labels, TEST_SAMPLES)
        )
    }
    if arguments.recordings.is_dir():
        tests["real recordings"] = real(arguments.recordings)
    for name, recordings in tests.items():
        part = accuracy(network, recordings)
        print(f"beta {arguments.beta}, {name}: accuracy {part:.2%} (n = {len(recordings)})")


if __name__ == "__main__":
    try:
        main()
    except SNNError as error:
        sys.exit(str(error))
