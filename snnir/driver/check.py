# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir check`: which layers of a network can be compiled, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnir.dialects.network import LAYER
from snnir.driver.files import level_of, network_of, read_network
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions, apply_pipeline, simplification
from snnir.driver.tables import format_table
from snnir.support.atomic import PathLike
from snnir.support.diagnostics import SNNError, SourceLocation, location_of


@dataclass(frozen=True)
class LayerVerdict:
    """Whether one layer is supported; `kind` is its class, function or operation."""

    name: str
    kind: str
    supported: bool
    reason: str | None = None


@dataclass(frozen=True)
class CheckReport:
    """The verdicts on all layers, in order of execution."""

    layers: tuple[LayerVerdict, ...]

    @property
    def supported(self) -> bool:
        """Whether every layer is supported."""
        return all(layer.supported for layer in self.layers)

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"supported": self.supported, "layers": [asdict(layer) for layer in self.layers]}

    def lines(self) -> list[str]:
        """The report as a table and a summary."""
        rows = [
            (layer.name, layer.kind, "ok" if layer.supported else "no", layer.reason)
            for layer in self.layers
        ]
        refused = sum(not layer.supported for layer in self.layers)
        summary = f"{refused} of {len(rows)} layers are not supported" if refused else "supported"
        return [*format_table(("layer", "kind", "supported", "reason"), rows), "", summary]


def check(
    source: PathLike,
    weights: PathLike | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    timesteps: int | None = None,
    options: LoweringOptions | None = None,
) -> CheckReport:
    """Say of every layer whether it can be imported and compiled.

    Args:
        source: a `.mlir` file, whose operations are tried down to kernels, or `FILE.py:FACTORY`,
            a module that is traced as `import_network` does.
        weights: state_dict of the module.
        input_shape: shape of a frame; needed for a module.
        timesteps: number of steps; needed for a module without a time loop.

    Raises:
        SNNError: the source cannot be read.
    """
    if Path(source).suffix == ".mlir" or str(source) == "-":
        return CheckReport(tuple(_check_file(source, options or LoweringOptions())))
    if input_shape is None:
        raise SNNError("checking a module needs the shape of a frame: give --input-shape")
    from snnir.frontends import load_module
    from snnir.frontends.calling import check_frames

    module = load_module(str(source), None if weights is None else str(weights))
    reports = check_frames(module, input_shape, timesteps)
    return CheckReport(tuple(LayerVerdict(r.name, r.kind, r.supported, r.reason) for r in reports))


Refusals = dict[SourceLocation | None, str]
"""Reasons by location: operations keep theirs in every pass."""


def _check_file(path: PathLike, options: LoweringOptions) -> list[LayerVerdict]:
    module = read_network(path)
    network = network_of(module)
    refusals = _refusals_of_operations(module, options) or _refusal_of_pipeline(module, options)
    ops = [op for op in network.body.block.ops if not _is_structural(op)]
    verdicts = [_verdict(op, refusals) for op in ops]
    if refusals and all(verdict.supported for verdict in verdicts):
        # What was refused has no counterpart in the file: it is about the network.
        return [LayerVerdict(network.sym_name.data, network.name, False, *refusals.values())]
    return verdicts


def _refusals_of_operations(module: ModuleOp, options: LoweringOptions) -> Refusals:
    """Every operation of an `snn` network for which the conversion to integers has no rule."""
    from snnir.quantization.layer_rules import LAYER_RULES
    from snnir.quantization.neuron_rules import NEURON_RULES

    if level_of(network_of(module)) != "snn":
        return {}
    simplified = module.clone()
    try:
        apply_pipeline(simplified, simplification(options))
    except SNNError as error:
        return {error.location: error.message}
    return {
        location_of(op): "has no integer form"
        for op in network_of(simplified).body.block.ops
        if not (_is_structural(op) or type(op) in LAYER_RULES or type(op) in NEURON_RULES)
    }


def _refusal_of_pipeline(module: ModuleOp, options: LoweringOptions) -> Refusals:
    """The first operation that the passes refuse."""
    try:
        lower(module, options)
    except SNNError as error:
        return {error.location: error.message}
    return {}


def _is_structural(op: Operation) -> bool:
    """Whether an operation is a constant or the end of the step, which are no layers."""
    return op.name.endswith((".weight", ".output", ".constant", ".buffer", ".view"))


def _verdict(op: Operation, refusals: Refusals) -> LayerVerdict:
    reason = refusals.get(location_of(op))
    name = getattr(op.attributes.get(LAYER), "data", "")
    return LayerVerdict(name, op.name, reason is None, reason)
