# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets of the generated code."""

from snnir.backends.targets.description import TargetDescription
from snnir.backends.targets.registry import (
    ALIASES,
    HOST,
    MPS2_AN500,
    PORTENTA_H7,
    TARGETS,
    get_target,
)

__all__ = [
    "ALIASES",
    "HOST",
    "MPS2_AN500",
    "PORTENTA_H7",
    "TARGETS",
    "TargetDescription",
    "get_target",
]
