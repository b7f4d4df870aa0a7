# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Executors: they run a network of any level on input data, and tell whether two runs agree.

torch is imported only when `TorchExecutor` is used for the first time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnir.executors.agreement import (
        Agreement,
        Divergence,
        DivergenceReport,
        FiringRule,
        compare_recordings,
        explain_divergence,
        firing_rules,
    )
    from snnir.executors.kernel_executor import KernelExecutor
    from snnir.executors.presentation import Presentation
    from snnir.executors.readout import ReadoutAccumulator
    from snnir.executors.reference_executor import ReferenceExecutor
    from snnir.executors.result import ExecutionResult, Recorder, Recording, RecordMode
    from snnir.executors.torch_executor import Listener, Step, TorchExecutor

_MODULES: dict[str, str] = {
    "Agreement": "agreement",
    "Divergence": "agreement",
    "DivergenceReport": "agreement",
    "ExecutionResult": "result",
    "FiringRule": "agreement",
    "KernelExecutor": "kernel_executor",
    "Listener": "torch_executor",
    "Presentation": "presentation",
    "ReadoutAccumulator": "readout",
    "RecordMode": "result",
    "Recorder": "result",
    "Recording": "result",
    "ReferenceExecutor": "reference_executor",
    "Step": "torch_executor",
    "TorchExecutor": "torch_executor",
    "compare_recordings": "agreement",
    "explain_divergence": "agreement",
    "firing_rules": "agreement",
}
"""The public names with the modules here that define them."""

__all__ = [
    "Agreement", "Divergence", "DivergenceReport", "ExecutionResult", "FiringRule",
    "KernelExecutor", "Listener",
    "Presentation", "ReadoutAccumulator", "RecordMode", "Recorder", "Recording",
    "ReferenceExecutor", "Step", "TorchExecutor", "compare_recordings", "explain_divergence",
    "firing_rules",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
