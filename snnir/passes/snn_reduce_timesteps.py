# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reduces the number of time steps of networks, with or without training.

Event counts are put into fewer, longer bins, leaks become powers of themselves, and thresholds and
biases follow: with `r` old steps in a new one, `beta` becomes `beta^r` and thresholds grow by
`g^a`, where `g = r (1 - beta) / (1 - beta^r)` is how much more a constant input now adds, and the
best `a` of 0, 0.25, 0.5, 0.75 and 1 is searched (see `snnir.temporal.coarsening`). An input that
says the same at every step is shown for fewer steps, and thresholds follow (see
`snnir.temporal.reduction`): static values, and with `input-code=rates` every input, such as Poisson
spikes of an image. The network may lose `budget` of its accuracy (or, with `metric=agreement`, of
its agreement with the decisions of the network as it was) on the calibration data.

Without training, the fewest steps within the budget are found by bisection, which assumes that
fewer steps are worse. With `finetune=true` the number of steps falls in stages by `step-factor`,
and each stage is trained from the one before, as in arXiv 2104.12528 (section "temporal pruning")
and 2110.05929; the last stage within the budget is kept. `timesteps` names the number of steps: no
budget is looked at.

The calibration data also choose how far thresholds follow and whether a stage keeps its training,
so the score that is reported is a little optimistic: measure the result on other data.

Legal for networks whose state is in neurons; others, and real values that are not said to be a
rate code, are left alone with a remark. An error: a bias that neurons of different leaks receive.
Rates that were measured before are erased. The input that the network takes afterwards is in the
new bins, or the first steps of what it was.
"""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.data import load_calibration
from snnir.data import Dataset
from snnir.data.network_inputs import load_samples
from snnir.dialects import snn
from snnir.dialects.snn_attributes import InputKind
from snnir.layers.activity_attributes import erase_activity
from snnir.support.diagnostics import SNNError, error_at
from snnir.support.pass_base import SNNPass, option, required_option
from snnir.temporal.reduction import (
    FEWER_PRESENTATIONS,
    FEWER_STEPS,
    LONGER_STEPS,
    Reduction,
)
from snnir.temporal.search import Candidate, Search

if TYPE_CHECKING:
    from snnir.temporal.gradual import Stage


@dataclass(frozen=True)
class SNNReduceTimestepsPass(SNNPass):
    """Run networks in fewer, longer time steps.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-reduce-timesteps{calibration="c.npz"}')
    snn.network: 8 to ... steps; ... on 40 calibration samples...
    """

    name: ClassVar[str] = "snn-reduce-timesteps"

    calibration: str = required_option("labelled event counts at the present number of steps")
    samples: int | None = option(None, "how many calibration samples to use; all by default")
    budget: float = option(0.01, "loss allowed, as a fraction of the calibration samples")
    metric: Literal["accuracy", "agreement"] = option(
        "accuracy", "what may be lost: accuracy, or agreement with the decisions at all steps"
    )
    input_code: Literal["auto", "events", "rates"] = option(
        "auto",
        "events: longer bins; rates: fewer of the same; auto: events for counts and binary frames, "
        "rates for static values",
    )
    minimum: int = option(1, "fewest steps to try")
    timesteps: int | None = option(None, "the number of steps, instead of a search")
    finetune: bool = option(False, "reduce in stages and train at each")
    training: str | None = option(
        None, "event counts to train on, as many steps as the calibration; for finetune"
    )
    training_samples: int | None = option(None, "how many of them to use; all by default")
    step_factor: float = option(0.75, "from the steps of a stage to those of the next, below 1")
    stages: int | None = option(None, "most stages; as many as the budget allows by default")
    epochs: int = option(5, "epochs of training at each stage")
    batch: int = option(32, "training samples per step of the optimiser")
    learning_rate: float = option(1e-3, "of Adam, at the start of each stage")
    train_thresholds: bool = option(False, "train thresholds as well")
    surrogate: Literal["atan", "linear"] = option("atan", "derivative of a spike, for training")
    device: str = option(
        "auto", "where to execute and train: cpu, cuda, or auto for cuda where there is one"
    )
    seed: int = option(0, "of the order of training samples")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            self._reduce(network)

    def _reduce(self, network: snn.NetworkOp) -> None:
        from snnir.training import resolve_device

        if (reduction := self._reduction(network)) is None:
            return
        if any(isinstance(op, snn.RegisterOp) for op in network.body.block.ops):
            self.remark(network, "kept: registers hold values for one step, whatever its length")
            return
        steps = network.timesteps.value.data
        if self.timesteps is not None and not 1 <= self.timesteps <= steps:
            raise error_at(network, f"timesteps must be 1 to {steps}, got {self.timesteps}")
        if not 1 <= self.minimum <= steps:
            raise error_at(network, f"option minimum must be 1 to {steps}, got {self.minimum}")
        if not 0 <= self.budget <= 1:
            raise error_at(network, f"option budget must be 0 to 1, got {self.budget}")
        if self.finetune and not 0 < self.step_factor < 1:
            raise error_at(
                network, f"option step-factor must be between 0 and 1, got {self.step_factor}"
            )
        data = load_calibration(self.calibration, network, self.samples)
        device = str(resolve_device(self.device, network))
        search = Search(network, data, self.metric, device, reduction)
        chosen = (
            self._train(network, search, device) if self.finetune else self._choose(search, steps)
        )
        if chosen is None or chosen.timesteps == steps:
            self.remark(network, f"kept: no fewer than {steps} steps stay within {self.budget:g}")
            return
        self._replace(network, chosen, reduction)
        # A step of the new length holds more events and spikes.
        erase_activity(network)
        self.statistics.add("steps removed", steps - chosen.timesteps)
        self.remark(
            network,
            f"{steps} to {chosen.timesteps} steps; {self.metric} {search.reference:.4f} to "
            f"{chosen.score:.4f} on {len(data)} calibration samples",
            before=steps, after=chosen.timesteps, exponent=chosen.exponent, score=chosen.score,
            reference=search.reference, samples=len(data),
        )  # fmt: skip

    def _reduction(self, network: snn.NetworkOp) -> Reduction | None:
        """How the network gets fewer steps; None, with a remark, if it cannot."""
        kind = network.input.data
        counts = kind in (InputKind.EVENT_COUNTS, InputKind.BINARY_FRAMES)
        if kind is InputKind.STATIC_VALUES and self.input_code != "events":
            return FEWER_PRESENTATIONS
        if self.input_code == "rates":
            return FEWER_STEPS
        if counts:
            return LONGER_STEPS
        remedy = "" if kind is InputKind.STATIC_VALUES else "; input-code=rates takes fewer of them"
        self.remark(network, f"kept: {kind} cannot be put into longer bins{remedy}")
        return None

    def _choose(self, search: Search, steps: int) -> Candidate:
        """The fewest steps within the budget, by bisection."""
        if self.timesteps is not None:
            return search.best(self.timesteps)
        accepted = Candidate(steps, 0.0, search.reference)
        rejected = self.minimum - 1
        while accepted.timesteps - rejected > 1:
            candidate = search.best((accepted.timesteps + rejected) // 2)
            if candidate.score >= search.reference - self.budget:
                accepted = candidate
            else:
                rejected = candidate.timesteps
        return accepted

    def _train(self, network: snn.NetworkOp, search: Search, device: str) -> "Stage | None":
        """The last stage of training within the budget; None if the first is not."""
        from snnir.temporal.gradual import step_counts, train_stages
        from snnir.training import Training

        lowest = self.minimum if self.timesteps is None else self.timesteps
        counts = step_counts(network.timesteps.value.data, self.step_factor, lowest)
        training = Training(self.epochs, self.batch, self.learning_rate, seed=self.seed)
        data = self._training_data(network, device)
        accepted = None
        for stage in train_stages(
            network, islice(counts, self.stages), search, data, training, device=device,
            train_thresholds=self.train_thresholds, surrogate=self.surrogate, progress=True,
        ):  # fmt: skip
            within = stage.score >= search.reference - self.budget or self.timesteps is not None
            self._report(network, stage, len(data), within)
            if not within:
                break
            accepted = stage
        return accepted

    def _training_data(self, network: snn.NetworkOp, device: str) -> Dataset:
        """The samples with the labels to learn.

        For an agreement, or without labels, these are the decisions of the network as it is.
        """
        from snnir.training.loop import decisions

        if self.training is None:
            raise error_at(network, "needs data to train on: give training=FILE.npz")
        try:
            data = load_samples(network, self.training, limit=self.training_samples)
        except SNNError as error:
            raise error_at(network, f"cannot be trained: {error.message}") from error
        if self.metric == "accuracy" and data.y is not None:
            return data
        return Dataset(data.x, decisions(network, data.x, device), data.name)

    def _report(self, network: snn.NetworkOp, stage: "Stage", samples: int, within: bool) -> None:
        self.statistics.add("stages trained")
        self.remark(
            network,
            f"stage of {stage.timesteps} steps: {self.metric} {stage.untrained:.4f} before and "
            f"{stage.trained:.4f} after training on {samples} samples; "
            + ("accepted" if within else f"beyond the budget of {self.budget:g}"),
            timesteps=stage.timesteps, untrained=stage.untrained, trained=stage.trained,
            best_epoch=stage.training.best_epoch, accepted=within,
        )  # fmt: skip

    @staticmethod
    def _replace(network: snn.NetworkOp, chosen: "Candidate | Stage", reduction: Reduction) -> None:
        """Make `network` what was chosen."""
        if isinstance(chosen, Candidate):
            reduction.change(network, chosen.timesteps, chosen.exponent)
        else:
            network.properties["timesteps"] = chosen.network.timesteps
            body = chosen.network.detach_region(chosen.network.body)
            old = network.detach_region(network.body)
            network.add_region(body)
            old.drop_all_references()
        if reduction is LONGER_STEPS:
            network.properties["input"] = snn.InputKindAttr(InputKind.EVENT_COUNTS)
