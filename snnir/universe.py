# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Everything that is registered by name: dialects, passes, targets and pipelines.

The values are functions without arguments that import the module when they are called, so that a
program that uses one dialect does not load the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from xdsl.context import Context
from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.target import Target

from snnir.support.atomic import PathLike
from snnir.support.pass_base import PassPipeline
from snnir.support.registry import Registry


def _lazy(path: str) -> Callable[[], Any]:
    """Return a function that imports `module:attribute` and returns the attribute."""
    module, attribute = path.split(":")
    return lambda: getattr(import_module(module), attribute)


DIALECTS: dict[str, Callable[[], Dialect]] = {
    "snn": _lazy("snnir.dialects.snn:SNN"),
    "qsnn": _lazy("snnir.dialects.qsnn:QSNN"),
    "cmsis_nn": _lazy("snnir.dialects.cmsis_nn:CMSISNN"),
    "snnrt": _lazy("snnir.dialects.snnrt:SNNRT"),
}

PASSES: dict[str, Callable[[], type[ModulePass]]] = {
    "snn-fold-batch-norm": _lazy("snnir.passes.snn_fold_batch_norm:SNNFoldBatchNormPass"),
    "snn-fold-scale": _lazy("snnir.passes.snn_fold_scale:SNNFoldScalePass"),
    "snn-convert-layout": _lazy("snnir.passes.snn_convert_layout:SNNConvertLayoutPass"),
    "snn-measure-activity": _lazy("snnir.passes.snn_measure_activity:SNNMeasureActivityPass"),
    "snn-prune-silent": _lazy("snnir.passes.snn_prune_silent:SNNPruneSilentPass"),
    "snn-prune-pca": _lazy("snnir.passes.snn_prune_pca:SNNPrunePCAPass"),
    "snn-reduce-timesteps": _lazy("snnir.passes.snn_reduce_timesteps:SNNReduceTimestepsPass"),
    "snn-finetune": _lazy("snnir.passes.snn_finetune:SNNFinetunePass"),
    "snn-finetune-rates": _lazy("snnir.passes.snn_finetune_rates:SNNFinetuneRatesPass"),
    "snn-prune-magnitude": _lazy("snnir.passes.snn_prune_magnitude:SNNPruneMagnitudePass"),
    "snn-quantize-rtn": _lazy("snnir.passes.snn_quantize_rtn:SNNQuantizeRTNPass"),
    "snn-osbc-prune": _lazy("snnir.passes.snn_osbc_prune:SNNOSBCPrunePass"),
    "snn-osbc-quantize": _lazy("snnir.passes.snn_osbc_quantize:SNNOSBCQuantizePass"),
    "snn-match-rates": _lazy("snnir.passes.snn_match_rates:SNNMatchRatesPass"),
    "convert-snn-to-qsnn": _lazy("snnir.passes.convert_snn_to_qsnn:ConvertSNNToQSNNPass"),
    "qsnn-prune-silent": _lazy("snnir.passes.qsnn_prune_silent:QSNNPruneSilentPass"),
    "qsnn-pad-channels": _lazy("snnir.passes.qsnn_pad_channels:QSNNPadChannelsPass"),
    "qsnn-sort-channels": _lazy("snnir.passes.qsnn_sort_channels:QSNNSortChannelsPass"),
    "qsnn-select-kernels": _lazy("snnir.passes.qsnn_select_kernels:QSNNSelectKernelsPass"),
    "convert-qsnn-to-kernels": _lazy(
        "snnir.passes.convert_qsnn_to_kernels:ConvertQSNNToKernelsPass"
    ),
    "kernels-hoist-static-input": _lazy(
        "snnir.passes.kernels_hoist_static_input:KernelsHoistStaticInputPass"
    ),
    "kernels-batch-timesteps": _lazy(
        "snnir.passes.kernels_batch_timesteps:KernelsBatchTimestepsPass"
    ),
    "kernels-plan-memory": _lazy("snnir.passes.kernels_plan_memory:KernelsPlanMemoryPass"),
}

TARGETS: dict[str, Callable[[], type[Target]]] = {
    "snn-c": _lazy("snnir.backends.c_target:CTarget"),
}

PIPELINES: dict[str, Callable[[], type[PassPipeline] | str]] = {
    "snn-compress": _lazy("snnir.passes.pipelines.snn_compress:SNNCompressPipeline"),
    "snn-lower": _lazy("snnir.passes.pipelines.snn_lower:SNNLowerPipeline"),
}
"""Pipelines by name; the functions return their class, or the text of the pipeline."""

SNN_UNIVERSE = Universe(all_dialects=DIALECTS, all_passes=PASSES, all_targets=TARGETS)
"""What `xdsl-opt` and other xDSL tools find through the entry point `xdsl.universe`."""


_active: ContextVar[Registry | None] = ContextVar("active", default=None)


@contextmanager
def load_plugins(*paths: PathLike) -> Iterator[Registry]:
    """Make known what Python files define, to whatever reads or changes IR in the `with` block.

    There, dialects, passes and pipelines are those of all installed xDSL universes, of an outer
    block, and of the files (`Registry.add_plugin`). Use a network in the block that reads it:
    another one runs the files again, and their classes are then others.

    Raises:
        SNNError: a file is missing, raises, or defines a name that exists already.
    """
    outer = _active.get()
    registry = _installed() if outer is None else outer.copy()
    for path in paths:
        registry.add_plugin(path)
    token = _active.set(registry)
    try:
        yield registry
    finally:
        _active.reset(token)


def active_registry() -> Registry:
    """Return what is known here: what snnir registers, and within `load_plugins` more."""
    return _active.get() or Registry(DIALECTS, PASSES, TARGETS, PIPELINES)


def make_context() -> Context:
    """Return a context with the builtin dialect loaded and all known dialects registered."""
    return active_registry().make_context()


def _installed() -> Registry:
    """What all installed xDSL universes define, with the pipelines."""
    registry = Registry.from_universe(Universe.get_multiverse())
    # Without installed metadata there is no entry point for our own universe.
    registry.dialects.update(DIALECTS)
    registry.passes.update(PASSES)
    registry.targets.update(TARGETS)
    registry.pipelines.update(PIPELINES)
    return registry
