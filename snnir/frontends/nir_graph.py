# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The graph of a NIR file in the order of execution, with what comes from the step before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snnir.frontends.errors import user_code
from snnir.support.diagnostics import SNNError

NEURONS = frozenset({"LIF", "IF", "LI", "I", "CubaLIF", "CubaLI"})
"""Nodes with a state."""

Edge = tuple[str, str]


@dataclass(frozen=True)
class FlatGraph:
    """Nodes without nesting.

    Attributes:
        nodes: by name, in the order of execution; of nested graphs `outer.inner`.
        inputs: names of the nodes whose values, added, are the input of each.
        delayed: edges along which spikes arrive one step later.
        input: the node that the frame enters by.
        output: the node that puts out the result.
    """

    nodes: Mapping[str, Any]
    inputs: Mapping[str, list[str]]
    delayed: frozenset[Edge]
    input: str
    output: str


def kind_of(node: Any) -> str:
    """The name of a node's class."""
    return type(node).__name__


def read_graph(path: str | Path) -> Any:
    """The `nir.NIRGraph` of a file. Shapes are not checked, which nir does wrongly for some layers.

    Raises:
        SNNError: nir is not installed, or the file is none of its.
    """
    try:
        import nir
    except ImportError as error:
        raise SNNError("reading NIR needs the package nir: pip install 'snnir[nir]'") from error
    if not Path(path).is_file():
        raise SNNError(f"{path}: no such file")
    with user_code(f"{path} is no NIR file: nir.read"):
        return nir.read(str(path), type_check=False)


def flatten(graph: Any) -> FlatGraph:
    """Dissolve nested graphs, and order the nodes.

    Raises:
        SNNError: the graph has loops that no neuron delays, edges without nodes, or not one input
            and one output.
    """
    ends = _only(graph, "Input"), _only(graph, "Output")
    nodes: dict[str, Any] = {}
    edges: list[Edge] = []
    _collect(graph, "", nodes, edges)
    inputs: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in dict.fromkeys(edges):
        for end in (source, target):
            if end not in nodes:
                raise SNNError(f"the edge {source} -> {target} has no node '{end}'")
        inputs[target].append(source)
    delayed = frozenset(_delayed_edges(nodes, inputs))
    order = _order(nodes, inputs, delayed)
    return FlatGraph({name: nodes[name] for name in order}, inputs, delayed, *ends)


def _only(graph: Any, kind: str, nested: str | None = None) -> str:
    """The one node of a kind, those of nested graphs apart.

    Args:
        kind: Input or Output.
        nested: name of the graph in another one.
    """
    found = [name for name, node in graph.nodes.items() if kind_of(node) == kind]
    if len(found) != 1:
        where = "the graph" if nested is None else f"the nested graph '{nested}'"
        raise SNNError(f"{where} needs one {kind} node, and has {', '.join(found) or 'none'}")
    return found[0]


def _collect(graph: Any, prefix: str, nodes: dict[str, Any], edges: list[Edge]) -> None:
    """Add the nodes and edges of a graph; inputs and outputs of nested graphs only pass on."""
    for name, node in graph.nodes.items():
        if kind_of(node) == "NIRGraph":
            _collect(node, f"{prefix}{name}.", nodes, edges)
        else:
            nodes[f"{prefix}{name}"] = node
    for source, target in graph.edges:
        edges.append(
            (
                prefix + _port(graph, source, "Output"),
                prefix + _port(graph, target, "Input"),
            )
        )


def _port(graph: Any, name: str, kind: str) -> str:
    """The node that an edge really ends at: that of a nested graph is its input or output."""
    node = graph.nodes.get(name)
    if node is None or kind_of(node) != "NIRGraph":
        return name
    return f"{name}.{_only(node, kind, nested=name)}"


def _delayed_edges(nodes: Mapping[str, Any], inputs: Mapping[str, list[str]]) -> Iterator[Edge]:
    """The edges behind neurons that close loops.

    What closes a loop reaches back to a node before it; the layers that lead there from neurons
    have no state, so that the step between is put where the neurons' spikes enter them.
    """
    outputs: dict[str, list[str]] = defaultdict(list)
    for target, sources in inputs.items():
        for source in sources:
            outputs[source].append(target)
    for source, target in _back_edges(nodes, outputs):
        if kind_of(nodes[source]) in NEURONS:
            yield source, target
            continue
        pending, seen = [source], {source}
        while pending:
            node = pending.pop()
            onward = [each for each in outputs[node] if each not in seen and each != target]
            if onward:
                raise SNNError(
                    f"the loop through '{source}' and '{target}' cannot be cut: '{node}' feeds "
                    f"'{onward[0]}' in the same step, too"
                )
            for before in inputs[node]:
                if kind_of(nodes[before]) in NEURONS:
                    yield before, node
                elif before not in seen:
                    seen.add(before)
                    pending.append(before)


def _back_edges(nodes: Mapping[str, Any], outputs: Mapping[str, list[str]]) -> list[Edge]:
    """Edges to nodes that a search from the inputs is still busy with."""
    found: list[Edge] = []
    busy: set[str] = set()
    done: set[str] = set()
    starts = [name for name, node in nodes.items() if kind_of(node) == "Input"]
    for start in (*starts, *nodes):
        pending = [] if start in done else [(start, iter(outputs.get(start, [])))]
        busy.update(name for name, _ in pending)
        while pending:
            name, following = pending[-1]
            after = next(following, None)
            if after is None:
                pending.pop()
                busy.discard(name)
                done.add(name)
            elif after in busy:
                found.append((name, after))
            elif after not in done:
                busy.add(after)
                pending.append((after, iter(outputs.get(after, []))))
    return found


def _order(
    nodes: Mapping[str, Any], inputs: Mapping[str, list[str]], delayed: frozenset[Edge]
) -> list[str]:
    """The nodes, each behind those whose values of the same step it needs."""
    order: list[str] = []
    waiting = list(nodes)
    while waiting:
        ready = [
            name
            for name in waiting
            if all(source in order or (source, name) in delayed for source in inputs[name])
        ]
        if not ready:
            raise SNNError(f"the nodes {', '.join(waiting)} wait for one another")
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return order
