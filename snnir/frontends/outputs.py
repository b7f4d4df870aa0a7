# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds which values of the loop body a module returns, behind lists, stacks and sums over time."""

from collections.abc import Iterator
from typing import Any

from snnir.frontends.folding import Timeline
from snnir.frontends.tracer import Produced, produced_by
from snnir.support.diagnostics import SNNError

COLLECTORS = {
    "stack", "cat", "concat", "vstack", "hstack", "sum", "mean", "max", "amax", "argmax", "softmax",
    "log_softmax", "div", "mul", "squeeze", "unsqueeze", "view", "reshape", "flatten", "permute",
    "transpose", "movedim", "swapaxes", "__getitem__", "__setitem__", "select", "unbind", "add",
    "to", "float",
}  # fmt: skip
"""Functions after the time loop that decide nothing: the readout takes their place."""

PACKING = {"unsqueeze", "squeeze", "view", "reshape"}
"""Functions that only prepare a result for its collection."""


def find_roots(timeline: Timeline) -> list[Produced]:
    """The values of the loop body that the module returns, each once, in any step.

    Raises:
        SNNError: a layer other than a collector runs after the time loop, or nothing is returned
            that depends on the sample.
    """
    roots: dict[tuple[object, int], Produced] = {}
    seen: set[Produced] = set()
    pending = list(produced_by(timeline.recording.returned))
    while pending:
        value = pending.pop()
        if value in seen:
            continue
        seen.add(value)
        collected = list(_collected(timeline, value))
        if collected:
            pending.extend(collected)
        else:
            node = timeline.position[value.call][0]
            roots.setdefault((node, value.output), value)
    if not roots:
        raise SNNError("the module returns nothing that depends on the sample")
    return list(roots.values())


def _collected(timeline: Timeline, value: Produced) -> Iterator[Produced]:
    """What a collecting call collects; nothing for a value of the loop body."""
    call = value.call
    name = call.kind.rstrip("_") if not call.kind.startswith("__") else call.kind
    node = timeline.position[call][0]
    if call.module is not None or name not in COLLECTORS:
        if node.invariant:
            raise SNNError(
                f"layer '{call.name}' ({call.kind}) runs outside of the time loop, on its results: "
                "only sums, means, stacks and the like may, because the readout replaces them; "
                "move the layer into the loop"
            )
        return
    if node.invariant or name in PACKING or _accumulates(node.calls):
        yield from produced_by((call.args, call.kwargs))


def _accumulates(calls: list[Any]) -> bool:
    """Whether each call of a site uses the result of the one before: `total = total + spikes`."""
    return any(
        source.call is calls[-2] for source in produced_by((calls[-1].args, calls[-1].kwargs))
    )
