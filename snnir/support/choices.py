# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arguments that are a member of an enumeration, or its text."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from snnir.support.diagnostics import SNNError

Choice = TypeVar("Choice", bound=Enum)


def choice_of(kind: type[Choice], value: Choice | str, what: str) -> Choice:
    """The member that `value` is or names. Raises `SNNError`, which lists all, if there is none.

    >>> from snnir.dialects.snn_attributes import Readout
    >>> choice_of(Readout, "spike_count", "readout") is Readout.SPIKE_COUNT
    True
    """
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(str(each.value) for each in kind)
        raise SNNError(f"there is no {what} '{value}'; choose {choices}") from None
