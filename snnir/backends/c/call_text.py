# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The text of one call, before it becomes a C function."""

from dataclasses import dataclass, field


@dataclass
class CallText:
    """Text of one call: constants that it needs, and its statements."""

    statements: list[str]
    constants: list[str] = field(default_factory=list[str])
