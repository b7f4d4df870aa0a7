# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# mypy: ignore-errors
# pyright: reportUndefinedVariable=false
"""Configuration of the lit test suite: `lit -v test/lit`, from any folder."""

import importlib.util
import sys
from pathlib import Path

import lit.formats

BIN = Path(sys.executable).parent

config.name = "snnir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["Inputs"]
config.test_source_root = str(Path(__file__).parent)

# The programs of the environment that lit runs in come first, also when it is not activated.
config.environment["PATH"] = f"{BIN}:{config.environment['PATH']}"

# A Python warning would end up in the output that a test checks.
config.environment["PYTHONWARNINGS"] = "ignore"

config.substitutions += [
    (r"SNN_ROUNDTRIP", "snn-opt %s --verify-roundtrip --split-input-file | filecheck %s"),
    (
        r"SNN_GENERIC_ROUNDTRIP",
        "snn-opt %s --print-op-generic --split-input-file"
        " | snn-opt --split-input-file --verify-roundtrip | filecheck %s",
    ),
    (r"SNN_VERIFY_DIAG", "snn-opt %s --verify-diagnostics --split-input-file"),
]

if importlib.util.find_spec("psutil") is not None:
    config.maxIndividualTestTime = 120
