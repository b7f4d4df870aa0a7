# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Diagnostics that a test file announces in comments, as in mlir-opt's `--verify-diagnostics`.

    // expected-error @+1 {{weight must have rank 2}}
    // expected-warning-re @above {{layer {{[a-z]+}} is silent}}

The place is the line of the comment, `@+N` or `@-N` lines from it, `@above` or `@below` (the next
line that announces nothing), or `@unknown` for a diagnostic without a place. The text must occur in
the message. One comment announces one diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from snnir.support.diagnostics import Diagnostic, Severity

_DESIGNATOR = re.compile(
    r"expected-(?P<severity>error|warning|remark|note)(?P<regex>-re)?"
    r"\s*(?:@(?P<place>[+-]\d+|above|below|unknown))?"
    r"\s*\{\{(?P<text>.*)\}\}\s*$"
)
_EMBEDDED_REGEX = re.compile(r"\{\{(.*?)\}\}")


@dataclass(frozen=True)
class ExpectedDiagnostic:
    """A diagnostic that the input says must appear."""

    severity: Severity
    pattern: re.Pattern[str]
    text: str
    announced_at: int
    line: int | None
    """The line of the diagnostic, or None when it has no place in the input."""

    def matches(self, diagnostic: Diagnostic, file: str) -> bool:
        """Return whether `diagnostic` is the expected one; `file` is the name of the input."""
        location = diagnostic.location
        line = location[1] if location is not None and location[0] == file else None
        return (
            diagnostic.severity is self.severity
            and line == self.line
            and self.pattern.search(diagnostic.message) is not None
        )


def find_expected(text: str, line_offset: int = 0) -> list[ExpectedDiagnostic]:
    """Return the diagnostics that the comments in `text` announce.

    `line_offset` is the number of lines before `text` in its file.
    """
    lines = text.split("\n")
    matches = [_DESIGNATOR.search(line) for line in lines]
    expected: list[ExpectedDiagnostic] = []
    for index, match in enumerate(matches):
        if match is None:
            continue
        target = _target_line(index, match["place"], matches)
        expected.append(
            ExpectedDiagnostic(
                Severity(match["severity"]),
                _compile(match["text"], match["regex"] is not None),
                match["text"],
                index + 1 + line_offset,
                None if target is None else target + 1 + line_offset,
            )
        )
    return expected


def compare_diagnostics(
    expected: Sequence[ExpectedDiagnostic], actual: Sequence[Diagnostic], file: str
) -> list[Diagnostic]:
    """Return an error for each diagnostic that is missing or was not expected.

    Remarks need not be announced: every pass emits them.
    """
    missing = list(expected)
    problems: list[Diagnostic] = []
    for diagnostic in actual:
        match = next((e for e in missing if e.matches(diagnostic, file)), None)
        if match is not None:
            missing.remove(match)
        elif diagnostic.severity is not Severity.REMARK:
            kind = diagnostic.severity.value
            message = f"unexpected {kind}: {diagnostic.message}"
            problems.append(Diagnostic(Severity.ERROR, message, diagnostic.location))
    for expectation in missing:
        message = f'expected {expectation.severity.value} "{expectation.text}" was not produced'
        if expectation.line is not None:
            message += f" at line {expectation.line}"
        location = (file, expectation.announced_at, 1)
        problems.append(Diagnostic(Severity.ERROR, message, location))
    return problems


def _target_line(
    index: int, place: str | None, matches: Sequence[re.Match[str] | None]
) -> int | None:
    match place:
        case None:
            return index
        case "unknown":
            return None
        case "above" | "below":
            step = -1 if place == "above" else 1
            line = index + step
            while 0 <= line < len(matches) and matches[line] is not None:
                line += step
            return line
        case _:
            return index + int(place)


def _compile(text: str, has_regex: bool) -> re.Pattern[str]:
    if not has_regex:
        return re.compile(re.escape(text))
    # Splitting at a pattern with one group yields plain text and expressions in turn.
    parts = _EMBEDDED_REGEX.split(text)
    return re.compile("".join(p if i % 2 else re.escape(p) for i, p in enumerate(parts)))
