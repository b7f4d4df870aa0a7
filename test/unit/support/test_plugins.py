# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plug-ins: errors of their files are located, and what they define is known in a block."""

from pathlib import Path

import pytest

from snnir.driver.files import read_network
from snnir.driver.pipelines import apply_pipeline
from snnir.support.diagnostics import SNNError
from snnir.support.registry import Registry
from snnir.universe import active_registry, load_plugins, make_context

LIT = Path(__file__).parents[2] / "lit/tools"
THRESHOLDS = LIT / "snnir/Inputs/threshold_plugin.py"
GAIN = LIT / "snn-opt/Inputs/dialect_plugin.py"
GAIN_NETWORK = LIT / "snnir/plugins.mlir"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("import no_such_module", 1, 1, "raised ModuleNotFoundError: No module named"),
        ("\ndef f(:", 2, 7, "raised SyntaxError: invalid syntax"),
        ("def f():\n    return {}['x']\ny = 1 + f()", 2, 12, "raised KeyError: 'x'"),
        ("import json\njson.loads('{')", 2, 1, "raised JSONDecodeError: "),
        ("raise SystemExit(0)", 1, 1, "raised SystemExit: 0"),
        ("\nSNN_PASSES = ['my-pass']", 2, 1, "needs a dictionary from names as SNN_PASSES"),
        ("SNN_PASSES: dict = {'my': 3}", 1, 1, "has no pass under 'my' in SNN_PASSES, but 3"),
        ("SNN_PASSES = {'my': int}", 1, 1, "has no pass under 'my' in SNN_PASSES, but <class"),
        (
            "from xdsl.dialects.test import Test\nSNN_DIALECTS = {'my': Test}", 2, 1,
            "has the dialect 'test' under 'my' in SNN_DIALECTS; both names have to be equal",
        ),
        (
            "from xdsl.transforms.canonicalize import CanonicalizePass as P\nSNN_PASSES={'my': P}",
            2, 1, "has the pass 'canonicalize' under 'my' in SNN_PASSES; both names",
        ),
        ("SNN_DIALECTS = {'my': int}", 1, 1, "has no dialect under 'my' in SNN_DIALECTS"),
        ("SNN_PIPELINES = {'my it': 'cse'}", 1, 1, "has the name 'my it' in SNN_PIPELINES"),
        (
            "SNN_PIPELINES = {'my': 'cse{a=1'}", 1, 1,
            "has a wrong text as the pipeline 'my', column 8: expected an option name or '}'",
        ),
        ("SNN_PIPELINES = {'my': 'cse', 'old': ''}", 1, 1, "defines the pipeline 'old', which"),
    ],
)  # fmt: skip
def test_errors_are_located(
    tmp_path: Path, text: str, line: int, column: int, message: str
) -> None:
    path = tmp_path / "plugin.py"
    path.write_text(text)
    with pytest.raises(SNNError) as caught:
        Registry(pipelines={"old": lambda: "cse"}).add_plugin(path)
    assert caught.value.location == (str(path), line, column)
    assert caught.value.message.startswith("the plug-in ")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["@dataclass(frozen=True)", "class P(SNNPass):", "    name = 'my'"], "has no apply(self,"),
        (
            ["@dataclass(frozen=True)", "class P(SNNPass):", "    def apply(self, ctx, op): ..."],
            "has no name: write name",
        ),
        (
            [
                "", "class P(SNNPass):", "    name = 'my'", "    k: int = option(3, 'a number')",
                "    def apply(self, ctx, op): ...",
            ],
            "is no dataclass: write @dataclass(frozen=True) above it",
        ),
        (
            [
                "@dataclass(frozen=True)", "class P(SNNPass):", "    name = 'my'",
                "    k: list[int] = option((), 'numbers')", "    def apply(self, ctx, op): ...",
            ],
            "has the option 'k' of the type list[int], which no text gives",
        ),
    ],
)  # fmt: skip
def test_classes_that_are_no_passes(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "plugin.py"
    begin = [
        "from dataclasses import dataclass",
        "from snnir.support.pass_base import SNNPass, option",
    ]
    path.write_text("\n".join([*begin, *lines, "SNN_PASSES = {'my': P}"]))
    with pytest.raises(SNNError, match="the plug-in's pass 'P' ") as caught:
        Registry().add_plugin(path)
    assert caught.value.location == (str(path), 4, 1)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.py", "there is no such file"),
        (".", "there is no such file"),
        ("notes.txt", "is not a Python file"),
        ("empty.py", "defines nothing: name what it adds in SNN_PASSES"),
    ],
)
def test_files_that_are_no_plugins(tmp_path: Path, name: str, message: str) -> None:
    for file in ("notes.txt", "empty.py"):
        (tmp_path / file).touch()
    with pytest.raises(SNNError, match=message):
        Registry().add_plugin(tmp_path / name)


def test_a_plugin_imports_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "plugin_neighbour.py").write_text("NAME = 'my-pipeline'")
    plugin = tmp_path / "plugin.py"
    plugin.write_text("from plugin_neighbour import NAME\nSNN_PIPELINES = {NAME: 'cse'}")
    registry = Registry()
    registry.add_plugin(plugin)
    assert registry.pipelines["my-pipeline"]() == "cse"


def test_plugins_are_known_in_their_block_only() -> None:
    with load_plugins(GAIN):
        with load_plugins(THRESHOLDS):
            module = read_network(GAIN_NETWORK)
            apply_pipeline(module, "mine-expand,mine-halve")
            assert "threshold 3.750000e-01" in str(module)
        assert "mine" in [
            dialect.split(".")[0] for dialect in make_context().registered_dialect_names
        ]
        assert "mine-expand" in active_registry().passes
        assert "mine-scale-thresholds" not in active_registry().passes
    assert "mine-expand" not in active_registry().passes
    with pytest.raises(SNNError, match=r"mine.gain is not registered; --load-plugin"):
        read_network(GAIN_NETWORK)


def test_a_pass_reads_networks_with_operations_of_the_plugin() -> None:
    calibration = LIT.parent / "Inputs/calibration.npz"
    with load_plugins(GAIN):
        module = read_network(GAIN_NETWORK)
        apply_pipeline(
            module, f'snn-match-rates{{reference="{GAIN_NETWORK}" calibration="{calibration}"}}'
        )
        # It imitates itself.
        assert "threshold 7.500000e-01" in str(module)
