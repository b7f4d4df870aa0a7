# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tables of converters, by module class and by function name.

To support another layer, write a function that takes a `LayerContext`, inserts operations and
returns the results, and register it with `@layer(Class)` or `@function("name")`. Whatever it does
not support, it refuses with `Unsupported(reason, remedy)`. See `layers`, `arithmetic`, `neurons`.
"""

from collections.abc import Callable, Sequence

from torch import nn
from xdsl.ir import SSAValue

from snnir.frontends.conversion import LayerContext

Converter = Callable[[LayerContext], Sequence[SSAValue]]

LAYERS: dict[type[nn.Module], Converter] = {}
"""Converters by module class; subclasses that keep `forward` count."""

FUNCTIONS: dict[str, Converter] = {}
"""Converters by the name of the function or method, without the `_` of in-place forms."""


def layer(*classes: type[nn.Module]) -> Callable[[Converter], Converter]:
    """Register a converter for module classes."""

    def register(converter: Converter) -> Converter:
        LAYERS.update(dict.fromkeys(classes, converter))
        return converter

    return register


def function(*names: str) -> Callable[[Converter], Converter]:
    """Register a converter for functions."""

    def register(converter: Converter) -> Converter:
        FUNCTIONS.update(dict.fromkeys(names, converter))
        return converter

    return register
