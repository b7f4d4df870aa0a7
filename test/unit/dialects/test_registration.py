# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dialects list all their classes, and large constants pass through parser and printer."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation

from snnir.dialects import qsnn, snn
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.xdsl_parsing import parse_module
from snnir.support.xdsl_printing import module_to_text
from snnir.universe import DIALECTS, make_context

MODULES = {
    "snn": ("snn", "snn_layers", "snn_neurons", "snn_attributes"),
    "qsnn": ("qsnn", "qsnn_layers", "qsnn_neurons", "input_density"),
    "snnrt": (
        "snnrt", "snnrt_memory", "snnrt_layers", "snnrt_neurons", "snnrt_input", "snnrt_lanes",
        "snnrt_masks", "snnrt_maps", "snnrt_steps",
        "snnrt_compressed", "snnrt_packed", "snnrt_tiles", "snnrt_gather", "snnrt_dot",
    ),
    "cmsis_nn": ("cmsis_nn",),
}  # fmt: skip


def defined_classes(dialect: str, base: type) -> set[type]:
    """The classes with an operation or attribute name that the dialect's modules define."""
    found: set[type] = set()
    for name in MODULES[dialect]:
        module = import_module(f"snnir.dialects.{name}")
        for value in vars(module).values():
            defined = isinstance(value, type) and issubclass(value, base)
            if defined and value.__module__ == module.__name__ and hasattr(value, "name"):
                found.add(value)
    return found


@pytest.mark.parametrize("name", DIALECTS)
def test_every_class_is_in_its_dialect(name) -> None:
    dialect = DIALECTS[name]()
    assert set(dialect.operations) == defined_classes(name, Operation)
    assert set(dialect.attributes) == defined_classes(name, Attribute)


@pytest.mark.parametrize("name", DIALECTS)
def test_names_carry_the_dialect(name) -> None:
    dialect = DIALECTS[name]()
    for member in (*dialect.operations, *dialect.attributes):
        assert member.name.startswith(f"{name}.")


@pytest.mark.parametrize(
    "op",
    [
        snn.WeightOp(dense_from_array(np.linspace(-1, 1, 1_000_000, dtype=np.float32))),
        qsnn.WeightOp(dense_from_array(np.arange(1_000_000).astype(np.int8))),
    ],
    ids=["snn", "qsnn"],
)
def test_a_million_weights(op) -> None:
    text = module_to_text(ModuleOp([op.clone()]))
    module = parse_module(make_context(), text)
    parsed = module.body.block.first_op
    assert isinstance(parsed, snn.WeightOp | qsnn.WeightOp)
    np.testing.assert_array_equal(array_from_dense(parsed.value), array_from_dense(op.value))
