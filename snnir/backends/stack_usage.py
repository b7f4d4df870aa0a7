# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The deepest stack of a program, from the frame sizes and calls that GCC writes down.

`-fcallgraph-info=su` makes GCC write a graph in VCG format beside each object (GCC manual,
"Developer Options"): functions with their frames, and who calls whom. The sum along the deepest
chain bounds the stack. Interrupts come on top of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from snnir.support.diagnostics import SNNError

CALL_GRAPH_FLAG = "-fcallgraph-info=su"
CALL_GRAPH_SUFFIX = ".ci"

LIBRARY_FRAME_BYTES = 64
"""For a function of the C library or libgcc, which come without a graph: more than `memcpy`,
`memset` and the divisions of newlib-nano and libgcc push on a Cortex-M7."""

_NODE = re.compile(r'^node: \{ title: "(?P<title>[^"]+)" label: "(?P<label>[^"]*)"')
_EDGE = re.compile(r'^edge: \{ sourcename: "(?P<source>[^"]+)" targetname: "(?P<target>[^"]+)"')
_FRAME = re.compile(r"\\n(?P<bytes>\d+) bytes \((?P<kind>[^)]*)\)")
_INDIRECT = "__indirect_call"


@dataclass
class CallGraph:
    """Functions of a program.

    Attributes:
        frames: bytes of a function's frame; None where the compiler does not know it.
        calls: what each function calls.
    """

    frames: dict[str, int | None] = field(default_factory=dict[str, "int | None"])
    calls: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def add(self, text: str) -> None:
        """Account for one or more graphs of one program."""
        for line in text.splitlines():
            if node := _NODE.match(line):
                frame = _FRAME.search(node["label"])
                if frame is not None:
                    bounded = frame["kind"] in ("static", "dynamic,bounded")
                    self.frames[node["title"]] = int(frame["bytes"]) if bounded else None
            elif edge := _EDGE.match(line):
                self.calls.setdefault(edge["source"], set()).add(edge["target"])

    def depth(self, function: str, active: tuple[str, ...] = ()) -> int | None:
        """Bytes of the deepest chain of calls from a function on; None if it has no bound.

        That is so with recursion, calls through pointers, and arrays of variable size.
        """
        if function == _INDIRECT or function in active:
            return None
        if function not in self.frames:
            return LIBRARY_FRAME_BYTES
        if (frame := self.frames[function]) is None:
            return None
        deepest = 0
        for called in sorted(self.calls.get(function, ())):
            if (below := self.depth(called, (*active, function))) is None:
                return None
            deepest = max(deepest, below)
        return frame + deepest


def read_call_graph(files: Iterable[Path]) -> CallGraph:
    """The graph of a program whose objects or libraries have these files beside them.

    Raises:
        SNNError: a file cannot be read.
    """
    graph = CallGraph()
    for file in files:
        try:
            graph.add(file.with_suffix(CALL_GRAPH_SUFFIX).read_text())
        except OSError as error:
            raise SNNError(
                f"cannot read the call graph of {file.name}: {error.strerror}"
            ) from error
    return graph
