# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import math
import struct
from io import StringIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.arith import AddiOp, Arith, MuliOp
from xdsl.dialects.builtin import (
    AnyFloat,
    BytesAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    ModuleOp,
    TensorType,
    bf16,
    f16,
    f32,
    f64,
    i1,
    i8,
    i32,
)
from xdsl.dialects.test import Test, TestOp
from xdsl.ir import Attribute
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from snnir.support.diagnostics import SNNError, location_of
from snnir.support.rewriting import apply_patterns
from snnir.support.roundtrip import verify_roundtrip
from snnir.support.xdsl_compat import fresh_builtin
from snnir.support.xdsl_parsing import parse_module
from snnir.support.xdsl_printing import exact_decimal, module_to_text, print_module

BYTES_PER_ELEMENT = {f16: 2, bf16: 2, f32: 4, f64: 8}


def make_context() -> Context:
    context = Context()
    context.register_dialect("builtin", fresh_builtin)
    context.load_registered_dialect("builtin")
    context.load_dialect(Arith)
    context.load_dialect(Test)
    return context


def module_with(attribute: Attribute) -> ModuleOp:
    return ModuleOp([TestOp(attributes={"value": attribute})])


def dense_f32(*values: float) -> DenseIntOrFPElementsAttr:
    data = struct.pack(f"<{len(values)}f", *values)
    return DenseIntOrFPElementsAttr(TensorType(f32, [len(values)]), BytesAttr(data))


def text_of(attribute: Attribute, elide: int | None = None) -> str:
    return module_to_text(module_with(attribute), elide=elide)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1234567.0, 0.0], "dense<[1234567.0, 0.000000e+00]>"),
        ([-9007882.0], "dense<-9007882.0>"),
        ([0.1, 0.2], "dense<[1.000000e-01, 2.000000e-01]>"),
        ([1e-45, 1.0], "dense<[1.401300e-45, 1.000000e+00]>"),
        ([-0.0], "dense<-0.000000e+00>"),
        ([0.0, -0.0], 'dense<"0x0000000000000080">'),
        ([math.inf, 1.0], 'dense<"0x0000807F0000803F">'),
        ([-math.inf] * 200, 'dense<"0x000080FF">'),
        ([math.nan] * 3, 'dense<"0x0000C07F">'),
        ([math.nan, 1.0], 'dense<"0x0000C07F0000803F">'),
    ],
)
def test_floats_are_printed_exactly(values: list[float], text: str) -> None:
    attribute = dense_f32(*values)
    assert text in text_of(attribute)
    verify_roundtrip(module_with(attribute), make_context)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), st.integers(1, 120))
@example([0x4996B438], 1)
@example([0x7F800001], 3)
def test_any_f32_bits_survive(bits: list[int], repeats: int) -> None:
    data = struct.pack(f"<{len(bits)}I", *bits) * repeats
    shape = [len(bits) * repeats]
    verify_roundtrip(
        module_with(DenseIntOrFPElementsAttr(TensorType(f32, shape), BytesAttr(data))),
        make_context,
    )


@pytest.mark.parametrize("element_type", [f16, bf16, f32, f64])
@settings(deadline=None)
@given(data=st.binary(min_size=8, max_size=8))
def test_any_float_type_survives(element_type: AnyFloat, data: bytes) -> None:
    size = BYTES_PER_ELEMENT[element_type]
    tensor_type = TensorType(element_type, [len(data) // size])
    verify_roundtrip(
        module_with(DenseIntOrFPElementsAttr(tensor_type, BytesAttr(data))), make_context
    )


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_decimal_text_is_exact(value: float) -> None:
    assert "." in exact_decimal(value, f32)
    attribute = FloatAttr(value, f32)
    array = DenseArrayBase.from_list(f32, [value, 1.0])
    verify_roundtrip(module_with(attribute), make_context)
    verify_roundtrip(module_with(array), make_context)


@pytest.mark.parametrize("element_type", [i1, i8, i32])
@pytest.mark.parametrize("count", [1, 3, 101])
def test_integers_survive(element_type: Attribute, count: int) -> None:
    values = [index % 2 for index in range(count)]
    tensor_type = TensorType(element_type, [count])
    attribute = DenseIntOrFPElementsAttr.from_list(tensor_type, values)  # pyright: ignore[reportArgumentType, reportCallIssue]
    verify_roundtrip(module_with(attribute), make_context)


def test_hexadecimal_elements_are_the_bits_of_floats() -> None:
    """MLIR prints infinities and NaN so, also within a list and as a splat."""
    text = """"test.op"() {
      f = dense<[0x7F800000, -1.5, 0xFF800000]> : tensor<3xf32>,
      s = dense<0x7FC00000> : tensor<2xf32>,
      d = dense<0xC000000000000000> : tensor<1xf64>, h = dense<0x3C00> : tensor<1xf16>,
      i = dense<[0x7F, 1]> : tensor<2xi32>} : () -> ()"""
    op = parse_module(make_context(), text, "in.mlir").body.block.first_op
    assert op is not None
    values = {name: value.get_values() for name, value in op.attributes.items()}  # type: ignore
    assert values["f"] == (math.inf, -1.5, -math.inf)
    assert all(map(math.isnan, values["s"]))
    assert (values["d"], values["h"], values["i"]) == ((-2.0,), (1.0,), (127, 1))
    wide = '"test.op"() {v = dense<0x1FFFFFFFF> : tensor<1xf32>} : () -> ()'
    with pytest.raises(SNNError, match="1:24: error: expected the bits of a value of type f32"):
        parse_module(make_context(), wide, "in.mlir")


def test_elided_constant_is_refused_with_its_place() -> None:
    text = text_of(dense_f32(1.0, 2.0, 3.0), elide=2)
    assert "dense_resource<__elided__> : tensor<3xf32>" in text
    with pytest.raises(SNNError, match="print again without elision") as raised:
        parse_module(make_context(), text, "net.mlir", line_offset=10)
    location = raised.value.location
    assert location is not None
    assert location[:2] == ("net.mlir", 12)


def test_small_constants_are_not_elided() -> None:
    assert "dense<" in text_of(dense_f32(1.0, 2.0), elide=2)


def test_resources_of_two_contexts_are_separate() -> None:
    template = (
        '"test.op"() {{v = dense_resource<key> : tensor<1xcomplex<f32>>}} : () -> ()\n'
        '{{-# dialect_resources: {{builtin: {{key: "{}"}}}} #-}}'
    )
    for data in ("0x040000000000803F", "0x0400000000000040"):
        context = make_context()
        module = parse_module(context, template.format(data))
        assert f'key: "{data}"' in module_to_text(module, context=context)


def test_resources_are_read_as_constants() -> None:
    """mlir-opt prints large constants so."""
    template = (
        '"test.op"() {{v = dense_resource<key> : tensor<2xf32>}} : () -> ()\n'
        '{{-# dialect_resources: {{builtin: {{other: "0x01000000", key: "0x04000000{}"}}}} #-}}'
    )
    context = make_context()
    for _ in range(2):
        module = parse_module(context, template.format("0000803F000000BF"))
        assert "v = dense<[1.000000e+00, -5.000000e-01]>" in module_to_text(module)
    message = "1:18: error: the file holds 4 bytes of the resource 'key', expected 8 bytes"
    with pytest.raises(SNNError, match=message):
        parse_module(make_context(), template.format("0000803F"))
    with pytest.raises(SNNError, match="1:18: error: the file holds no data of the resource 'key'"):
        parse_module(make_context(), template.partition("\n")[0].format())


def test_ops_get_locations() -> None:
    text = '// a comment\n"test.op"() ({\n  %0 = "test.op"() : () -> i32\n}) : () -> ()'
    module = parse_module(make_context(), text, "net.mlir", line_offset=5)
    outer = module.body.block.first_op
    assert outer is not None
    inner = outer.regions[0].block.first_op
    assert inner is not None
    assert location_of(outer) == ("net.mlir", 7, 1)
    assert location_of(inner) == ("net.mlir", 8, 3)


def test_explicit_location_wins() -> None:
    text = '"test.op"() : () -> () loc("model.py":12:5)'
    module = parse_module(make_context(), text, "net.mlir")
    assert location_of(module.ops.first) == ("model.py", 12, 5)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("text", ["", "// only a comment\n", b""])
def test_empty_text_is_an_empty_module(text: str | bytes) -> None:
    assert not parse_module(make_context(), text).body.block.ops


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("module {", "in.mlir:1:9: error: unexpected end of the input: in block definition"),
        ("foo.bar", "in.mlir:1:1: error: Operation foo.bar is not registered"),
        ('\n"test.op"(%x) : (i1) -> ()', "in.mlir:2:11: error: value '%x' is used but not"),
        (b'"test.op"\xff', "in.mlir:1:10: error: the input is not UTF-8 text"),
        ('"test.op"() {v = dense<[1, 300]> : tensor<2xi8>} : () -> ()', "in.mlir:1:18: error: Int"),
        ('"test.op"() {v = dense<1> : tensor<2xi999>} : () -> ()', "in.mlir:1:18: error: Format"),
        (
            '"test.op"() {v = dense<"0x010203"> : tensor<1xi16>} : () -> ()',
            "in.mlir:1:23: error: dense literal holds 3 bytes, expected 2 for 1 elements",
        ),
        (
            '"test.op"() {v = dense<[[1], [2]]> : tensor<2xi8>}\n : () -> ()',
            "in.mlir:1:18: error: Shape mismatch in dense literal",
        ),
        (
            '"test.op"() {v = dense<"0xZZ"> : tensor<2xi8>}\n : () -> ()',
            "in.mlir:1:18: error: Hex string",
        ),
        (
            '"test.op"() {v = dense<1> : tensor<?xi8>\n} : () -> ()',
            "in.mlir:1:18: error: Dense literal attribute should have a static shape",
        ),
        (
            '"test.op"() {v = dense<1.0e39> : tensor<2xf32>\n} : () -> ()',
            "in.mlir:1:18: error: a number is beyond the range of its type",
        ),
        ('"test.op"() {v = [1, #foo.bar]} : () -> ()', "in.mlir:1:22: error: 'foo.bar' is not"),
        (
            '"test.op"() {v = [1, dense<"0xZZ"> : tensor<2xi8>]} : () -> ()',
            "in.mlir:1:22: error: Hex string",
        ),
        ('%0 =\n"foo.bar"\n() : () -> i32', "in.mlir:2:2: error: Operation foo.bar is not"),
    ],
)
def test_malformed_text_gives_one_located_line(text: str | bytes, message: str) -> None:
    with pytest.raises(SNNError) as raised:
        parse_module(make_context(), text, "in.mlir")
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("quote_ends", [False, True])
def test_truncated_constant_is_reported(quote_ends: bool) -> None:
    # The lexer of xDSL takes exponential time, and so never ends.
    text = '"test.op"() {v = dense<"0x' + "0102" * 50_000 + ('"' if quote_ends else "")
    with pytest.raises(SNNError) as raised:
        parse_module(make_context(), text, "in.mlir")
    assert len(str(raised.value)) < 700


def test_deep_nesting_is_an_error() -> None:
    text = '"test.op"() ({' * 5000
    with pytest.raises(SNNError):
        parse_module(make_context(), text)


def test_every_truncation_is_a_located_error() -> None:
    dense = DenseIntOrFPElementsAttr.from_list(TensorType(i8, [2, 2]), [1, 2, 3, 4])
    text = module_to_text(module_with(dense), generic=True).rstrip()
    for length in range(1, len(text)):
        with pytest.raises(SNNError) as raised:
            parse_module(make_context(), text[:length])
        assert raised.value.location is not None


class SwapOperands(RewritePattern):
    """Replaces an addition by two ops."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter, /) -> None:
        product = MuliOp(op.rhs, op.lhs)
        rewriter.replace(op, [product, MuliOp(product, product)])


class InsertBefore(RewritePattern):
    """Inserts an op without replacing any."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter, /) -> None:
        rewriter.insert(TestOp())


@pytest.mark.parametrize("pattern", [SwapOperands(), InsertBefore()])
def test_new_ops_inherit_the_location(pattern: RewritePattern) -> None:
    text = '%a = "test.op"() : () -> i32\n%b = arith.addi %a, %a : i32\n"test.op"(%b) : (i32) -> ()'
    module = parse_module(make_context(), text, "net.mlir")
    assert apply_patterns(module, [pattern], recursive=False)
    lines = [location[1] for op in module.ops if (location := location_of(op)) is not None]
    assert lines == [1, 2, 2, 3]


def test_print_module_with_locations() -> None:
    module = parse_module(make_context(), '"test.op"() : () -> ()', "net.mlir")
    stream = StringIO()
    print_module(module, stream, generic=True, locations=True)
    assert '"test.op"() : () -> () loc("net.mlir":1:1)' in stream.getvalue()


def test_large_constant_is_printed_in_one_piece() -> None:
    # xDSL unpacks and formats each of the elements, which takes seconds.
    data = bytes(range(256)) * 4000
    attribute = DenseIntOrFPElementsAttr(TensorType(i8, [len(data)]), BytesAttr(data))
    assert data.hex().upper() in text_of(attribute)


def test_fresh_builtin_has_everything() -> None:
    assert Float32Type in list(fresh_builtin().attributes)
