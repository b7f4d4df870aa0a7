# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading IR text with xDSL's parser.

xDSL 0.74.0 attaches no source locations while it parses, reports much of what it has read at what
comes after it, reads the bits of floating-point constants as integers and strings with letters
beyond ASCII as bytes, leaves the data of `dense_resource` constants outside of them, and hangs on
some truncated files. The classes here correct that. Check this module when the version of xDSL
changes.
"""

from __future__ import annotations

import math
import re
import struct
import traceback
from bisect import bisect_right
from itertools import accumulate
from typing import Any

from xdsl.context import Context
from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import (
    AnyDenseElement,
    AnyFloat,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FileLineColLoc,
    IntAttr,
    IntegerType,
    ModuleOp,
    RankedStructure,
    StringAttr,
    TensorType,
    UnknownLoc,
)
from xdsl.ir import Attribute, AttributeInvT, Operation, SSAValue
from xdsl.irdl.declarative_assembly_format import ParsingState
from xdsl.parser import AttrParser, Parser, UnresolvedOperand
from xdsl.parser.generic_parser import ParserState  # noqa: TID251 (no public name)
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.utils.lexer import Input, Span
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRTokenKind, StringLiteral

from snnir.support.diagnostics import SNNError, SourceLocation
from snnir.support.verify import describe_violation
from snnir.support.xdsl_printing import ELIDED_RESOURCE

_ABOUT_A_DENSE_LITERAL = (
    "Dense literal attribute should",
    "Expected at least one element in the dense literal",
    "Expected memref, vector or tensor type",
    "Hex string in denseAttr",
    "Shape mismatch in dense literal",
)
"""How messages begin that xDSL reports at the token after a literal, not at the literal."""

_BEYOND_ITS_TYPE = (OverflowError, struct.error)
_UNFIT = (VerifyException, ValueError, NotImplementedError, MemoryError, *_BEYOND_ITS_TYPE)
"""What xDSL raises, without a place, for values that do not suit their types or their op."""


class LinearLexer(MLIRLexer):
    """A lexer that takes linear time on a string literal without its closing quote.

    The expression in xDSL backtracks exponentially: a truncated file with a constant hangs.
    """

    _unescaped_characters_regex = re.compile(r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"')


class _HexadecimalElement(AttrParser._TensorLiteralElement):
    """A hexadecimal element of a dense constant: among floats it holds bits, as in MLIR.

    xDSL takes it for an integer, and so reads the infinities and NaN that MLIR prints as numbers.
    """

    def to_type(self, parser: AttrParser, type: Any) -> Any:
        if not isinstance(type, AnyFloat):
            return super().to_type(parser, type)
        assert isinstance(self.value, int)
        size = type.compile_time_size
        if self.is_negative or self.value >> (8 * size):
            parser.raise_error(f"expected the bits of a value of type {type}", self.span.start)
        return type.unpack(self.value.to_bytes(size, "little"), 1)[0]


class LocatedParser(Parser):
    """A parser that gives every op without an explicit `loc(...)` its place in the source.

    `line_offset` is added to the line numbers: the number of lines before this text in its file.
    """

    def __init__(
        self, ctx: Context, input: str | bytes, name: str = "<unknown>", line_offset: int = 0
    ):
        # xDSL creates the lexer itself, and reads the first token at once.
        super().__init__(ctx, "", name)
        text = input.decode("utf-8") if isinstance(input, bytes) else input
        self._parser_state = ParserState(LinearLexer(Input(text, name)))
        self.line_offset = line_offset
        self._file_name = StringAttr(name)
        lines = text.splitlines(keepends=True)
        self._first_uses: dict[str, Span] = {}
        self._op_start = 0
        self._op_names: list[str] = []
        self._resources = _resources(text)
        self._resource_key = ""
        self._line_starts = [0, *accumulate(map(len, lines))]

    def location_at(self, position: int) -> SourceLocation:
        """Return the file, line and column of a position in the text."""
        line = bisect_right(self._line_starts, position, hi=max(1, len(self._line_starts) - 1))
        column = position - self._line_starts[line - 1] + 1
        return self._file_name.data, line + self.line_offset, column

    def current_location(self) -> SourceLocation:
        """Return the location of the token that comes next."""
        return self.location_at(self._current_token.span.start)

    def parse_operation(self) -> Operation:
        start = self._current_token.span
        self._op_start = start.start
        depth = len(self._op_names)
        try:
            op = super().parse_operation()
        except _UNFIT as error:
            about = "".join(f"'{name}' op " for name in self._op_names[depth : depth + 1])
            self.raise_error(about + _describe(error), start)
        finally:
            del self._op_names[depth:]
        if isinstance(op.location, UnknownLoc):
            _, line, column = self.location_at(start.start)
            op.location = FileLineColLoc(self._file_name, IntAttr(line), IntAttr(column))
        return op

    def _get_op_by_name(self, name: str) -> type[Operation]:
        self._op_names.append(name)
        try:
            return super()._get_op_by_name(name)
        except ParseError as error:
            # The name was read already.
            start = self.lexer.input.content.find(name, self._op_start)
            self.raise_error(error.msg, start, start + len(name))

    def parse_optional_str_literal(self) -> str | None:
        # xDSL takes strings with escaped bytes for bytes, also where these are UTF-8.
        if self._current_token.kind is MLIRTokenKind.BYTES_LIT:
            try:
                text = StringLiteral.from_span(self._current_token.span).string_contents
            except UnicodeDecodeError:
                return None
            self._consume_token()
            return text
        return super().parse_optional_str_literal()

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        # Text without any op is an empty module, as in MLIR.
        if allow_implicit_module and self._current_token.kind is MLIRTokenKind.EOF:
            return ModuleOp([])
        try:
            return super().parse_module(allow_implicit_module)
        except ParseError as error:
            # xDSL reports undefined values only when it has read everything, without their place.
            if error.msg.startswith("values used but not defined"):
                name = next(iter(self.forward_ssa_references))
                message = f"value '%{name}' is used but not defined"
                self.raise_error(message, self._first_uses[name])
            raise

    def resolve_operand(
        self, operand: UnresolvedOperand, type: AttributeInvT
    ) -> SSAValue[AttributeInvT]:
        self._first_uses.setdefault(operand.operand_name, operand.span)
        return super().resolve_operand(operand, type)

    def parse_optional_attribute(self) -> Attribute | None:
        start = self.pos
        try:
            attribute = super().parse_optional_attribute()
        except ParseError as error:
            about_what_was_read = error.msg.startswith(_ABOUT_A_DENSE_LITERAL)
            about_what_was_read |= error.msg.endswith("' is not registered")
            # Elsewhere, it is that of an attribute within this one.
            if about_what_was_read and error.span.start == self.pos:
                self.raise_error(error.msg, start, self.pos)
            raise
        except _UNFIT as error:
            self.raise_error(_describe(error), start, self.pos)
        if isinstance(attribute, DenseResourceAttr):
            return self._with_data(attribute, start)
        return attribute

    def _with_data(self, attribute: DenseResourceAttr, start: int) -> Attribute:
        """The constant that a resource holds the elements of, if its type can be that of one."""
        type = attribute.type
        if not isinstance(type, TensorType) or not type.has_static_shape():
            return attribute
        if not isinstance(type.element_type, IntegerType | AnyFloat):
            return attribute
        data = self._resources.get(self._resource_key)
        expected = type.element_type.compile_time_size * math.prod(type.get_shape())
        if data is not None and len(data) == expected:
            return DenseIntOrFPElementsAttr(type, BytesAttr(data))
        held = "no data" if data is None else f"{len(data)} bytes"
        self.raise_error(
            f"the file holds {held} of the resource '{self._resource_key}', expected {expected} "
            "bytes",
            start,
            self.pos,
        )

    def _parse_tensor_literal_element(self) -> AttrParser._TensorLiteralElement:
        hexadecimal = self._current_token.text[:2] in ("0x", "0X")
        element = super()._parse_tensor_literal_element()
        if hexadecimal and isinstance(element.value, int):
            return _HexadecimalElement(element.is_negative, element.value, element.span)
        return element

    def parse_dense_int_or_fp_elements_attr(
        self, type: RankedStructure[AnyDenseElement] | None
    ) -> DenseIntOrFPElementsAttr:
        start = self.pos
        attribute = super().parse_dense_int_or_fp_elements_attr(type)
        # xDSL counts whole elements only.
        size = attribute.get_element_type().compile_time_size
        if len(attribute.data.data) != len(attribute) * size:
            self.raise_error(
                f"dense literal holds {len(attribute.data.data)} bytes, expected "
                f"{len(attribute) * size} for {len(attribute)} elements",
                start,
                self.pos,
            )
        return attribute

    def _parse_dialect_resource_handle(
        self, dialect_name: str, interface: OpAsmDialectInterface
    ) -> str:
        # The handle has another name where the context has seen the key before.
        self._resource_key = self._current_token.text.strip('"')
        return super()._parse_dialect_resource_handle(dialect_name, interface)

    def _parse_builtin_dense_resource_attr(self) -> DenseResourceAttr:
        start = self.pos
        attribute = super()._parse_builtin_dense_resource_attr()
        if attribute.resource_handle.data.startswith(ELIDED_RESOURCE):
            self.raise_error(
                "constant was elided when this file was printed; print again without elision",
                start,
                self.pos,
            )
        return attribute


_RESOURCE = re.compile(r'([\w.$-]+)\s*:\s*"0x([0-9A-Fa-f]{8,})"')


def _resources(text: str) -> dict[str, bytes]:
    """The data of the resources at the end of a file, which follows four bytes of alignment."""
    _, begin, metadata = text.rpartition("{-#")
    blobs = _RESOURCE.findall(metadata) if begin else []
    return {name: bytes.fromhex(digits)[4:] for name, digits in blobs if len(digits) % 2 == 0}


def _describe(error: Exception) -> str:
    """What is wrong with a value, as far as xDSL says it."""
    if isinstance(error, VerifyException):
        frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
        states = (frame.f_locals.get("state") for frame in frames)
        # The state of a declarative format knows the attributes of an op that is not made yet.
        state = next((state for state in states if isinstance(state, ParsingState)), None)
        if state is None:
            return str(error)
        given = state.properties | state.attributes
        return describe_violation(str(error), state.op_type.get_irdl_definition(), given)
    if isinstance(error, _BEYOND_ITS_TYPE):
        return "a number is beyond the range of its type"
    if isinstance(error, MemoryError):
        return "a constant does not fit in memory"
    return str(error) or type(error).__name__


def parse_module(
    ctx: Context,
    text: str | bytes,
    name: str = "<unknown>",
    *,
    line_offset: int = 0,
    allow_implicit_module: bool = True,
) -> ModuleOp:
    """Parse a module; every op gets a location.

    Raises a located `SNNError` when the text is not valid IR.
    """
    parser: LocatedParser | None = None
    try:
        parser = LocatedParser(ctx, text, name, line_offset)
        return parser.parse_module(allow_implicit_module)
    except ParseError as error:
        raise error_from_parse_error(error, line_offset) from error
    except UnicodeDecodeError as error:
        raise _encoding_error(error, name, line_offset) from error
    except _UNFIT as error:
        # Attributes outside of ops: those in ops are located there.
        location = parser.current_location() if parser is not None else None
        raise SNNError(_describe(error), location) from error
    except RecursionError as error:
        location = parser.current_location() if parser is not None else None
        raise SNNError("the input is nested too deeply", location) from error


def error_from_parse_error(error: ParseError, line_offset: int = 0) -> SNNError:
    """Return the located one-line error for a parse error, without the source text."""
    file, line, column = error.span.get_location()
    message = error.msg.strip()
    if error.span.start >= error.span.input.len:
        message = f"unexpected end of the input: {message}"
    elif error.msg.startswith(" "):
        # xDSL words some messages as the end of a sentence that it does not write.
        message = f"unexpected '{error.span.text}' {message}"
    elif message.endswith(" is not registered"):
        message += "; --load-plugin FILE.py adds the dialects of a plug-in"
    return SNNError(message, (file, line + line_offset, column))


def _encoding_error(error: UnicodeDecodeError, name: str, line_offset: int) -> SNNError:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = error.start - (before.rfind(b"\n") + 1) + 1
    return SNNError("the input is not UTF-8 text", (name, line + line_offset, column))
