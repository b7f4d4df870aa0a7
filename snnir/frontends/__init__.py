# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Importers from other frameworks into the `snn` dialect. PyTorch is imported at the first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnir.frontends.check import check_module
    from snnir.frontends.conversion import LayerReport
    from snnir.frontends.loading import load_module
    from snnir.frontends.snntorch import from_snntorch

__all__ = ["LayerReport", "check_module", "from_snntorch", "load_module"]

_HOMES: dict[str, str] = {
    "LayerReport": "snnir.frontends.conversion",
    "check_module": "snnir.frontends.check",
    "from_snntorch": "snnir.frontends.snntorch",
    "load_module": "snnir.frontends.loading",
}
"""The modules that define the public names."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
