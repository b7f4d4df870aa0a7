# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The pipelines that `together.py` searches: which passes, in which order, with which options."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from timesteps import fine_tuned
from together_nmnist import (
    CACHE,
    cached,
    calibration_file,
    dense_network,
    passed,
    real_recordings,
    simulated,
)
from together_training import Stage, best_coarsened, train_stage
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.pipelines import LoweringOptions

PCA_SAMPLES = 1_000
"""Simulated recordings that the channels of trained networks are chosen on."""

UNTRAINED_STEPS = (300, 150, 100)
SILENT_RATES = (0.0,)

Channels = tuple[int, int]


def _final(steps: int, penalty: float, samples: int = 6_000, epochs: int = 3) -> Stage:
    """The last training of a candidate."""
    return Stage(steps, samples, epochs, 2e-3, work_penalty=penalty, binary=penalty > 1)


TRAINED: tuple[tuple[Stage, tuple[Channels, ...]], ...] = (
    (_final(10, 1.0), ((8, 16), (4, 16), (4, 8))),
    (_final(10, 3.0), ((8, 16), (4, 16), (4, 8))),
    (_final(5, 3.0), ((8, 16),)),
    (_final(15, 3.0), ((4, 8),)),
    (_final(50, 3.0, 4_000, 2), ((4, 8),)),
)
"""The last training of a candidate, and how many channels are left for it."""


@dataclass(frozen=True)
class Recipe:
    """One way to compress the network.

    Attributes:
        key: name in the cache.
        text: what is done, in order.
        trained: whether weights were trained.
    """

    key: str
    text: str
    trained: bool
    make: Callable[[], ModuleOp]
    options: LoweringOptions | None = None

    def network(self) -> ModuleOp:
        """The compressed network, from the cache where it is there."""
        return cached(self.key, self.make)


def recipes() -> Iterator[Recipe]:
    """All candidates, the network as published first."""
    yield Recipe("dense_300", "as published", False, dense_network)
    yield from _without_training()
    for stage, choices in TRAINED:
        for channels in choices:
            yield _trained(stage, channels)


def _silent(rate: float) -> ModuleOp:
    """The same name in the cache and the same network as in `silent.py`."""
    calibration = calibration_file(300)
    pipeline = f'snn-prune-silent{{calibration="{calibration}" threshold={rate}}}'
    return cached(f"silent_300_{rate:g}", lambda: passed(dense_network(), pipeline))


def _without_training() -> Iterator[Recipe]:
    for rate in SILENT_RATES:
        for steps in UNTRAINED_STEPS:

            def make(rate: float = rate, steps: int = steps) -> ModuleOp:
                pruned = _silent(rate)
                if steps == 300:
                    return pruned
                return best_coarsened(pruned, real_recordings(steps)[0])[0]

            fewer = "" if steps == 300 else f", {steps} steps"
            key = f"free_silent{rate:g}_{steps}"
            yield Recipe(key, f"silent (rate up to {rate:g}){fewer}", False, make)


def _training_file(steps: int) -> str:
    """Simulated recordings that a pass can read, in a file."""
    path = CACHE / f"pca_{steps}.npz"
    if not path.exists():
        data = simulated("train", steps, PCA_SAMPLES)
        np.savez_compressed(path, x=data.x, y=data.labels())
    return str(path)


def _trained(stage: Stage, channels: Channels) -> Recipe:
    """Fine-tuned in few steps, fewer channels, fine-tuned again with a penalty on its work."""

    def make() -> ModuleOp:
        wanted = ",".join(map(str, channels))
        pipeline = f'snn-prune-pca{{calibration="{_training_file(stage.steps)}" channels={wanted}}}'
        return train_stage(passed(fine_tuned(stage.steps), pipeline), stage)

    fewer = f", PCA to {channels[0]} and {channels[1]} channels"
    binary = ", binary frames" if stage.binary else ""
    text = (
        f"fine-tuned to {stage.steps} steps{fewer}{binary}, fine-tuned with work penalty "
        f"{stage.work_penalty:g}"
    )
    key = f"tuned_{stage.steps}_{channels[0]}_{channels[1]}" + ("_binary" if stage.binary else "")
    return Recipe(key, text, True, make)
