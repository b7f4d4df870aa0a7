# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pytest
from xdsl.dialects.arith import AddiOp
from xdsl.dialects.builtin import ModuleOp, i32, i64
from xdsl.dialects.func import FuncOp
from xdsl.dialects.test import TestOp
from xdsl.ir import Block, Operation, Region

from snnir.support.diagnostics import SNNError
from snnir.support.verify import verify_module


def test_valid_module() -> None:
    source = TestOp(result_types=[i32])
    verify_module(ModuleOp([source, AddiOp(source, source)]))


def test_failing_op_is_named() -> None:
    source = TestOp(result_types=[i32, i64])
    addition = AddiOp.create(operands=source.results, result_types=[i32])
    with pytest.raises(SNNError) as raised:
        verify_module(ModuleOp([source, addition]))
    assert raised.value.message.startswith("'arith.addi' op ")


@pytest.mark.parametrize("body", [[], [TestOp()]])
def test_missing_terminator(body: list[Operation]) -> None:
    function = FuncOp("f", ((), ()), Region(Block(body)))
    with pytest.raises(SNNError, match="terminat"):
        verify_module(ModuleOp([function]))
