# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, IntegerAttr, ModuleOp, i32
from xdsl.dialects.test import Test, TestOp
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer

from snnir.support.diagnostics import SNNError
from snnir.support.roundtrip import verify_roundtrip


@irdl_op_definition
class LossyOp(IRDLOperation):
    """An op whose custom format loses its property, as a faulty dialect would."""

    name = "test.lossy"

    value = prop_def(IntegerAttr)

    def __init__(self, value: int):
        super().__init__(properties={"value": IntegerAttr(value, i32)})

    def print(self, printer: Printer) -> None:
        pass

    @classmethod
    def parse(cls, parser: Parser) -> "LossyOp":
        return LossyOp(0)


@irdl_op_definition
class UnreadableOp(IRDLOperation):
    """An op whose custom format does not parse."""

    name = "test.unreadable"

    def print(self, printer: Printer) -> None:
        printer.print_string(" ]")

    @classmethod
    def parse(cls, parser: Parser) -> "UnreadableOp":
        return UnreadableOp()


def make_context() -> Context:
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(Test)
    context.load_op(LossyOp)
    context.load_op(UnreadableOp)
    return context


def test_unchanged_module_passes() -> None:
    module = ModuleOp([TestOp(attributes={"value": IntegerAttr(1, i32)}), LossyOp(0)])
    verify_roundtrip(module, make_context)


def test_change_names_the_op_and_the_property() -> None:
    with pytest.raises(SNNError) as raised:
        verify_roundtrip(ModuleOp([TestOp(), LossyOp(3)]), make_context)
    assert raised.value.message == (
        "'test.lossy' op changed in a round trip through the custom format: 'value' differs"
    )


def test_text_that_does_not_parse() -> None:
    with pytest.raises(SNNError, match="the printed module does not parse back"):
        verify_roundtrip(ModuleOp([UnreadableOp()]), make_context)
