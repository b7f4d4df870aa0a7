# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Names of layers and symbols, as all importers give them."""

from __future__ import annotations

from itertools import count

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation

from snnir.dialects.network import LAYER


def append_to_layer(block: Block, op: Operation, layer: str) -> None:
    """Append an operation that belongs to a layer."""
    op.attributes[LAYER] = StringAttr(layer)
    block.add_op(op)


def unused_name(name: str, taken: set[str], base: str | None = None) -> str:
    """`name`, or `base_2`, `base_3`, … if it is taken (`base` is `name` if not given).

    The result is added to `taken`.
    """
    numbers = count(2)
    chosen = name
    while chosen in taken:
        chosen = f"{base or name}_{next(numbers)}"
    taken.add(chosen)
    return chosen
