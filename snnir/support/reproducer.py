# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Crash reproducers: a module together with the pipeline that failed on it, in one file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from snnir.support.atomic import atomic_write
from snnir.support.diagnostics import SNNError
from snnir.support.pipeline import pipeline_to_text
from snnir.support.xdsl_printing import print_module

_HEADER = "// configuration: --pass-pipeline='"
_PLUGINS = "// plug-ins:"
"""Before the options that load them, in the second line. They are named, not loaded: a file must
not run code of its own accord.
"""


def write_reproducer(
    path: str,
    module: ModuleOp,
    passes: Sequence[ModulePass],
    context: Context,
    plugins: Sequence[str] = (),
) -> None:
    """Write `module`, as it was before `passes` ran, and the pipeline to the file `path`.

    Args:
        plugins: files that define some of the passes or operations.

    Raises `SNNError` when the file cannot be written.
    """
    with atomic_write(path) as stream:
        stream.write(f"{_HEADER}{pipeline_to_text(passes)}'\n")
        if plugins:
            options = " ".join(f"--load-plugin={plugin}" for plugin in plugins)
            stream.write(f"{_PLUGINS} {options}\n")
        print_module(module, stream, generic=True, locations=True, context=context)


def plugins_of_reproducer(content: bytes) -> str:
    """The options that load what a reproducer needs, as they were given; empty for none."""
    second_line = content.split(b"\n", 2)[1:2]
    text = second_line[0].decode("utf-8", "replace") if second_line else ""
    return text.removeprefix(_PLUGINS).strip() if text.startswith(_PLUGINS) else ""


def pipeline_of_reproducer(content: bytes, name: str) -> str:
    """Return the pipeline text in the first line of a reproducer.

    Raises a located `SNNError` when there is none.
    """
    first_line = content.split(b"\n", 1)[0].decode("utf-8", "replace")
    match = re.fullmatch(rf"{re.escape(_HEADER)}(.*)'\s*", first_line)
    if match is None:
        raise SNNError(f"not a reproducer: the first line must be {_HEADER}...'", (name, 1, 1))
    return match[1]
