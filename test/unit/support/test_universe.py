# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The registered names, and what importing the command-line tool costs."""

import subprocess
import sys

import pytest
from xdsl.universe import XDSL_UNIVERSE, Universe

from snnir.support.pass_base import SNNPass, option_infos
from snnir.support.pipeline import parse_pipeline
from snnir.support.xdsl_compat import fresh_builtin
from snnir.universe import DIALECTS, PASSES, PIPELINES, TARGETS, make_context


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects(name: str) -> None:
    dialect = DIALECTS[name]()
    assert dialect.name == name
    make_context().load_registered_dialect(name)


@pytest.mark.parametrize("name", PASSES)
def test_passes(name: str) -> None:
    cls = PASSES[name]()
    assert cls.name == name
    assert issubclass(cls, SNNPass)
    assert cls.__doc__
    assert cls.__module__ == f"snnir.passes.{name.replace('-', '_')}"
    assert all(info.help for info in option_infos(cls))


@pytest.mark.parametrize("name", TARGETS)
def test_targets(name: str) -> None:
    cls = TARGETS[name]()
    assert cls.name == name
    assert cls.__doc__


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines(name: str) -> None:
    known = {**XDSL_UNIVERSE.all_passes, **PASSES}
    cls = PIPELINES[name]()
    assert not isinstance(cls, str)
    assert cls.name == name
    assert cls.__doc__
    assert all(info.help for info in option_infos(cls))
    assert cls.EXAMPLES
    for example in cls.EXAMPLES:
        assert parse_pipeline(example, known, PIPELINES)


def test_installed_universes_do_not_clash() -> None:
    universe = Universe.get_multiverse()
    assert PASSES.keys() <= universe.all_passes.keys()
    assert DIALECTS.keys() <= universe.all_dialects.keys()


def test_contexts_do_not_share_the_builtin_dialect() -> None:
    first, second = make_context(), make_context()
    assert first.get_dialect("builtin") is not second.get_dialect("builtin")
    assert fresh_builtin().name == "builtin"


def test_starting_the_tool_imports_nothing_large() -> None:
    code = (
        "import sys, snnir.tools.snn_opt;"
        "print([m for m in ('numpy', 'torch', 'snntorch') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
