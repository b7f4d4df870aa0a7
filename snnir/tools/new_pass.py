# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Starts a new pass: a file that runs, its lit test and its entry in the registry.

    python -m snnir.tools.new_pass snn-my-pass --summary "Remove what never fires"

Works in the repository that it is part of. Exit status: 0 on success, 1 when the name is taken or
nothing can be written, 2 when the command line is wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from xdsl.universe import XDSL_UNIVERSE

from snnir.support.atomic import atomic_write
from snnir.support.command_line import UsageError
from snnir.support.diagnostics import SNNError
from snnir.universe import PASSES, PIPELINES

_ACRONYMS = frozenset("snn qsnn nn lif li pca osbc rtn lamps".split())
_NAME = re.compile(r"(snn|qsnn|kernels|convert)(-[a-z0-9]+)+")
_LONGEST_SUMMARY = 80
_LINE_LENGTH = 100

_PASS = Template('''\
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""$summary.

Say here when the pass may be used, what it changes, and what it leaves alone.
"""

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from snnir.dialects import snn
from snnir.support.pass_base import SNNPass


@dataclass(frozen=True)
class RewriteLIF(RewritePattern):
    """Say here what becomes what."""

    owner: "$class_name"

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: snn.LIFOp, rewriter: PatternRewriter, /) -> None:
        self.owner.statistics.add("layers left alone")
        self.owner.remark(op, "left alone: the pass is not written yet")


@dataclass(frozen=True)
class $class_name(SNNPass):
    """$summary."""

    name: ClassVar[str] = "$name"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.rewrite(op, RewriteLIF(self))
''')

_LIT_TEST = Template("""\
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --$name --verify-diagnostics | filecheck %s

// CHECK-LABEL: snn.network @net
// CHECK: snn.lif
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 2 : i64, \
input = #snn<input values>, readout = #snn<readout spike_count>} {
  // expected-remark @below {{left alone: the pass is not written yet}}
  %spikes, %membrane = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed \
compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %spikes : tensor<2xi1>
}
""")

_NEXT_STEPS = Template("""\
next:
  1. write the rewriting in $pass_file and say in its docstring what it does
  2. extend $test_file and run: lit -v $test_file
  3. execute networks before and after in test/unit/passes/test_$module.py
  4. renew the reference: make docs
see docs/guides/add-a-pass.md""")


def class_name_of(name: str) -> str:
    """Class of a pass: `snn-fold-scale` is `SNNFoldScalePass`."""
    words = name.removesuffix("-pass").split("-")
    return "".join(w.upper() if w in _ACRONYMS else w.capitalize() for w in words) + "Pass"


def register(universe: str, name: str, path: str) -> str:
    """The text of `snnir/universe.py` with one more entry at the end of `PASSES`.

    Raises:
        SNNError: there is no such table in the text.
    """
    table = re.search(r"^PASSES: .*?^\}$", universe, re.MULTILINE | re.DOTALL)
    if table is None:
        raise SNNError("found no table PASSES in snnir/universe.py")
    entry = f'    "{name}": _lazy("{path}"),\n'
    if len(entry) > _LINE_LENGTH + 1:
        entry = f'    "{name}": _lazy(\n        "{path}"\n    ),\n'
    end = table.end() - 1
    return universe[:end] + entry + universe[end:]


def create_pass(root: Path, name: str, summary: str) -> tuple[Path, Path]:
    """Write the pass and its lit test, register it, and return the paths of both files.

    Raises:
        UsageError: the name or the summary cannot be used.
        SNNError: the name is taken, or `root` is not a checkout of the repository.
    """
    _check_name(name)
    summary = _checked_summary(summary)
    module, universe = name.replace("-", "_"), root / "snnir" / "universe.py"
    pass_file = root / "snnir" / "passes" / f"{module}.py"
    test_file = root / "test" / "lit" / "passes" / f"{name}.mlir"
    if not universe.is_file() or not test_file.parent.parent.is_dir():
        raise SNNError(f"{root} is not a checkout of the repository; passes are started in one")
    for file in (pass_file, test_file):
        if file.exists():
            raise SNNError(f"{file.relative_to(root)} exists; choose another name")
    values = {"name": name, "class_name": class_name_of(name), "summary": summary}
    registry = register(
        universe.read_text(encoding="utf-8"),
        name,
        f"snnir.passes.{module}:{values['class_name']}",
    )
    test_file.parent.mkdir(exist_ok=True)
    # The registry comes last: it must not name a file that could not be written.
    texts = {pass_file: _PASS, test_file: _LIT_TEST, universe: Template(_escaped(registry))}
    for file, template in texts.items():
        with atomic_write(file) as stream:
            stream.write(template.substitute(values))
    return pass_file, test_file


def _escaped(text: str) -> str:
    return text.replace("$", "$$")


def _check_name(name: str) -> None:
    if name in PASSES or name in PIPELINES or name in XDSL_UNIVERSE.all_passes:
        raise SNNError(f"there is a pass or pipeline '{name}' already; choose another name")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' is no name for a pass: words of a-z and 0-9 joined by dashes, the first one "
            "snn, qsnn, kernels or convert, as in snn-fold-scale"
        )


def _checked_summary(summary: str) -> str:
    """The summary without its full stop, as it goes into docstrings."""
    text = summary.strip().removesuffix(".")
    if not text or len(text) > _LONGEST_SUMMARY or re.search(r'[\n"\\]', text):
        raise UsageError(
            f"the summary must be one sentence of at most {_LONGEST_SUMMARY} characters, without "
            "double quotes and backslashes"
        )
    return text[0].upper() + text[1:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with `arguments`, by default those of the process; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m snnir.tools.new_pass", description="Start a new pass."
    )
    parser.add_argument("name", help="of the pass in pipelines, as in snn-fold-scale")
    parser.add_argument("--summary", required=True, help="one sentence: what the pass does")
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parents[2]
    try:
        pass_file, test_file = create_pass(root, options.name, options.summary)
    except SNNError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    written = {
        "pass_file": str(pass_file.relative_to(root)),
        "test_file": str(test_file.relative_to(root)),
        "module": pass_file.stem,
    }
    print(f"wrote {written['pass_file']} and {written['test_file']}; changed snnir/universe.py")
    print(_NEXT_STEPS.substitute(written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
