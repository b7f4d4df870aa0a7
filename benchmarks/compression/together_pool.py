# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recordings on which compressed N-MNIST networks are chosen, and the rule by which they are.

The pool is the calibration half of the real recordings and simulated recordings of MNIST training
images that no stage trains on. A candidate is accepted for a loss if what it loses there, plus one
standard error of the difference in pairs, is at most that. Where weights were trained, on simulated
recordings, the loss must be within the limit on the real half alone as well: gains on simulated
recordings would else pay for losses on real ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from together_measurements import right_decisions
from together_nmnist import FIRST_TRAINING_IMAGE, as_presented, real_recordings, simulated
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.driver.files import network_of

HELD_OUT_IMAGES = (9_000, 12_000)
"""MNIST training images of the simulated recordings of the pool."""

_PART = 250


@dataclass(frozen=True)
class Paired:
    """What a network loses against another one, in fractions.

    Attributes:
        loss: accuracy of the reference minus that of the network.
        error: standard error of it, over samples in pairs.
    """

    loss: float
    error: float


def points(lost: Paired) -> str:
    """A loss in points with its standard error; gains are negative."""
    return f"{100 * lost.loss:+.1f} ± {100 * lost.error:.1f}"


def paired_loss(reference: NDArray[np.bool_], network: NDArray[np.bool_]) -> Paired:
    """Compare correct decisions, bool (samples,), for the same samples."""
    difference = reference.astype(float) - network
    return Paired(float(difference.mean()), float(difference.std() / len(difference) ** 0.5))


@dataclass(frozen=True, eq=False)
class Decided:
    """Correct decisions of an integer network, bool (samples,)."""

    real: NDArray[np.bool_]
    simulated: NDArray[np.bool_]

    @property
    def pool(self) -> NDArray[np.bool_]:
        """All of them."""
        return np.concatenate([self.real, self.simulated])


def accepted(reference: Decided, network: Decided, loss: float, trained: bool) -> bool:
    """Whether a network may stand for the reference where so much may be lost."""
    pool, real = pool_loss(reference, network), real_loss(reference, network)
    within = pool.loss + pool.error <= loss + 1e-9
    return within and (not trained or real.loss <= loss + 1e-9)


def pool_loss(reference: Decided, network: Decided) -> Paired:
    """The loss on the pool."""
    return paired_loss(reference.pool, network.pool)


def real_loss(reference: Decided, network: Decided) -> Paired:
    """The loss on the real recordings of the pool."""
    return paired_loss(reference.real, network.real)


def decided(module: ModuleOp, integers: ModuleOp) -> Decided:
    """Run a network in integers on the pool.

    Args:
        module: the same network at the `snn` level.
    """
    steps = network_of(module).timesteps.value.data
    first, last = HELD_OUT_IMAGES
    return Decided(
        right_decisions(
            integers, "calibration half", lambda: [as_presented(module, real_recordings(steps)[0])]
        ),
        right_decisions(
            integers,
            f"images {first} to {last - 1}",
            lambda: (as_presented(module, part) for part in _held_out(steps)),
        ),
    )


def _held_out(steps: int) -> Iterator[Dataset]:
    """The simulated recordings of the pool, in parts."""
    start, stop = (image - FIRST_TRAINING_IMAGE for image in HELD_OUT_IMAGES)
    for first in range(start, stop, _PART):
        yield simulated("train", steps, min(_PART, stop - first), first)
