# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""snnir: a compiler for spiking neural networks, from snnTorch to C for Arm Cortex-M7."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC: dict[str, str] = {
    "SNNError": "snnir.support.diagnostics",
    "make_context": "snnir.universe",
}
"""The public names with the modules that define them; these are imported at the first use."""

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
