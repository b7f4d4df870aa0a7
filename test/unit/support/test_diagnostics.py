# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
from io import StringIO

import numpy as np
import pytest
from xdsl.dialects.builtin import (
    ArrayAttr,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    ModuleOp,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.dialects.test import TestOp

from snnir.support.diagnostics import (
    DiagnosticEngine,
    Severity,
    SNNError,
    emit_note,
    emit_remark,
    emit_warning,
    error_at,
    location_of,
    source_location,
)

LOCATION = FileLineColLoc(StringAttr("net.mlir"), IntAttr(3), IntAttr(5))


def located_op() -> TestOp:
    op = TestOp()
    op.location = LOCATION
    return op


def test_error_is_one_line() -> None:
    error = error_at(located_op(), "first line\n  second line")
    assert str(error) == "net.mlir:3:5: error: 'test.op' op first line second line"
    assert error.message == "'test.op' op first line second line"


def test_error_without_location() -> None:
    assert str(SNNError("no data")) == "snnir: error: no data"


def test_long_messages_are_shortened() -> None:
    error = SNNError("start " + "0" * 1_000_000 + " end")
    assert len(str(error)) < 700
    assert str(error).endswith("end")


def test_location_of_the_enclosing_op() -> None:
    inner = TestOp()
    module = ModuleOp([inner])
    assert location_of(inner) is None
    module.location = LOCATION
    assert location_of(inner) == ("net.mlir", 3, 5)


def test_compound_locations() -> None:
    named = NameLoc(StringAttr("conv1"), LOCATION)
    assert source_location(named) == ("net.mlir", 3, 5)
    fused = FusedLoc(ArrayAttr([UnknownLoc(), named]), NoneAttr())
    assert source_location(fused) == ("net.mlir", 3, 5)
    assert source_location(UnknownLoc()) is None


def test_engine_collects_and_nests(capsys: pytest.CaptureFixture[str]) -> None:
    op = located_op()
    with DiagnosticEngine() as outer:
        emit_warning(op, "outer")
        with DiagnosticEngine() as inner:
            emit_note(op, "inner")
        emit_remark(op, "some-pass", "done", removed=np.int64(3), rates=np.zeros(2))
    assert [d.severity for d in outer.diagnostics] == [Severity.WARNING, Severity.REMARK]
    assert [str(d) for d in inner.diagnostics] == ["net.mlir:3:5: note: 'test.op' op inner"]
    assert capsys.readouterr().err == ""


def test_handler_sees_every_diagnostic() -> None:
    seen: list[str] = []
    with DiagnosticEngine(lambda diagnostic: seen.append(str(diagnostic))):
        emit_remark(located_op(), "some-pass", "done")
    assert seen == ["net.mlir:3:5: remark: 'test.op' op done [some-pass]"]


def test_without_engine_warnings_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    emit_warning(located_op(), "careful")
    emit_remark(located_op(), "some-pass", "done")
    assert capsys.readouterr().err == "net.mlir:3:5: warning: 'test.op' op careful\n"


def test_remarks_are_json_lines() -> None:
    with DiagnosticEngine() as engine:
        emit_warning(located_op(), "no remark")
        emit_remark(located_op(), "some-pass", "done", removed=np.int64(3), rates=np.zeros(2))
    stream = StringIO()
    engine.write_remarks(stream)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) == {
        "pass": "some-pass",
        "op": "test.op",
        "message": "'test.op' op done",
        "file": "net.mlir",
        "line": 3,
        "column": 5,
        "metrics": {"removed": 3, "rates": [0.0, 0.0]},
    }
