# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels are chosen again where what was built exceeds a limit that its prediction kept to."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.firmware import Footprint
from snnir.backends.targets import MPS2_AN500
from snnir.costs.model import predict
from snnir.driver import fitting
from snnir.driver.compile import compile
from snnir.driver.files import kernels_of
from snnir.driver.fitting import MOST_BUILDS, lower_within_limits
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions
from snnir.support.diagnostics import SNNError
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import convolutional
from snnir.testing.targets import require_programs

SPEED = LoweringOptions(optimize="speed", target=MPS2_AN500.name, silent_multiple=None)

Measure = Callable[[ModuleOp], int]
"""Bytes of RAM of a network of kernels."""


@pytest.fixture(scope="module")
def module() -> ModuleOp:
    network = convolutional(np.random.default_rng(2011), True)
    quantized(network, "bits=8")
    return network.module


@pytest.fixture(scope="module")
def fast(module: ModuleOp) -> ModuleOp:
    """The kernels without limits."""
    return lower(module, SPEED).kernels


def ram(kernels: ModuleOp) -> int:
    """Predicted bytes."""
    return math.ceil(predict(kernels_of(kernels)).ram_bytes)


def pretend(monkeypatch: pytest.MonkeyPatch, measure: Measure) -> list[ModuleOp]:
    """Let builds take what `measure` says; returns what was built."""
    built: list[ModuleOp] = []

    def measured(kernels: ModuleOp, *_: object) -> Footprint:
        built.append(kernels)
        return Footprint(0, measure(kernels), 0)

    monkeypatch.setattr(fitting, "measure_footprint", measured)
    monkeypatch.setattr(type(MPS2_AN500), "is_measurable", True)
    return built


def test_what_a_prediction_left_out_is_held_back(module, fast, monkeypatch) -> None:
    built = pretend(monkeypatch, lambda kernels: ram(kernels) + 500)
    options = replace(SPEED, ram_limit=ram(fast) + 499)
    found = lower_within_limits(module, options, None, MPS2_AN500)
    assert len(built) == 2
    assert str(built[0]) == str(fast)
    assert ram(found.kernels) + 500 <= ram(fast) + 499
    built.clear()
    options = replace(SPEED, ram_limit=ram(fast) + 500)
    assert str(lower_within_limits(module, options, None, MPS2_AN500).kernels) == str(fast)
    assert len(built) == 1


def test_only_kernels_that_were_built_are_known_to_be_too_large(module, fast, monkeypatch) -> None:
    """With what one build took beyond its prediction nothing would seem to fit."""
    most = 10 * ram(fast)
    built = pretend(monkeypatch, lambda k: most if str(k) == str(fast) else ram(k))
    found = lower_within_limits(module, replace(SPEED, ram_limit=ram(fast)), None, MPS2_AN500)
    assert len(built) == 2
    assert ram(found.kernels) <= ram(fast)


def test_what_seems_to_miss_a_limit_by_little_is_built(module, monkeypatch) -> None:
    with pytest.raises(SNNError) as caught:
        lower(module, replace(SPEED, ram_limit=1))
    least = re.search(r"the least of any kernels is ([\d,]+)", str(caught.value))
    assert least
    # Of RAM only the stack is predicted.
    limit = int(least[1].replace(",", "")) - 50
    options = replace(SPEED, ram_limit=limit)
    with pytest.raises(SNNError, match="no kernels make it fit"):
        lower(module, options)
    built = pretend(monkeypatch, lambda _: limit)
    lower_within_limits(module, options, None, MPS2_AN500)
    assert len(built) == 1
    pretend(monkeypatch, lambda _: limit + 1)
    with pytest.raises(SNNError, match="no kernels make it fit"):
        lower_within_limits(module, options, None, MPS2_AN500)


def test_nothing_is_built_twice_nor_for_ever(module, fast, monkeypatch) -> None:
    limit = ram(fast)
    built = pretend(monkeypatch, lambda _: limit + 1)
    with suppress(SNNError):
        lower_within_limits(module, replace(SPEED, ram_limit=limit), None, MPS2_AN500)
    assert 1 < len(built) <= MOST_BUILDS
    assert len({str(kernels) for kernels in built}) == len(built)


def test_a_limit_that_small_kernels_meet_is_met(network: Path, tmp_path: Path) -> None:
    """Built, not pretended: with the flash of the smallest kernels as the limit for `speed`."""
    require_programs(MPS2_AN500.compiler)
    target = MPS2_AN500.name
    small = compile(network, tmp_path / "small", target=target,
                    options=LoweringOptions(optimize="size"))  # fmt: skip
    limit = small.library.flash_bytes
    options = LoweringOptions(optimize="speed", flash_limit=limit)
    limited = compile(network, tmp_path / "limited", target=target, options=options)
    assert limited.library.flash_bytes is not None
    assert limit is not None
    assert limited.library.flash_bytes <= limit
