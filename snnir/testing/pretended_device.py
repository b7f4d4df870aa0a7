# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A device that torch only pretends to have, to see that tensors meet where they must.

Everything is computed on the processor. What the device holds is remembered by the memory behind
tensors, so that views and parameters are where their values are. As on a real device, operations
refuse tensors of both places, but for those without dimensions, and numpy takes none from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_READ_DEVICE = Tensor.device.__get__  # type: ignore[attr-defined]


class PretendedDevice(TorchFunctionMode):
    """While it is entered, tensors can be on the device `cuda`.

    Attributes:
        moved: how many tensors came to the device.
    """

    MIXING: ClassVar[frozenset[str]] = frozenset(
        {"__getitem__", "__setitem__", "copy_", "_make_subclass"}
    )
    """Functions that take tensors of both places: indices and values that are copied."""

    def __init__(self) -> None:
        super().__init__()
        self.device = torch.device("cuda")
        self.moved = 0
        # The memory stays alive, so that no other tensor gets its address.
        self._held: dict[int, torch.UntypedStorage] = {}
        self._in_gradients = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if func == _READ_DEVICE:
            return self.device if self._holds(args[0]) else func(*args)
        if name in ("to", "cpu", "cuda") and isinstance(args[0], Tensor):
            return self._move(func, name, args, kwargs)
        if name in ("numpy", "__array__") and self._holds(args[0]):
            raise TypeError("can't convert a tensor of the device to numpy; use .cpu() first")
        if name == "backward" or func is torch.autograd.grad:
            return self._gradients(func, args, kwargs)
        wanted = kwargs.get("device")
        if wanted is not None:
            kwargs["device"] = "cpu"
        result = func(*args, **kwargs)
        given = list(_tensors((args, kwargs)))
        held = [tensor for tensor in given if self._holds(tensor)]
        if not self._in_gradients and name not in self.MIXING:
            self._refuse_mixture(name, given, held)
        if self._is_here(wanted) if wanted is not None else held:
            self._hold(result)
        return result

    def _is_here(self, device: Any) -> bool:
        return torch.device(device).type == self.device.type

    def _holds(self, tensor: Any) -> bool:
        return isinstance(tensor, Tensor) and _address(tensor) in self._held

    def _hold(self, result: Any) -> None:
        for tensor in _tensors(result):
            if address := _address(tensor):
                self._held[address] = tensor.untyped_storage()

    def _refuse_mixture(self, name: str, given: list[Tensor], held: list[Tensor]) -> None:
        elsewhere = [t for t in given if not self._holds(t) and t.ndim > 0 and t.numel() > 0]
        if held and elsewhere:
            raise RuntimeError(
                f"{name}: expected all tensors to be on the same device, cuda or cpu"
            )

    def _move(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """`to`, `cpu` or `cuda`."""
        tensor, *others = args
        was_here = self._holds(tensor)
        goes_here = was_here
        if name != "to":
            goes_here, others = name == "cuda", []
        for place in (*others, kwargs.pop("device", None)):
            if isinstance(place, str | torch.device):
                goes_here = self._is_here(place)
            elif isinstance(place, Tensor):
                goes_here = self._holds(place)
        rest = [other for other in others if not isinstance(other, str | torch.device)]
        result = Tensor.to(tensor, *rest, **kwargs) if rest or kwargs else tensor
        if goes_here != was_here:
            result = result.clone() if _address(result) == _address(tensor) else result
            self.moved += goes_here
        if goes_here:
            self._hold(result)
        return result

    def _gradients(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Gradients come to be outside of this mode: where, nobody knows until they are read."""
        self._in_gradients = True
        try:
            result = func(*args, **kwargs)
        finally:
            self._in_gradients = False
        if any(map(self._holds, _tensors((args, kwargs)))):
            self._hold(result)
        return result


def _address(tensor: Tensor) -> int:
    """Of the memory; 0 if there is none."""
    return tensor.untyped_storage().data_ptr()


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested arguments or results."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)
