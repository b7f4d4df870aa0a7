# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pieces of C text: types, arrays, initialisers."""

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import IntegerType, f64
from xdsl.ir import Attribute, SSAValue

from snnir.dialects.kernel_bases import buffer_element, buffer_shape
from snnir.dialects.layer_shapes import element_count

ARRAY_COLUMNS = 96
INDENT = "  "

KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if"
    " inline int long register restrict return short signed sizeof static struct switch typedef"
    " union unsigned void volatile while main".split()
)


RESERVED_NAMES = ("snnrt", "golden")
"""Prefixes that the kernels and the self-test of a library have."""


def c_identifier(name: str) -> str:
    """`name` as a C identifier."""
    clean = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    if not clean or clean[0].isdigit() or clean in KEYWORDS:
        clean = f"net_{clean}"
    return clean


def c_bool(value: object) -> str:
    """The literal of a truth value."""
    return "true" if value else "false"


def bits_of(value: SSAValue | Attribute) -> int:
    """Width of a buffer's elements."""
    element = buffer_element(value.type) if isinstance(value, SSAValue) else value
    if element == f64:
        return 64
    assert isinstance(element, IntegerType)
    return element.width.data


def size_of(value: SSAValue) -> int:
    """Number of elements of a buffer."""
    return element_count(buffer_shape(value.type))


def spatial_of(value: SSAValue) -> tuple[int, int, int]:
    """Height, width and channels of a buffer; missing axes are 1."""
    *size, channels = buffer_shape(value.type)
    height, width = [1] * (2 - len(size)) + size
    return height, width, channels


def c_type(value: SSAValue | Attribute) -> str:
    """C type of a buffer's elements."""
    element = buffer_element(value.type) if isinstance(value, SSAValue) else value
    if element == f64:
        return "double"
    return f"int{bits_of(value)}_t"


def suffix(value: SSAValue) -> str:
    """`s8`, `s16` or `s32`: how kernels name the type of a buffer."""
    return f"s{bits_of(value)}"


def array_definition(name: str, type: str, values: Sequence[int | float], qualifiers: str) -> str:
    """A constant array, wrapped."""
    lines, line = [], ""
    for value in values:
        text = "INT32_MIN" if value == -(2**31) else str(value)
        if len(line) + len(text) + 2 > ARRAY_COLUMNS:
            lines.append(line.rstrip())
            line = ""
        line += f"{text}, "
    lines.append(line.rstrip(", "))
    body = "\n".join(INDENT + text for text in lines)
    return f"{qualifiers} {type} {name}[{len(values)}] = {{\n{body}\n}};\n"


def struct_definition(name: str, type: str, fields: Mapping[str, int | str]) -> str:
    """A constant struct with designated initialisers."""
    lines = ",\n".join(f"{INDENT}.{field} = {value}" for field, value in fields.items())
    return f"static const {type} {name} = {{\n{lines}\n}};\n"


def call(function: str, *arguments: object) -> str:
    """A call as a statement."""
    return f"{function}({', '.join(map(str, arguments))});"
