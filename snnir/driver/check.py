# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snnir check`: which layers of a network can be compiled, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from snnir.dialects.network import LAYER
from snnir.dialects.snn_attributes import Readout
from snnir.driver.files import level_of, network_of, read_network
from snnir.driver.import_nir import NIR_SUFFIX
from snnir.driver.lowering import lower
from snnir.driver.pipelines import LoweringOptions, apply_named_passes, simplification
from snnir.driver.tables import format_table
from snnir.support.atomic import PathLike
from snnir.support.diagnostics import SNNError, SourceLocation, location_of
from snnir.support.xdsl_parsing import parse_module
from snnir.support.xdsl_printing import print_module
from snnir.universe import make_context

if TYPE_CHECKING:
    from torch import nn


NETWORK = "network"
"""The kind of a verdict on a module as a whole."""


@dataclass(frozen=True)
class LayerVerdict:
    """Whether one layer is supported; `kind` is its class, function or operation."""

    name: str
    kind: str
    supported: bool
    reason: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether this is about the network and not about one of its layers."""
        return self.kind == NETWORK or self.kind.endswith(f".{NETWORK}")


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
        """The report as a table and a summary; what concerns the network as a whole is no row."""
        whole = [layer for layer in self.layers if layer.is_whole]
        layers = [layer for layer in self.layers if not layer.is_whole]
        rows = [
            (layer.name, layer.kind, "ok" if layer.supported else "no", layer.reason)
            for layer in layers
        ]
        refused = sum(not layer.supported for layer in layers)
        summary = [f"{refused} of {len(rows)} layers are not supported"] if refused else []
        summary += [f"{verdict.name} is not supported: {verdict.reason}" for verdict in whole]
        table = format_table(("layer", "kind", "supported", "reason"), rows)
        return [*([*table, ""] if rows else []), *(summary or ["supported"])]


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
        return CheckReport(tuple(_check_module(read_network(source), options or LoweringOptions())))
    if Path(source).suffix == NIR_SUFFIX:
        raise SNNError(
            f"import {source} first, with a profile: snnir import {source} --profile ... -o "
            "net.mlir; snnir check net.mlir then tells what its layers become"
        )
    if input_shape is None:
        raise SNNError("checking a module needs the shape of a frame: give --input-shape")
    from snnir.frontends import load_module
    from snnir.frontends.calling import check_frames

    module = load_module(str(source), None if weights is None else str(weights))
    reports = check_frames(module, input_shape, timesteps)
    layers = tuple(LayerVerdict(r.name, r.kind, r.supported, r.reason) for r in reports)
    if not all(layer.supported for layer in layers):
        return CheckReport(layers)
    return CheckReport(_compiled(layers, module, input_shape, timesteps, options))


def _compiled(
    layers: tuple[LayerVerdict, ...],
    module: nn.Module,
    input_shape: Sequence[int],
    timesteps: int | None,
    options: LoweringOptions | None,
) -> tuple[LayerVerdict, ...]:
    """Say of layers that can be imported which of them the levels below refuse."""
    try:
        imported = _imported(module, input_shape, timesteps)
    except SNNError as error:
        return (*layers, LayerVerdict(type(module).__name__, NETWORK, False, error.message))
    below = [v for v in _check_module(imported, options or LoweringOptions()) if not v.supported]
    reasons = {verdict.name: verdict.reason for verdict in reversed(below)}
    named = tuple(
        replace(layer, supported=False, reason=reasons.pop(layer.name))
        if layer.name in reasons
        else layer
        for layer in layers
    )
    return (*named, *(verdict for verdict in below if verdict.name in reasons))


def _imported(module: nn.Module, input_shape: Sequence[int], timesteps: int | None) -> ModuleOp:
    """The network of a module, for the first readout that it has an output for.

    A module that computes one step per call needs no number of steps to be checked. Every operation
    has a location of its own, as if it were read from a file.
    """
    from snnir.frontends import from_snntorch
    from snnir.frontends.calling import find_call
    from snnir.frontends.recording import MINIMUM_STEPS

    try:
        call = find_call(module, input_shape, timesteps)
    except SNNError:
        if timesteps is not None:
            raise
        timesteps = MINIMUM_STEPS
        call = find_call(module, input_shape, timesteps)
    try:
        imported = from_snntorch(module, call.sample, timesteps)
    except SNNError:
        imported = from_snntorch(module, call.sample, timesteps, readout=Readout.LAST_MEMBRANE)
    text = StringIO()
    print_module(imported, text)
    return parse_module(make_context(), text.getvalue())


Refusals = dict[SourceLocation | None, str]
"""Reasons by location: operations keep theirs in every pass."""


def _check_module(module: ModuleOp, options: LoweringOptions) -> list[LayerVerdict]:
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
    from snnir.quantization.refusals import refusal_of

    if level_of(network_of(module)) != "snn":
        return {}
    simplified = module.clone()
    try:
        apply_named_passes(simplified, simplification(options))
    except SNNError as error:
        return {error.location: error.message}
    return {
        location_of(op): refusal
        for op in network_of(simplified).body.block.ops
        if (refusal := refusal_of(op)) is not None
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
