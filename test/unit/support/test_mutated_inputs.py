# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whatever becomes of an input or of options, `snn-opt` says what is wrong in a line of its own."""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from snnir.tools.snn_opt import main

LIT = Path(__file__).parents[2] / "lit"
FOLDERS = ("passes", "dialects", "backends")
SLOW = ("finetune",)
"""Passes that train."""
INPUT = "INPUT"
"""Stands for the file."""

TOKEN = re.compile(r'"[^"\n]*"|%?[A-Za-z_][\w.]*|-?\d+\.?\d*(?:e[+-]?\d+)?|[^\sA-Za-z0-9]')
NUMBER = re.compile(r"-?\d")
NUMBERS = (
    "0", "-1", "1", "2", "3", "7", "100000", "1e30", "nan", "0.5", "65536", "4294967296",
    "9223372036854775808", "0x7F800000",
)  # fmt: skip
MUTATIONS_OF_A_TEST = 60


@dataclass(frozen=True)
class Run:
    """A command of a lit test."""

    arguments: tuple[str, ...]
    text: str


@cache
def runs() -> tuple[Run, ...]:
    """The commands of `snn-opt` of all tests that read one file and write none."""
    found = set()
    for file in sorted(path for folder in FOLDERS for path in (LIT / folder).rglob("*.mlir")):
        text = file.read_text()
        for line in re.findall(r"^// RUN: snn-opt ([^|>]*)", text, re.MULTILINE):
            words = shlex.split(line.replace("%S", str(file.parent)).removesuffix(" 2"))
            if "%s" not in words or "%t" in line or any(name in line for name in SLOW):
                continue
            found.add(Run(tuple(INPUT if word == "%s" else word for word in words), text))
    return tuple(sorted(found, key=lambda run: (run.text, run.arguments)))


def tokens(text: str) -> list[re.Match[str]]:
    return list(TOKEN.finditer(text))


def replaced(text: str, token: re.Match[str], new: str) -> str:
    return text[: token.start()] + new + text[token.end() :]


def mutated(text: str, rng: random.Random) -> str:
    """The text without its comments, with another number or with a token lost, twice or moved."""
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    for _ in range(rng.choice((1, 1, 1, 2))):
        every = tokens(text)
        numbers = [token for token in every if NUMBER.match(token[0])]
        if numbers and rng.random() < 0.5:
            text = replaced(text, rng.choice(numbers), rng.choice(NUMBERS))
        elif every:
            token = rng.choice(every)
            other = rng.choice(("", rng.choice(every)[0], f"{token[0]} {token[0]}"))
            text = replaced(text, token, other)
    return text


def with_other_options(arguments: Sequence[str], rng: random.Random) -> list[str]:
    """The arguments with another number, or with a word or sign lost, in one of them."""
    found = list(arguments)
    index = rng.choice([i for i, word in enumerate(found) if word != INPUT])
    if every := [token for token in tokens(found[index]) if "/" not in token[0]]:
        token = rng.choice(every)
        number = NUMBER.match(token[0])
        found[index] = replaced(found[index], token, rng.choice(NUMBERS) if number else "")
    return found


@pytest.mark.parametrize("first", range(0, 5 * MUTATIONS_OF_A_TEST, MUTATIONS_OF_A_TEST))
def test_nothing_crashes(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    every, file = runs(), tmp_path / "in.mlir"
    assert len(every) > 100
    for seed in range(first, first + MUTATIONS_OF_A_TEST):
        rng = random.Random(seed)
        run = rng.choice(every)
        arguments = list(run.arguments)
        if rng.random() < 0.25:
            arguments = with_other_options(arguments, rng)
            file.write_text(run.text)
        else:
            file.write_text(mutated(run.text, rng))
        status = main([str(file) if word == INPUT else word for word in arguments])
        said = capsys.readouterr().err
        assert status in (0, 1, 2), f"seed {seed}: {arguments}"
        assert "crashed" not in said, f"seed {seed}: {arguments}: {said}"
        assert status == 0 or "error" in said, f"seed {seed}: {arguments}"
