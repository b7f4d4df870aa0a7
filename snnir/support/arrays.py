# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dense attributes from and to numpy arrays, by their bytes and never element by element."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    AnyDenseElement,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerType,
    TensorType,
    f32,
    f64,
    i1,
)
from xdsl.ir import Attribute

_FLOATS = {"float32": f32, "float64": f64}


def element_type_of(dtype: np.dtype) -> Attribute:
    """xDSL element type of a numpy dtype: `f32`, `f64`, `i1` for bool, `iN` for integers."""
    if dtype.name in _FLOATS:
        return _FLOATS[dtype.name]
    return IntegerType(1 if dtype.kind == "b" else dtype.itemsize * 8)


def storage_dtype(element_type: Attribute) -> np.dtype:
    """numpy dtype whose bytes xDSL stores for an element type (sub-byte integers take a byte)."""
    if element_type == f32:
        return np.dtype("<f4")
    if element_type == f64:
        return np.dtype("<f8")
    assert isinstance(element_type, IntegerType), element_type
    return np.dtype(f"<i{max(element_type.width.data, 8) // 8}")


def dense_from_array(
    array: NDArray, element_type: Attribute | None = None
) -> DenseIntOrFPElementsAttr:
    """`dense<…> : tensor<…>` that holds the array, row-major, little-endian."""
    element_type = element_type or element_type_of(array.dtype)
    data = np.ascontiguousarray(array, storage_dtype(element_type)).tobytes()
    type = TensorType(element_type, array.shape)
    return DenseIntOrFPElementsAttr(cast(TensorType[AnyDenseElement], type), BytesAttr(data))


def array_from_dense(attribute: Attribute) -> NDArray:
    """The array that a dense attribute holds (read-only); a 0-d one for `FloatAttr`."""
    if isinstance(attribute, FloatAttr):
        return np.asarray(attribute.value.data, storage_dtype(attribute.type))
    assert isinstance(attribute, DenseIntOrFPElementsAttr), attribute
    element_type = attribute.get_element_type()
    values = np.frombuffer(attribute.data.data, storage_dtype(element_type))
    if element_type == i1:
        values = values.astype(np.bool_)
    return values.reshape(attribute.get_shape())
