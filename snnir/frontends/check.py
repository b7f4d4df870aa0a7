# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Says of every layer of a module whether it can be imported, and why not, without importing."""

from torch import Tensor, nn

from snnir.frontends.conversion import LayerReport, LayersNotSupported
from snnir.frontends.recording import MINIMUM_STEPS
from snnir.frontends.snntorch import draft_import
from snnir.frontends.tracer import is_leaf
from snnir.support.diagnostics import SNNError


def check_module(
    module: nn.Module, sample_input: Tensor, timesteps: int | None = None
) -> list[LayerReport]:
    """Report on every layer and function of a module, in order of execution.

    Layers that hand their input on unchanged, such as Dropout, and layers that are not called come
    last, supported with a reason. If the module does not run, or its time steps differ, a report
    with the name of the module's class and kind "network" says why.

    Args: as of `from_snntorch`; the number of steps makes no difference.
    """
    try:
        draft = draft_import(module, sample_input, timesteps or MINIMUM_STEPS)
    except LayersNotSupported as error:
        return list(error.reports)
    except SNNError as error:
        return [LayerReport(type(module).__name__, "network", False, error.message)]
    called = {report.name for report in draft.reports}
    unchanged = draft.recording.unchanged
    return draft.reports + [
        LayerReport(
            path, type(child).__name__, True,
            "does nothing in inference" if path in unchanged else "is not called by forward",
        )
        for path, child in module.named_modules()
        if path and path not in called and is_leaf(child) and not _is_inside(path, called)
    ]  # fmt: skip


def _is_inside(path: str, layers: set[str]) -> bool:
    """Whether a module is part of a layer, such as the recurrent weights of a neuron."""
    return any(path.startswith(f"{layer}.") for layer in layers)
