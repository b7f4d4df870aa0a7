# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes that take a network from one level to the next, as pipeline texts."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from snnir.kernels.context import KernelChoice
from snnir.quantization.options import StatePolicy
from snnir.support.pipeline import parse_pipeline, run_pipeline
from snnir.universe import PASSES, PIPELINES, make_context

SIMPLIFICATION = "snn-fold-batch-norm,snn-fold-scale"
"""Exact rewrites of `snn` networks into what has an integer form."""

MEMORY_PLANNING = "kernels-plan-memory"


@dataclass(frozen=True)
class LoweringOptions:
    """How a network becomes integers and kernels.

    Attributes:
        bits: bits of a weight, 2 to 8.
        state: policy for the width of membranes, see `convert-snn-to-qsnn`.
        kernels: kernels of linear layers and convolutions, see `convert-qsnn-to-kernels`.
        input_maximum: largest event count of an input element and step; None measures it.
        pipeline: passes on the `snn` level to run instead of `SIMPLIFICATION`.
    """

    bits: int = 8
    state: StatePolicy = "auto"
    kernels: KernelChoice = "event"
    input_maximum: int | None = None
    pipeline: str | None = None


def simplification(options: LoweringOptions) -> str:
    """Passes within the `snn` level."""
    return SIMPLIFICATION if options.pipeline is None else options.pipeline


def to_integers(options: LoweringOptions, input_maximum: int, input_scale: float) -> str:
    """Passes from the `snn` to the `qsnn` level."""
    return (
        f"convert-snn-to-qsnn{{bits={options.bits} state={options.state} "
        f"input-maximum={input_maximum} input-scale={input_scale!r}}}"
    )


def to_kernels(options: LoweringOptions) -> str:
    """Passes from the `qsnn` level to calls with planned memory."""
    return f"convert-qsnn-to-kernels{{kernels={options.kernels}}},{MEMORY_PLANNING}"


def apply_pipeline(module: ModuleOp, text: str) -> None:
    """Run a pipeline on a module, changing it. Remarks go to the active `DiagnosticEngine`.

    Raises:
        PipelineError: the text is wrong.
        SNNError: a pass refuses the module.
    """
    run_pipeline(make_context(), module, parse_pipeline(text, PASSES, PIPELINES))
