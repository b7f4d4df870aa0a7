# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recordings on which compressed N-MNIST networks are chosen, and the rule by which they are.

The pool is the calibration half of the real recordings and simulated recordings of MNIST training
images that no stage trains on. No pass is calibrated and no weight trained on real recordings: the
choice is the first that sees how networks decide on them. (Range and density of the inputs of the
calibration half bound the integers, and the activity there selects kernels; no label takes part.)

A candidate is accepted for a loss if the upper confidence limit of what it loses is at most that,
on the real half alone and on the pool. The mean alone would accept every other network that loses
exactly as much as is allowed, and as the cheapest of the accepted ones is taken, which is the one
that has lost most, the errors would not average out. The real half alone, because networks that are
trained on simulated recordings gain more on those than on real ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from nmnist_measurements import right_decisions
from nmnist_networks import FIRST_TRAINING_IMAGE, as_presented, real_recordings, simulated
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from snnir.data import Dataset
from snnir.driver.files import network_of

HELD_OUT_IMAGES = (9_000, 12_000)
"""MNIST training images of the simulated recordings of the pool."""

CONFIDENCE = 1.645
"""Standard errors from a mean to its upper limit: 95 %, one-sided."""

_PART = 250

Right = NDArray[np.bool_ | np.float64]
"""Which samples are decided right, or by what share of several networks, (samples,)."""


@dataclass(frozen=True)
class Paired:
    """What a network loses against another one, in fractions.

    Attributes:
        loss: accuracy of the reference minus that of the network.
        error: standard error of it, over samples in pairs.
    """

    loss: float
    error: float

    def limit(self, margin: float = CONFIDENCE) -> float:
        """The upper limit, so many standard errors above the loss."""
        return self.loss + margin * self.error


def points(lost: Paired) -> str:
    """A loss in points with its standard error; gains are negative."""
    return f"{100 * lost.loss:+.1f} ± {100 * lost.error:.1f}"


def paired_loss(reference: Right, network: Right) -> Paired:
    """Compare correct decisions for the same samples."""
    difference = reference.astype(np.float64) - network.astype(np.float64)
    return Paired(float(difference.mean()), float(difference.std() / len(difference) ** 0.5))


@dataclass(frozen=True, eq=False)
class Decided:
    """Correct decisions of an integer network, or of several that stand for one."""

    real: Right
    simulated: Right

    @property
    def pool(self) -> Right:
        """All of them."""
        return np.concatenate([self.real, self.simulated])


def mean_of(networks: Sequence[Decided]) -> Decided:
    """By what share of the networks each recording is decided right."""
    return Decided(
        np.mean([each.real for each in networks], axis=0),
        np.mean([each.simulated for each in networks], axis=0),
    )


def accepted(reference: Decided, network: Decided, loss: float, margin: float = CONFIDENCE) -> bool:
    """Whether a network may stand for the reference where so much may be lost.

    Args:
        margin: standard errors that are added to what is lost.
    """
    found = (pool_loss(reference, network), real_loss(reference, network))
    return all(each.limit(margin) <= loss + 1e-9 for each in found)


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
