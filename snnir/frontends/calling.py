# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds out how a module wants to be called: frame by frame, or with whole samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn

from snnir.frontends.check import check_module
from snnir.frontends.conversion import LayerReport, LayersNotSupported
from snnir.frontends.errors import NoTimeLoop
from snnir.frontends.recording import MINIMUM_STEPS
from snnir.frontends.snntorch import Draft, draft_import
from snnir.support.diagnostics import SNNError

LARGEST_SAMPLE = 1 << 28
"""Values of a sample, which take 1 GiB in float32: what is larger is a slip of the pen."""


class CallingForm(Enum):
    """What a module is called with, given frames of one shape."""

    STEP = "one frame (batch, *shape) for each time step"
    TIME_FIRST = "a whole sample (steps, batch, *shape)"
    BATCH_FIRST = "a whole sample (batch, steps, *shape)"
    STATIC = "one frame (batch, *shape) that the module presents at every step itself"


@dataclass(frozen=True)
class Call:
    """A form with the sample of one batch element that the module was called with."""

    form: CallingForm
    sample: Tensor


def find_call(
    module: nn.Module, shape: Sequence[int], timesteps: int | None, binary: bool = False
) -> Call:
    """Return the first form in which a module can be imported.

    Args:
        shape: shape of a frame, without batch.
        timesteps: number of steps; may be None for a module with a time loop of its own.
        binary: whether frames are spikes.

    Raises:
        SNNError: there is no such form; the error is that of the most promising one.
    """
    failures: list[SNNError] = []
    for sample in _samples(shape, timesteps, binary):
        try:
            draft = draft_import(module, sample, _traced_steps(timesteps))
            refused = [report for report in draft.reports if not report.supported]
            if refused:
                raise LayersNotSupported(draft.reports)
        except SNNError as error:
            failures.append(error)
            continue
        form = _form(draft, sample, tuple(shape))
        if form is not None:
            return Call(form, sample)
    if not failures:
        raise SNNError(f"{type(module).__name__} does not take frames of the shape {tuple(shape)}")
    best = min(failures, key=_hopelessness)
    if _raised(best) and (layer := _layer_of_flat_frames(module, shape, best)) is not None:
        raise SNNError(
            f"{best.message}; '{layer}' takes the {math.prod(shape)} values of a frame in one row: "
            f"give --input-shape {math.prod(shape)}, and flat frames in the data"
        ) from best
    if timesteps is None and _raised(best):
        # With a number of steps, whole samples would have been tried, too.
        raise SNNError(
            f"{best.message}; if it takes all steps of a sample at once, say how many there are "
            "with timesteps (--timesteps)"
        ) from best
    raise best


def check_frames(
    module: nn.Module, shape: Sequence[int], timesteps: int | None, binary: bool = False
) -> list[LayerReport]:
    """Return `check_module`'s verdicts for the form in which most of the module is supported.

    Where the module runs in no form, the reason is that of `find_call`.
    """
    reports = min(
        (
            check_module(module, sample, _traced_steps(timesteps))
            for sample in _samples(shape, timesteps, binary)
        ),
        key=_refusals,
    )
    if not any(report.kind == "network" for report in reports):
        return reports
    try:
        find_call(module, shape, timesteps, binary)
    except SNNError as error:
        return [LayerReport(type(module).__name__, "network", False, error.message)]
    return reports


def _layer_of_flat_frames(module: nn.Module, shape: Sequence[int], error: SNNError) -> str | None:
    """The linear layer that raised `error` because the training script flattened the frames."""
    return next(
        (
            name
            for name, layer in module.named_modules()
            if isinstance(layer, nn.Linear)
            and len(shape) > 1
            and layer.in_features == math.prod(shape)
            and f"layer '{name}'" in error.message
        ),
        None,
    )


def _traced_steps(timesteps: int | None) -> int | None:
    """How often to call a module that computes one step: as often as it takes to see a loop."""
    return None if timesteps is None else min(timesteps, MINIMUM_STEPS)


def _samples(shape: Sequence[int], timesteps: int | None, binary: bool) -> Iterator[Tensor]:
    """Zeros in every form; the importer looks at the shape and the element type only.

    Raises:
        SNNError: a sample is larger than any that was meant.
    """
    values = math.prod((timesteps or 1, *shape))
    if values > LARGEST_SAMPLE:
        of_steps = "" if timesteps is None else f"{timesteps:,} time steps of "
        raise SNNError(
            f"a sample of {of_steps}frames of the shape {tuple(shape)} holds {values:,} values, "
            f"more than the {LARGEST_SAMPLE:,} that can be imported; say less with --input-shape "
            "or --timesteps"
        )
    dtype = torch.bool if binary else torch.float32
    yield torch.zeros(1, *shape, dtype=dtype)
    if timesteps is not None:
        # A loop over fewer steps could not be told from something else.
        steps = max(timesteps, MINIMUM_STEPS)
        yield torch.zeros(steps, 1, *shape, dtype=dtype)
        yield torch.zeros(1, steps, *shape, dtype=dtype)


def _form(draft: Draft, sample: Tensor, shape: tuple[int, ...]) -> CallingForm | None:
    """The form of a draft, or None if the module took something else for a frame."""
    if draft.body.frame_shape[1:] != shape:
        return None
    if not draft.recording.loops:
        return CallingForm.STEP
    if draft.body.static:
        return CallingForm.STATIC
    # The batch has one element, a sample more steps.
    return CallingForm.TIME_FIRST if sample.shape[0] > 1 else CallingForm.BATCH_FIRST


def _hopelessness(error: SNNError) -> int:
    """Orders failures: refused layers, refused loops, calls without loops, calls that raised."""
    if isinstance(error, LayersNotSupported):
        return sum(not report.supported for report in error.reports)
    if isinstance(error, NoTimeLoop):
        return 2_000_000
    return 3_000_000 if _raised(error) else 1_000_000


def _raised(error: SNNError) -> bool:
    """Whether the module itself raised something."""
    return error.__cause__ is not None and not isinstance(error, LayersNotSupported)


def _refusals(reports: Sequence[LayerReport]) -> tuple[bool, int]:
    """Orders verdicts: those on a network as a whole, which name no layer, come last."""
    refused = [report for report in reports if not report.supported]
    return any(report.kind == "network" for report in refused), len(refused)
