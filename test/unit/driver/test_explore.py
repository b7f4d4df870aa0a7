# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir explore` shows what other goals and less memory would give."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from snnir.backends.targets import MPS2_AN500
from snnir.costs.goals import Goal
from snnir.driver.compile import compile
from snnir.driver.explore import Alternative, explore, limits_between
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions
from snnir.support.diagnostics import SNNError
from snnir.testing.cost_network_builder import quantized
from snnir.testing.cost_networks import convolutional
from snnir.testing.targets import require_target
from snnir.tools.snnir import main


@pytest.fixture(scope="module")
def module() -> ModuleOp:
    network = convolutional(np.random.default_rng(2011), True)
    quantized(network, "bits=8")
    return network.module


def limit_of(alternative: Alternative, memory: str) -> int | None:
    """The limit in the arguments, in bytes."""
    words = alternative.arguments.split()
    if f"--{memory}-limit" not in words:
        return None
    return int(words[words.index(f"--{memory}-limit") + 1].removesuffix("K")) << 10


def test_limits_are_sizes_that_memories_have() -> None:
    assert list(limits_between(19_000, 66_000, halves=True)) == [
        24 << 10, 32 << 10, 48 << 10, 64 << 10
    ]  # fmt: skip
    assert list(limits_between(19_000, 66_000, halves=False)) == [32 << 10, 64 << 10]
    assert list(limits_between(24 << 10, 24 << 10, halves=True)) == []


def test_goals_come_with_speed_in_less_memory(module, monkeypatch) -> None:
    monkeypatch.setattr(type(MPS2_AN500), "is_measurable", False)
    found = explore(module, target=MPS2_AN500.name).alternatives
    assert {f"--optimize {goal}" for goal in get_args(Goal)} <= {each.arguments for each in found}
    assert [each.instructions for each in found] == sorted(each.instructions for each in found)
    limited = 0
    for each in found:
        assert not each.built
        for memory, bytes in (("flash", each.flash_bytes), ("ram", each.ram_bytes)):
            if (limit := limit_of(each, memory)) is not None:
                assert bytes <= limit
                # Nothing that keeps to the limit is faster.
                taken = [getattr(o, f"{memory}_bytes") for o in found]
                faster = found[: found.index(each)]
                assert all(t > limit for o, t in zip(found, taken, strict=True) if o in faster)
                limited += 1
    assert limited > 0
    for each in found:
        others = [other for other in found if other != each]
        is_goal = "limit" not in each.arguments
        assert is_goal or each.arguments.startswith("--optimize speed ")
        assert is_goal or not any(other.beats(each) for other in others)


def test_limits_of_the_options_hold_for_all(module, monkeypatch) -> None:
    monkeypatch.setattr(type(MPS2_AN500), "is_measurable", False)
    whole = explore(module, target=MPS2_AN500.name).alternatives
    limit = (min(e.flash_bytes for e in whole) + max(e.flash_bytes for e in whole)) // 2048 << 10
    options = LoweringOptions(flash_limit=limit)
    found = explore(module, target=MPS2_AN500.name, options=options).alternatives
    assert len(found) >= 1
    for each in found:
        # What is printed is what has to be given to compile.
        printed = limit_of(each, "flash")
        assert printed is not None
        assert each.flash_bytes <= printed <= limit
    assert f"--optimize balanced --flash-limit {limit >> 10}K" in {e.arguments for e in found}


def test_an_alternative_is_what_its_arguments_compile(module, tmp_path: Path) -> None:
    require_target(MPS2_AN500)
    found = explore(module, target=MPS2_AN500.name).alternatives
    chosen = next(each for each in found if each.arguments == "--optimize balanced")
    options = LoweringOptions(optimize="balanced")
    report = compile(module, tmp_path / "lib", target=MPS2_AN500.name, options=options)
    assert chosen.built
    assert chosen.flash_bytes == report.library.flash_bytes


def test_kernels_leave_nothing_to_choose(module) -> None:
    kernels = lower(module).kernels
    with pytest.raises(SNNError, match="is written as kernels, so that none are left to choose"):
        explore(kernels)


def test_the_command_prints_a_table(network: Path, data: Path, capsys) -> None:
    assert main(["explore", str(network), "--target", MPS2_AN500.name]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("arguments of compile")
    assert "--optimize balanced" in output.out
    assert "; 'snnir validate' counts instructions\n" in output.out
    assert "neurons are taken to be active: --data or --calibration measures that" in output.out
    argv = ["explore", str(network), "--data", str(data), "--target", "host"]
    assert main(argv) == 0
    output = capsys.readouterr()
    assert "as predicted for a Cortex-M7, bytes as predicted\n" in output.out
    assert "taken to be active" not in output.out
    assert main(["explore", str(network), "--optimize", "size"]) == 2
    assert "explore tries every goal of --optimize; leave it out" in capsys.readouterr().err
