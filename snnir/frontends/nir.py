# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports graphs of the Neuromorphic Intermediate Representation with `from_nir`.

NIR (Pedersen et al. 2024, https://doi.org/10.1038/s41467-024-52259-9) describes neurons in
continuous time, and has no soft resets; what a file leaves open, a `Discretization` says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from xdsl.dialects.builtin import (
    ModuleOp,
    TensorType,
    f32,
    i1,
)
from xdsl.ir import Block, SSAValue
from xdsl.utils.exceptions import VerifyException

from snnir.dialects import snn
from snnir.frontends.errors import Unsupported
from snnir.frontends.finished import finished
from snnir.frontends.naming import append_to_layer, unused_name
from snnir.frontends.nir_graph import NEURONS, FlatGraph, flatten, kind_of, read_graph
from snnir.frontends.nir_nodes import NODES, NodeContext, is_spikes
from snnir.frontends.nir_profiles import Discretization
from snnir.support.diagnostics import SNNError


def from_nir(
    graph: Any,
    timesteps: int,
    rule: Discretization,
    *,
    name: str = "network",
    input_shape: Sequence[int] | None = None,
    input: snn.InputKind = snn.InputKind.EVENT_COUNTS,
    readout: snn.Readout = snn.Readout.SPIKE_COUNT,
    population: int | None = None,
) -> ModuleOp:
    """Import a NIR graph.

    Spikes that are fed back arrive one step later. Several edges into a node are added.

    Args:
        graph: a `nir.NIRGraph`, or the path of a file.
        timesteps: number of steps of a sample.
        rule: how neurons become steps; `nir_profiles.PROFILES` has those of frameworks.
        name: symbol name of the network.
        input_shape: shape of a frame; by default what the Input node says.
        input: what will be presented at every step.
        readout: how the output becomes scores; spike readouts need spikes at the output, membrane
            readouts an integrator or a neuron there, whose membrane they look at.
        population: number of classes, if each is a group of output neurons.

    Returns:
        A verified `builtin.module` with `snn.version` and one `snn.network`.

    Raises:
        SNNError: something cannot be imported; one line that names the node and the reason.
    """
    flat = flatten(read_graph(graph) if isinstance(graph, str | Path) else graph)
    shape = tuple(input_shape) if input_shape is not None else _input_shape(flat)
    element = i1 if input is snn.InputKind.BINARY_FRAMES else f32
    block = Block(arg_types=[TensorType(element, shape)])
    draft = _Draft(flat, block, rule)
    output = draft.convert(readout)
    return finished(
        block,
        output,
        what="graph",
        name=name,
        timesteps=timesteps,
        input=input,
        readout=readout,
        population=population,
    )


def _input_shape(flat: FlatGraph) -> tuple[int, ...]:
    """What the Input node says. Raises `SNNError` if it is no shape."""
    ((_, shape),) = flat.nodes[flat.input].output_type.items()
    if shape is None or not (sizes := tuple(int(size) for size in np.ravel(shape))):
        raise SNNError(
            f"the node '{flat.input}' does not say the shape of a frame; give it with input_shape "
            "(--input-shape)"
        )
    return sizes


class _Draft:
    """A network under construction.

    Attributes:
        values: what each node puts out.
        membranes: of the neurons among them.
    """

    def __init__(self, flat: FlatGraph, block: Block, rule: Discretization):
        self.flat, self.block, self.rule = flat, block, rule
        self.values: dict[str, SSAValue] = {}
        self.membranes: dict[str, SSAValue] = {}
        self._reads: dict[str, SSAValue] = {}
        self._symbols: set[str] = set()

    def convert(self, readout: snn.Readout) -> SSAValue:
        """Convert all nodes; the value that the readout looks at.

        Raises:
            SNNError: a node cannot be imported, or puts out what the readout cannot use.
        """
        for name in self.flat.nodes:
            try:
                self._convert(name)
            except (Unsupported, VerifyException, ValueError) as error:
                kind = kind_of(self.flat.nodes[name])
                raise SNNError(f"node '{name}' ({kind}): {error}") from error
        for source, read in self._reads.items():
            assert isinstance(read.owner, snn.ReadOp)
            symbol = read.owner.register.string_value()
            append_to_layer(self.block, snn.WriteOp(symbol, self.values[source]), source)
        return self._output(readout)

    def _convert(self, name: str) -> None:
        node = self.flat.nodes[name]
        if kind_of(node) not in NODES:
            raise Unsupported("is not supported", f"nodes that are: {', '.join(NODES)}")
        context = NodeContext(name, node, self.block, self._input(name), self.rule)
        result = NODES[kind_of(node)](context)
        if isinstance(result, tuple):
            self.values[name], self.membranes[name] = result
        else:
            self.values[name] = result
            if kind_of(node) in NEURONS:
                self.membranes[name] = result

    def _input(self, name: str) -> SSAValue:
        """The sum of what comes along the edges; of the node of the whole input the frame."""
        if name == self.flat.input and not self.flat.inputs[name]:
            return self.block.args[0]
        values = [
            self._read(source) if (source, name) in self.flat.delayed else self.values[source]
            for source in self.flat.inputs[name]
        ]
        if not values:
            raise Unsupported("has no input")
        total = values[0]
        for value in values[1:]:
            add = snn.AddOp(total, value)
            append_to_layer(self.block, add, name)
            total = add.result
        return total

    def _read(self, source: str) -> SSAValue:
        """The spikes of a neuron in the step before."""
        if source not in self._reads:
            node = self.flat.nodes[source]
            shape = np.shape(node.v_threshold) if hasattr(node, "v_threshold") else ()
            if not shape:
                raise Unsupported(
                    f"is fed back from '{source}', whose thresholds do not tell its shape",
                    "let neurons that are fed back be LIF, IF or CubaLIF with a threshold each",
                )
            symbol = unused_name(re.sub(r"\W", "_", source), self._symbols)
            type = TensorType(i1, shape)
            read = snn.ReadOp(symbol, type)
            append_to_layer(self.block, snn.RegisterOp(symbol, type), source)
            append_to_layer(self.block, read, source)
            self._reads[source] = read.result
        return self._reads[source]

    def _output(self, readout: snn.Readout) -> SSAValue:
        """The value that the readout looks at."""
        name = self.flat.output
        value = self.values[name]
        wants_spikes = readout in (snn.Readout.SPIKE_COUNT, snn.Readout.FIRST_SPIKE)
        if wants_spikes == is_spikes(value):
            return value
        last = self.flat.inputs[name][-1]
        while kind_of(self.flat.nodes[last]) == "Output":
            last = self.flat.inputs[last][-1]
        if wants_spikes or last not in self.membranes:
            wanted = "spikes" if wants_spikes else "a membrane"
            others = "last_membrane, max_membrane or mean_membrane" if wants_spikes else "another"
            raise SNNError(
                f"the readout {readout} needs {wanted}, and the node '{last}' "
                f"({kind_of(self.flat.nodes[last])}) has none; choose {others}"
            )
        return self.membranes[last]
