# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables for the screen."""

from __future__ import annotations

from collections.abc import Sequence

Cell = str | int | None
"""Text is aligned left, numbers right with thousands separated; None leaves a cell empty."""


def format_table(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return the lines of a table with aligned columns; columns without any value are left out."""
    used = [any(row[column] is not None for row in rows) for column in range(len(titles))]
    columns = [column for column, is_used in enumerate(used) if is_used]
    texts = [[format_cell(row[column]) for column in columns] for row in rows]
    heads = [titles[column] for column in columns]
    widths = [max(map(len, values)) for values in zip(heads, *texts, strict=True)]
    right = [_is_numeric([row[column] for row in rows]) for column in columns]
    return [_join(line, widths, right) for line in (heads, ["-" * w for w in widths], *texts)]


def format_cell(value: Cell) -> str:
    """Return the text of one cell."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else value


def percent(fraction: float | None, digits: int = 2) -> str | None:
    """Return a fraction in percent; 100 % only if nothing is missing."""
    if fraction is None:
        return None
    text = f"{100 * fraction:.{digits}f} %"
    if fraction < 1.0 and text == f"{100:.{digits}f} %":
        return f"{100 - 10**-digits:.{digits}f} %"
    return text


def _is_numeric(values: Sequence[Cell]) -> bool:
    present = [value for value in values if value is not None]
    return all(isinstance(value, int) or value.endswith(" %") for value in present)


def _join(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
