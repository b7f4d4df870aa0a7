# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loads a user's module from `FILE.py:FACTORY` and its weights from a state_dict file."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from snnir.frontends.errors import user_code
from snnir.support.diagnostics import SNNError
from snnir.support.python_file import as_program, import_file, importable

NESTED_KEYS = ("model_state_dict", "state_dict")
"""Keys under which training scripts save the state_dict beside other things."""

_LOAD_ERRORS = (
    pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError,
    ImportError,
)  # fmt: skip
"""What `torch.load` raises on files that are not, or not only, tensors."""


def load_module(source: str, weights: str | Path | None = None) -> nn.Module:
    """Build a module and load its weights.

    Args:
        source: `FILE.py:FACTORY`; the factory is called without arguments, and may be a module
            object instead.
        weights: a file with the module's state_dict, or with a dictionary that has it under
            "model_state_dict" or "state_dict". Only tensors are unpickled.

    Raises:
        SNNError: the file or the factory is missing or raises, or the weights do not fit the
            module, strictly: missing or unexpected keys, shapes, NaN and infinity are named.
    """
    module = _build(source)
    if weights is not None:
        path = Path(weights)
        state = _read_state(path)
        _check_keys(path, state, module.state_dict())
        _check_values(path, state)
        module.load_state_dict(state, strict=True)
    return module


def _build(source: str) -> nn.Module:
    file, colon, factory_name = source.rpartition(":")
    if not colon or not factory_name.isidentifier():
        raise SNNError(f"'{source}' does not name a module: write FILE.py:FACTORY")
    path = Path(file)
    if not path.is_file():
        raise SNNError(f"there is no file '{path}'")
    with importable(path.resolve().parent), as_program(path):
        with user_code(f"importing '{path}'"), _imports_explained(path, factory_name):
            python_module = import_file(path)
        if not hasattr(python_module, factory_name):
            names = ", ".join(_factories(python_module))
            raise SNNError(f"'{path}' has no '{factory_name}'; it has {names or 'no function'}")
        factory = getattr(python_module, factory_name)
        if isinstance(factory, nn.Module):
            return factory
        if not callable(factory):
            raise SNNError(f"'{factory_name}' in '{path}' cannot be called")
        with user_code(f"calling {factory_name}() of '{path}'"):
            module = factory()
    if not isinstance(module, nn.Module):
        raise SNNError(
            f"{factory_name}() of '{path}' returned {type(module).__name__}, not a torch.nn.Module"
        )
    return module


@contextmanager
def _imports_explained(path: Path, factory_name: str) -> Iterator[None]:
    """Say where modules are looked for, if the file imports one that is not there."""
    try:
        yield
    except ImportError as error:
        folder = path.resolve().parent.name
        remedy = "modules are looked for beside it, in PYTHONPATH and among the installed packages"
        if "relative import" in str(error):
            remedy = (
                f"it is part of the package '{folder}': give a file beside that folder, with "
                f"'from {folder}.{path.stem} import {factory_name}'"
            )
        what = f"importing '{path}' raised {type(error).__name__}: {error}"
        raise SNNError(f"{what}; {remedy}") from error


def _factories(python_module: ModuleType) -> list[str]:
    """What a file defines itself that may make a module, or is one."""
    return [
        name
        for name, value in vars(python_module).items()
        if isinstance(value, nn.Module)
        or (callable(value) and getattr(value, "__module__", None) == python_module.__name__)
    ]


def _read_state(path: Path) -> dict[str, Tensor]:
    """The state_dict in a file."""
    if not path.is_file():
        raise SNNError(f"there is no weights file '{path}'")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except _LOAD_ERRORS as error:
        # What follows the first sentence is advice to load whatever the file holds.
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise SNNError(
            f"'{path}' is not a file of tensors ({type(error).__name__}: {reason}); "
            "save the weights with torch.save(module.state_dict(), ...)"
        ) from error
    if isinstance(content, Mapping):
        nested = next((key for key in NESTED_KEYS if isinstance(content.get(key), Mapping)), None)
        content = content if nested is None else content[nested]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        what = f"a {type(content).__name__}"
        if isinstance(content, Mapping):
            what = f"a dictionary with the keys {_listed([repr(key) for key in content])}"
        raise SNNError(
            f"'{path}' holds no state_dict, neither itself nor under "
            f"{' or '.join(map(repr, NESTED_KEYS))}, but {what}; save the weights with "
            "torch.save(module.state_dict(), ...)"
        )
    return dict(content)


def _check_keys(path: Path, state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """The file has the module's keys, with their shapes."""
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    if unexpected and (prefix := _wrapper_prefix(state, expected)):
        raise SNNError(f"'{path}' {_WRAPPERS.get(prefix, _OTHER_WRAPPER).format(prefix=prefix)}")
    if hint := _old_snntorch(missing, unexpected):
        raise SNNError(f"'{path}' {hint}")
    problems = [
        f"{what}: {_listed(keys)}"
        for what, keys in (("missing", missing), ("unexpected", unexpected))
        if keys
    ]
    if problems:
        raise SNNError(f"'{path}' does not fit the module: {'; '.join(problems)}")
    shapes = [
        f"{key} is {tuple(state[key].shape)}, the module has {tuple(tensor.shape)}"
        for key, tensor in expected.items()
        if state[key].shape != tensor.shape
    ]
    if shapes:
        raise SNNError(f"'{path}' does not fit the module: {_listed(shapes)}")


_WRAPPERS = {
    "module.": "was saved from a torch.nn.DataParallel: its keys begin with '{prefix}'; save "
    "net.module.state_dict()",
    "_orig_mod.": "was saved from a module of torch.compile: its keys begin with '{prefix}'; save "
    "net._orig_mod.state_dict()",
}
_OTHER_WRAPPER = (
    "was saved from a module that holds this one: its keys begin with '{prefix}'; save the "
    "state_dict of that part, or let the factory return the whole"
)


def _wrapper_prefix(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str | None:
    """What all keys begin with that have the module's keys behind it."""
    first = next(iter(expected), "")
    for key in state:
        prefix = key.removesuffix(first)
        if key.endswith(first) and {f"{prefix}{name}" for name in expected} == set(state):
            return prefix
    return None


def _old_snntorch(missing: Sequence[str], unexpected: Sequence[str]) -> str | None:
    """What the keys say about an old version of snnTorch, if they differ by nothing else."""
    if missing and all(key.endswith("graded_spikes_factor") for key in missing):
        return (
            f"is from snnTorch 0.5 or older ({_listed(missing)} missing): the resets of Leaky were "
            "different there; retrain or fine-tune with snnTorch 1.0.0"
        )
    states = (".mem", ".syn", ".spk", ".syn_exc", ".syn_inh")
    if unexpected and not missing and all(f".{key}".endswith(states) for key in unexpected):
        return (
            f"is from snnTorch 0.8, which saved neuron states ({_listed(unexpected)}): check that "
            "the network has no Synaptic neurons, which were broken there, and delete these keys"
        )
    return None


def _check_values(path: Path, state: Mapping[str, Tensor]) -> None:
    """No parameter is NaN or infinite."""
    for key, tensor in state.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            kind = "NaN" if bool(tensor.isnan().any()) else "an infinite value"
            raise SNNError(f"'{path}': parameter '{key}' has {kind}")


def _listed(items: Sequence[str], limit: int = 4) -> str:
    """The first items, and how many more there are."""
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
