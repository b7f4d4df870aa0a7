# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing IR text with xDSL's printer.

xDSL 0.74.0 prints some floating-point constants as text that reads back as another value. The
classes here correct that. Check this module when the version of xDSL changes.
"""

from __future__ import annotations

import math
from io import StringIO
from typing import IO

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseIntOrFPElementsAttr,
)
from xdsl.ir import Attribute, Operation
from xdsl.printer import Printer

ELIDED_RESOURCE = "__elided__"
"""The resource key that stands for a constant that was left out when the IR was printed."""

HEX_THRESHOLD = 100
"""Constants with more elements are printed as a hexadecimal string, as MLIR does."""


class ExactPrinter(Printer):
    """A printer whose text reads back as exactly the same module.

    Floating-point constants get enough digits; those that have no exact decimal text (infinities,
    NaN, or a mixture of 0.0 and -0.0 that xDSL takes for a splat) are printed as the hexadecimal
    string of their bytes. With `elide_elements_above`, longer constants are printed as
    `dense_resource<__elided__>`, for people to read; such text does not parse back.
    """

    def __init__(
        self,
        stream: IO[str] | None = None,
        *,
        print_generic_format: bool = False,
        print_debuginfo: bool = False,
        elide_elements_above: int | None = None,
    ):
        super().__init__(
            stream=stream,
            print_generic_format=print_generic_format,
            print_debuginfo=print_debuginfo,
        )
        self.elide_elements_above = elide_elements_above

    def print_attribute(self, attribute: Attribute) -> None:
        if isinstance(attribute, DenseIntOrFPElementsAttr):
            self._print_dense(attribute)
        else:
            super().print_attribute(attribute)

    def print_float(self, value: float, type: AnyFloat) -> None:
        if math.isfinite(value):
            self.print_string(exact_decimal(value, type))
        else:
            super().print_float(value, type)

    def _print_dense(self, attribute: DenseIntOrFPElementsAttr) -> None:
        if self.elide_elements_above is not None and len(attribute) > self.elide_elements_above:
            self.print_string(f"dense_resource<{ELIDED_RESOURCE}> : ")
            super().print_attribute(attribute.type)
        elif (data := _bytes_to_print_as_hex(attribute)) is not None:
            self.print_string(f'dense<"0x{data.hex().upper()}"> : ')
            super().print_attribute(attribute.type)
        else:
            super().print_attribute(attribute)


def exact_decimal(value: float, type: AnyFloat) -> str:
    """Return decimal text that a parser reads back as exactly the finite `value` of type `type`.

    The text always holds a `.`: without one it would be read as an integer.
    """
    mantissa, exponent = f"{value:.5e}".split("e")
    packed = type.pack((value,))
    # MLIR writes numbers that are exact in 6 digits as 1.500000e+00 and others with 9 digits.
    for text in (f"{mantissa}0e{exponent}", f"{value:.9g}"):
        if "." in text and type.pack((float(text),)) == packed:
            return text
    digits = repr(value)
    return digits if "." in digits else digits.replace("e", ".0e")


def _bytes_to_print_as_hex(attribute: DenseIntOrFPElementsAttr) -> bytes | None:
    """Return the bytes of a constant that must be printed in hexadecimal, or None for a list.

    A splat is represented by its one element. Large constants are handled here as well, because
    xDSL unpacks every element first.
    """
    data = attribute.data.data
    length = len(attribute)
    if length == 0:
        return None
    size = len(data) // length
    is_splat = data == data[:size] * length
    if length > HEX_THRESHOLD and not is_splat:
        return data
    element_type = attribute.get_element_type()
    if not isinstance(element_type, AnyFloat):
        return None
    values = element_type.unpack(data[:size] if is_splat else data, 1 if is_splat else length)
    if not all(map(math.isfinite, values)):
        return data[:size] if is_splat else data
    looks_like_splat = all(value == values[0] for value in values)
    return data if looks_like_splat and not is_splat else None


def print_module(
    module: Operation,
    stream: IO[str],
    generic: bool = False,
    elide: int | None = None,
    *,
    locations: bool = False,
    context: Context | None = None,
) -> None:
    """Print a module, or any other op, so that it parses back unchanged.

    `generic` selects the generic format, `elide` leaves out constants with more elements than
    that, `locations` adds `loc(...)`. The data of `dense_resource` attributes is printed only with
    the `context` that holds it.
    """
    printer = ExactPrinter(
        stream,
        print_generic_format=generic,
        print_debuginfo=locations,
        elide_elements_above=elide,
    )
    printer.print_op(module)
    if context is not None:
        printer.print_metadata(context.loaded_dialects)
    stream.write("\n")


def module_to_text(
    module: Operation,
    generic: bool = False,
    elide: int | None = None,
    *,
    locations: bool = False,
    context: Context | None = None,
) -> str:
    """Return the text that `print_module` prints."""
    stream = StringIO()
    print_module(module, stream, generic, elide, locations=locations, context=context)
    return stream.getvalue()
