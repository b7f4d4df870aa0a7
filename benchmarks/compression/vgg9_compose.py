# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Step 8 of the VGG9 benchmark: passes composed, until few weights are left that are not zero.

A network of all channels, or one of the size that principal components ask for, loses weights by
`snn-osbc-prune`, or by `snn-prune-magnitude` as the baseline, until `ratio` times fewer than in the
dense network are not zero. Those are trained, and zeros kept, in one of three ways:

* by `snn-finetune` at all steps;
* by `snn-finetune-rates`, which costs a hundredth of the time for an image, so that it sees all of
  them, moved and mirrored, several times; the dense network is its teacher;
* for comparison, as an ANN by code of this benchmark, which no pass can do, and converted again.

The networks of the last two are brought to fewer steps in stages: the former by
`snn-reduce-timesteps` without training and `snn-finetune-rates` at each number of steps, and at the
last one by `snn-finetune` from there; the latter by `snn-reduce-timesteps` with training, as all
networks of the benchmark. The paper, too, trains its smaller networks as ANNs. Fine-tuning, and
fewer steps, are at the first ratio only.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from vgg9_bench import Bench, Row
from vgg9_data import PADDING
from vgg9_network import ANNTraining
from vgg9_paper import starts
from vgg9_stages import (
    ann_stage,
    convert,
    fewer_steps,
    finetune,
    measured,
    reduce_steps,
    validated,
    weights_in,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.driver.files import network_of

OPTIONS = {
    "as in the paper": "",
    "importance=downstream": "importance=downstream ",
    "sequential=asymmetric": "sequential=asymmetric ",
}
"""Options of `snn-osbc-prune` that validation images choose from."""


def compose(bench: Bench, networks: dict[str, ModuleOp], dense: list[Tensor], rate: float) -> None:
    """All compositions.

    Args:
        networks: what is pruned, at all steps, by the keys of `starts`.
        dense: weights of the ANN that everything is compared with.
        rate: learning rate of spiking networks.
    """
    settings = bench.settings
    steps = settings.composed_steps
    for ratio in settings.ratios:
        for start in starts(settings):
            key = f"{start}_{ratio:g}x"
            sparsity = sparsity_for(weights_in(networks[start]), dense, ratio)
            options = chosen_options(bench, networks["converted"], dense)
            pruned = by_osbc(bench, f"{key}_osbc", networks[start], sparsity, options)
            plain = by_magnitude(bench, f"{key}_magnitude", networks[start], sparsity)
            measured(bench, f"{key}_osbc", pruned)
            measured(bench, f"{key}_magnitude", plain)
            trained = by_rates(bench, f"{key}_osbc_rates", pruned)
            measured(bench, f"{key}_osbc_rates", trained)
            network = retrained(bench, f"{key}_osbc_retrained", pruned, start, dense)
            if ratio == settings.ratios[0]:
                lean = start == "converted" and bool(settings.lean_steps)
                fewer_steps_by_rates(bench, f"{key}_osbc_rates", trained, rate, lean)
                fewer_steps(bench, f"{key}_osbc_retrained", network, rate, steps[1:])
                fewer_steps(bench, f"{key}_osbc", pruned, rate, steps[:1])
                fewer_steps(bench, f"{key}_magnitude", plain, rate, steps[:1])


def sparsity_for(weights: Sequence[Tensor], dense: Sequence[Tensor], ratio: float) -> float:
    """The part of weights that are zero if `ratio` times fewer than in `dense` are not."""
    left = sum(weight.numel() for weight in dense) / ratio
    return max(0.0, 1 - left / sum(weight.numel() for weight in weights))


def chosen_options(bench: Bench, network: ModuleOp, dense: Sequence[Tensor]) -> str:
    """Options of `snn-osbc-prune` that are best for all channels, at the first ratio."""
    sparsity = sparsity_for(weights_in(network), dense, bench.settings.ratios[0])

    scores = {}
    for name, options in OPTIONS.items():
        key = f"osbc_{name.replace(' ', '_')}"
        pruned = by_osbc(bench, key, network, sparsity, options)
        scores[name] = validated(bench, key, pruned)["accuracy"]

    def choose() -> Row:
        return {"scores": scores, "chosen": max(scores, key=lambda name: scores[name])}

    return OPTIONS[bench.figure("options of snn-osbc-prune", choose)["chosen"]]


def by_osbc(
    bench: Bench, key: str, network: ModuleOp, sparsity: float, options: str
) -> ModuleOp:  # fmt: skip
    """A copy with zeros by what they do to membrane potentials at all steps."""
    settings = bench.settings
    file = bench.spikes("calibration", settings.calibration_samples, settings.timesteps[0])
    text = (
        f'snn-osbc-prune{{calibration="{file}" sparsity={sparsity!r} {options}'
        f"device={settings.device}}}"
    )
    return passed(bench, key, network, text)


def by_magnitude(bench: Bench, key: str, network: ModuleOp, sparsity: float) -> ModuleOp:
    """A copy without the smallest weights."""
    return passed(bench, key, network, f"snn-prune-magnitude{{sparsity={sparsity!r}}}")


def by_rates(bench: Bench, key: str, network: ModuleOp, epochs: int | None = None) -> ModuleOp:
    """A copy that was trained by rates on all images, with the dense network for a teacher.

    Args:
        epochs: those of the settings by default.
    """
    settings = bench.settings
    steps = network_of(network).timesteps.value.data
    validation = bench.spikes("validation", bench.choice_samples(steps), steps)
    teacher = ""
    if settings.teacher_weight:
        file = bench.folder / "converted.mlir"
        teacher = f'teacher="{file}" teacher-weight={settings.teacher_weight!r} '
    text = (
        f'snn-finetune-rates{{data="{bench.pixels()}" validation="{validation}" {teacher}'
        f"epochs={epochs or settings.rates_epochs} batch={settings.rates_batch} "
        f"learning-rate={settings.rates_rate!r} shift={PADDING} mirror=true "
        f"device={settings.device} seed={settings.seed}}}"
    )
    return passed(bench, key, network, text)


def fewer_steps_by_rates(
    bench: Bench, prefix: str, network: ModuleOp, rate: float, lean: bool
) -> None:
    """Fewer and fewer steps, trained by rates at each, and in the end through time.

    Args:
        rate: learning rate of the training through time.
        lean: with the number of steps that has a place beside the others.
    """
    settings = bench.settings

    def stage(steps: int, start: ModuleOp, epochs: int) -> ModuleOp:
        key = f"{prefix}_{steps}"
        shorter = bench.network(f"{key}_untrained", lambda: reduce_steps(bench, start, steps, None))
        trained = by_rates(bench, key, shorter, epochs)
        measured(bench, key, trained)
        return trained

    def through_time(steps: int, start: ModuleOp) -> None:
        key, samples = f"{prefix}_tuned_{steps}", settings.image_steps // steps
        tuned = bench.network(key, lambda: finetune(bench, start, steps, rate, samples))
        measured(bench, key, tuned)

    for steps in settings.composed_steps[1:]:
        network = stage(steps, network, settings.rates_epochs)
        if lean and steps == settings.composed_steps[1]:
            leaner = stage(settings.lean_steps, network, settings.lean_epochs)
            through_time(settings.lean_steps, leaner)
    through_time(settings.composed_steps[-1], network)


def passed(bench: Bench, key: str, network: ModuleOp, pipeline: str) -> ModuleOp:
    """A copy that a pipeline has changed."""

    def make() -> ModuleOp:
        result = network.clone()
        bench.run(result, pipeline)
        return result

    return bench.network(key, make)


def retrained(
    bench: Bench, key: str, network: ModuleOp, start: str, dense: list[Tensor]
) -> ModuleOp:
    """Trained as an ANN whose zeros stay, and converted again.

    Args:
        start: the conversion that the network comes from, whose divisors are taken back.
    """
    settings = bench.settings
    row = bench.figures[f"{start}: thresholds"]
    divisors = [row["scale"] * threshold for threshold in row["thresholds"]] + [row["unit"]]
    weights = [w * divisor for w, divisor in zip(weights_in(network), divisors, strict=True)]
    training = ANNTraining(
        settings.retrain_epochs, learning_rate=settings.retrain_rate,
        weight_decay=settings.small_decay, dropout=0.0, seed=settings.seed,
        teacher_weight=settings.teacher_weight,
    )  # fmt: skip
    teacher = dense if settings.teacher_weight else None
    widths = [len(weight) for weight in weights[:-1]]
    trained = ann_stage(bench, f"{key}_ann", training, widths, teacher, weights)
    result = convert(bench, trained, key)
    measured(bench, key, result)
    return result
