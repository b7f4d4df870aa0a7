# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir import` of a NIR file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

from xdsl.dialects.builtin import ModuleOp

from snnir.dialects.snn_attributes import Compare, InputKind, Readout, Reset, ResetTiming
from snnir.driver.files import rename_network
from snnir.frontends.nir_profiles import PROFILES, Decay, Discretization
from snnir.support.atomic import PathLike
from snnir.support.choices import choice_of
from snnir.support.diagnostics import SNNError

NIR_SUFFIX = ".nir"

PROFILE_NAMES = tuple(PROFILES)
DECAYS: tuple[str, ...] = get_args(Decay)


def import_nir(
    source: PathLike,
    *,
    timesteps: int | None,
    profile: str | None = None,
    dt: float | None = None,
    decay: Decay | None = None,
    reset: Reset | str | None = None,
    reset_timing: ResetTiming | str | None = None,
    compare: Compare | str | None = None,
    input_shape: Sequence[int] | None = None,
    input_kind: InputKind | str | None = None,
    readout: Readout | str = Readout.SPIKE_COUNT,
    population: int | None = None,
    name: str = "network",
) -> ModuleOp:
    """Import a file of the Neuromorphic Intermediate Representation.

    Args:
        source: the file.
        timesteps: number of steps of a sample.
        profile: the framework that wrote the file, one of `PROFILE_NAMES`: its rule for making
            steps of equations. What is given beside it replaces a part of that rule; without it,
            `dt`, `reset` and `reset_timing` must be given.
        dt, decay, reset, reset_timing, compare: see `Discretization`.
        input_shape: shape of a frame, where the file does not say it.
        input_kind: what is presented at every step; event counts by default.
        readout: how the output becomes scores.
        population: number of classes, if each is a group of output neurons.
        name: of the network, a C identifier.

    Returns:
        A verified module with one `snn.network`.

    Raises:
        SNNError: the file cannot be read, leaves something open that nothing else says, or has
            something that cannot be imported.
    """
    if timesteps is None:
        raise SNNError("a NIR file does not say how many steps a sample has: give --timesteps")
    rule = _rule(
        profile,
        dt=dt,
        decay=decay,
        reset=None if reset is None else choice_of(Reset, reset, "reset"),
        reset_timing=(
            None if reset_timing is None else choice_of(ResetTiming, reset_timing, "reset timing")
        ),
        compare=None if compare is None else choice_of(Compare, compare, "comparison"),
    )
    from snnir.frontends.nir import from_nir

    imported = from_nir(
        str(source),
        timesteps,
        rule,
        input_shape=input_shape,
        input=InputKind.EVENT_COUNTS if input_kind is None else input_kind,
        readout=readout,
        population=population,
    )
    rename_network(imported, name)
    return imported


def _rule(profile: str | None, **given: Any) -> Discretization:
    """The rule of a profile with parts replaced, or one of its own."""
    chosen = {key: value for key, value in given.items() if value is not None}
    if (dt := chosen.get("dt")) is not None and not dt > 0:
        raise SNNError(f"a step of dt={dt:g} is none; it must be above 0")
    if profile is not None:
        if profile not in PROFILES:
            raise SNNError(f"unknown profile '{profile}'; there are {', '.join(PROFILES)}")
        return replace(PROFILES[profile], **chosen)
    missing = [name for name in ("dt", "reset", "reset_timing") if name not in chosen]
    if missing:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise SNNError(
            "a NIR file does not say how its neurons become steps and what a spike resets: name "
            f"the framework that wrote it ({', '.join(f'--profile {p}' for p in PROFILES)}), or "
            f"give {names}"
        )
    return Discretization(**{"decay": "euler", "compare": Compare.GT, **chosen})
