# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shape arithmetic of the layers, shared by verifiers, importers, lowerings and executors.

Shapes are those of one sample at one time step: `(channels, height, width)`, `(channels, length)`
or `(features,)`, as in PyTorch without the batch dimension.
"""

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, DenseArrayBase, MemRefType, TensorType, i64
from xdsl.ir import Attribute
from xdsl.utils.exceptions import VerifyException


def window_extent(kernel: int, dilation: int = 1) -> int:
    """Number of input elements that a dilated kernel spans."""
    return dilation * (kernel - 1) + 1


def output_extent(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Output size along one axis, rounded down as PyTorch does (`ceil_mode=False`)."""
    return (size + 2 * padding - window_extent(kernel, dilation)) // stride + 1


def spatial_output(
    spatial: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """Output sizes along all spatial axes.

    Raises:
        VerifyException: a parameter has the wrong number of axes, or a window does not fit.
    """
    dilation = dilation or [1] * len(spatial)
    for name, values in (
        ("kernel", kernel), ("stride", stride), ("padding", padding), ("dilation", dilation),
    ):  # fmt: skip
        if len(values) != len(spatial):
            raise VerifyException(
                f"{name} has {len(values)} values, expected {len(spatial)} (one per spatial axis)"
            )
    if min(*stride, *dilation, *kernel) < 1 or min(padding) < 0:
        raise VerifyException(
            "kernel, stride and dilation must be positive, padding not negative; got kernel "
            f"{tuple(kernel)}, stride {tuple(stride)}, dilation {tuple(dilation)} and padding "
            f"{tuple(padding)}"
        )
    axes = zip(spatial, kernel, stride, padding, dilation, strict=True)
    result = tuple(output_extent(*axis) for axis in axes)
    if min(result) < 1:
        raise VerifyException(
            f"kernel {tuple(kernel)} does not fit input {tuple(spatial)} "
            f"with padding {tuple(padding)}"
        )
    return result


def shape_of(type: Attribute) -> tuple[int, ...]:
    """Static shape of a tensor or buffer type."""
    assert isinstance(type, TensorType | MemRefType)
    return tuple(type.get_shape())


def element_count(shape: Sequence[int]) -> int:
    """Number of elements of a shape; 1 for a scalar."""
    count = 1
    for extent in shape:
        count *= extent
    return count


def broadcasts_to(shape: Sequence[int], target: Sequence[int]) -> bool:
    """Whether `shape` broadcasts to `target` without changing it (numpy rules, right-aligned)."""
    return len(shape) <= len(target) and all(
        extent in (1, full) for extent, full in zip(reversed(shape), reversed(target), strict=False)
    )


def int_array(values: Sequence[int]) -> DenseArrayBase[I64]:
    """`array<i64: …>` attribute, printed as `[…]` in assembly formats."""
    return DenseArrayBase.from_list(i64, list(values))


def int_values(attribute: Attribute | None, default: Sequence[int] = ()) -> tuple[int, ...]:
    """Values of an `array<i64: …>` attribute."""
    if attribute is None:
        return tuple(default)
    assert isinstance(attribute, DenseArrayBase)
    return tuple(int(value) for value in attribute.get_values())
