# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""snnir: a compiler for spiking neural networks, from snnTorch to C for Arm Cortex-M7."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnir.data.dataset import Dataset
    from snnir.data.source import load_data
    from snnir.driver.check import check
    from snnir.driver.compile import compile
    from snnir.driver.explore import explore
    from snnir.driver.files import read_network, write_network
    from snnir.driver.import_ import import_network
    from snnir.driver.import_nir import import_nir
    from snnir.driver.pipelines import LoweringOptions, apply_pipeline
    from snnir.driver.run import run
    from snnir.driver.validate import validate
    from snnir.frontends.snntorch import from_snntorch
    from snnir.support.diagnostics import SNNError
    from snnir.universe import load_plugins, make_context

__version__ = "0.1.0"

__all__ = [
    "Dataset", "LoweringOptions", "SNNError", "__version__", "apply_pipeline", "check", "compile",
    "explore", "from_snntorch", "import_network", "import_nir", "load_data", "load_plugins",
    "make_context", "read_network", "run", "validate", "write_network",
]  # fmt: skip

_PUBLIC: dict[str, str] = {
    "Dataset": "snnir.data.dataset",
    "LoweringOptions": "snnir.driver.pipelines",
    "SNNError": "snnir.support.diagnostics",
    "apply_pipeline": "snnir.driver.pipelines",
    "check": "snnir.driver.check",
    "compile": "snnir.driver.compile",
    "explore": "snnir.driver.explore",
    "from_snntorch": "snnir.frontends.snntorch",
    "import_network": "snnir.driver.import_",
    "import_nir": "snnir.driver.import_nir",
    "load_data": "snnir.data.source",
    "load_plugins": "snnir.universe",
    "make_context": "snnir.universe",
    "read_network": "snnir.driver.files",
    "run": "snnir.driver.run",
    "validate": "snnir.driver.validate",
    "write_network": "snnir.driver.files",
}
"""The public names with the modules that define them; these are imported at the first use."""


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
