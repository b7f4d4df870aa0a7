# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels that keep to limits when they are built, not only by prediction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from snnir.backends.firmware import measure_footprint
from snnir.backends.targets import TargetDescription
from snnir.costs.model import load_table, predict
from snnir.data import Dataset
from snnir.dialects import snnrt
from snnir.driver.files import kernels_of
from snnir.driver.lowering import LoweredNetwork, lower
from snnir.driver.pipelines import LoweringOptions
from snnir.support.diagnostics import SNNError

MOST_BUILDS = 5
"""Networks that are built to find one that keeps to the limits."""

LARGEST_ERROR = 0.05
"""Share of a limit for flash by which a prediction may be too high, but for small programs."""

SMALL_ERROR = 1 << 10
"""Bytes of flash by which a prediction may be too high for programs of any size."""


def lower_within_limits(
    module: ModuleOp,
    options: LoweringOptions,
    data: Dataset | None,
    target: TargetDescription,
    cmsis_nn: Path | None = None,
) -> LoweredNetwork:
    """As `lower`, but kernels that are chosen for a goal keep to the limits when they are built.

    What a build takes beyond its prediction is held back in the next choice, at most `MOST_BUILDS`
    times; after that the last choice is left to the caller, who measures it. Where nothing seems to
    fit by little, what comes closest is built, too. Without a compiler for the target, predictions
    decide.

    Raises:
        SNNError: as `lower`.
    """
    limited = options.ram_limit is not None or options.flash_limit is not None
    if options.optimize is None or not limited or not target.is_measurable:
        return lower(module, options, data)
    lowered, options = _first(module, options, data)
    tried = [_Built(lowered, options, target, cmsis_nn)]
    while len(tried) < MOST_BUILDS and not tried[-1].fits and lowered.qsnn is not None:
        following = _next(tried, lowered.qsnn, data)
        lowered = replace(following, snn=lowered.snn, compressed=lowered.compressed)
        tried.append(_Built(lowered, options, target, cmsis_nn))
    return lowered


def _first(
    module: ModuleOp, options: LoweringOptions, data: Dataset | None
) -> tuple[LoweredNetwork, LoweringOptions]:
    """What is predicted to keep to the limits, else nearly so."""
    try:
        return lower(module, options, data), options
    except SNNError:
        hopeful = replace(
            options,
            # Of RAM only the stack is predicted.
            ram_reserve=-int(load_table().ram_bytes),
            flash_reserve=-max(int(LARGEST_ERROR * (options.flash_limit or 0)), SMALL_ERROR),
        )
        try:
            return lower(module, hopeful, data), options
        except SNNError:
            pass
        raise


class _Built:
    """What a network was predicted to take and takes, in bytes of RAM and of flash."""

    def __init__(
        self, lowered: LoweredNetwork, options: LoweringOptions, target: TargetDescription,
        cmsis_nn: Path | None,
    ):  # fmt: skip
        network = kernels_of(lowered.kernels)
        assert isinstance(network, snnrt.NetworkOp)
        cost, footprint = predict(network), measure_footprint(lowered.kernels, target, cmsis_nn)
        assert footprint is not None
        self.options = options
        self.limits = options.ram_limit, options.flash_limit
        self.predicted = cost.ram_bytes, cost.flash_bytes
        self.taken = footprint.ram_bytes, footprint.flash_bytes

    @property
    def fits(self) -> bool:
        """Whether the network keeps to the limits."""
        return all(
            limit is None or taken <= limit
            for limit, taken in zip(self.limits, self.taken, strict=True)
        )

    def left_out(self) -> tuple[int, int]:
        """What the prediction left out."""
        return tuple(round(t - p) for t, p in zip(self.taken, self.predicted, strict=True))  # type: ignore[return-value]

    def excluding(self) -> tuple[int, int]:
        """The least reserves with which these kernels are not chosen again."""
        return tuple(
            0 if limit is None or taken <= limit else int(limit - predicted) + 1
            for limit, taken, predicted in zip(self.limits, self.taken, self.predicted, strict=True)
        )  # type: ignore[return-value]


def _next(tried: list[_Built], module: ModuleOp, data: Dataset | None) -> LoweredNetwork:
    """Another choice: by what the builds took, else one that is only not known to be too large."""
    error: SNNError | None = None
    for reserves in ([built.left_out() for built in tried], [b.excluding() for b in tried]):
        ram, flash = (max(values) for values in zip(*reserves, strict=True))
        options = replace(tried[0].options, ram_reserve=ram, flash_reserve=flash)
        try:
            return lower(module, options, data)
        except SNNError as found:
            error = error or found
    assert error is not None
    raise error
