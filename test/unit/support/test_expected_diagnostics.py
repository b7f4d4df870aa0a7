# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pytest

from snnir.support.diagnostics import Diagnostic, Severity
from snnir.support.expected_diagnostics import compare_diagnostics, find_expected

FILE = "net.mlir"


def error(line: int | None, message: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, message, None if line is None else (FILE, line, 1))


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("// expected-error {{bad}}", 3),
        ("// expected-error @+2 {{bad}}", 5),
        ("// expected-error@-1{{bad}}", 2),
        ("// expected-error @above {{bad}}", 2),
        ("// expected-error @below {{bad}}", 4),
        ("// expected-error @unknown {{bad}}", None),
        ("// expected-error-re {{b{{[a-z]}}d}}", 3),
    ],
)
def test_places(comment: str, line: int | None) -> None:
    expected = find_expected(f"\n\n{comment}\n\n")
    assert [e.line for e in expected] == [line]
    assert compare_diagnostics(expected, [error(line, "very bad op")], FILE) == []
    elsewhere = compare_diagnostics(expected, [error(9, "very bad op")], FILE)
    assert len(elsewhere) == 2


def test_above_and_below_skip_other_announcements() -> None:
    text = "op\n// expected-error @above {{a}}\n// expected-error @above {{b}}\nop"
    assert [e.line for e in find_expected(text)] == [1, 1]
    text = "// expected-error @below {{a}}\n// expected-error @below {{b}}\nop"
    assert [e.line for e in find_expected(text, line_offset=10)] == [13, 13]


def test_text_is_literal() -> None:
    (expected,) = find_expected("// expected-error {{a.c [1] }}")
    assert not expected.matches(error(1, "abc [1] "), FILE)
    assert expected.matches(error(1, "so a.c [1] it is"), FILE)


def test_one_comment_announces_one_diagnostic() -> None:
    expected = find_expected("// expected-error {{bad}}")
    problems = compare_diagnostics(expected, [error(1, "bad"), error(1, "bad")], FILE)
    assert [str(p) for p in problems] == ["net.mlir:1:1: error: unexpected error: bad"]


def test_severity_matters_and_remarks_are_optional() -> None:
    expected = find_expected("// expected-warning {{bad}}")
    problems = compare_diagnostics(expected, [Diagnostic(Severity.REMARK, "bad")], FILE)
    assert [str(p) for p in problems] == [
        'net.mlir:1:1: error: expected warning "bad" was not produced at line 1'
    ]
