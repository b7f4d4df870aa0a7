# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The base class of all passes."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import (
    Any,
    ClassVar,
    Literal,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import RewritePattern
from xdsl.utils.arg_spec import ArgSpec, ArgSpecConvertible, ParameterListType, ParameterType
from xdsl.utils.hints import type_repr

from snnir.support.diagnostics import emit_remark
from snnir.support.rewriting import apply_patterns

T = TypeVar("T")


def option(default: T, help: str) -> T:
    """Declare a pass option with a default value, as a field of the pass class."""
    return field(default=default, metadata={"help": help})


def required_option(help: str) -> Any:
    """Declare a pass option that must be given."""
    return field(metadata={"help": help})


@dataclass
class Statistics:
    """Named counters of a pass, reported by `--pass-statistics`."""

    values: dict[str, int | float] = field(default_factory=dict[str, int | float])

    def add(self, name: str, amount: int | float = 1) -> None:
        """Add `amount` to the counter `name`, which starts at zero."""
        self.values[name] = self.values.get(name, 0) + amount

    def __getitem__(self, name: str) -> int | float:
        return self.values.get(name, 0)


@dataclass(frozen=True)
class OptionInfo:
    """What is known about one option of a pass or target, for help texts."""

    name: str
    type: str
    default: str | None
    """The default as it is written in a pipeline, or None for an option that must be given."""
    help: str


@dataclass(frozen=True)
class SNNPass(ModulePass):
    """A module pass with option help, statistics, remarks and located rewriting.

    Subclasses are frozen dataclasses; their fields are the options, declared with `option`:

        @dataclass(frozen=True)
        class PruneMagnitudePass(SNNPass):
            name = "snn-prune-magnitude"

            sparsity: float = option(0.5, "fraction of the weights to remove")

            def apply(self, ctx: Context, op: ModuleOp) -> None:
                self.rewrite(op, PruneLinear(self))
    """

    statistics: Statistics = field(
        default_factory=Statistics, init=False, compare=False, repr=False
    )

    def remark(self, op: Operation, message: str, **metrics: Any) -> None:
        """Report what this pass did to `op`, or why it left it alone."""
        emit_remark(op, self.name, message, **metrics)

    def rewrite(
        self,
        module: ModuleOp,
        *patterns: RewritePattern,
        recursive: bool = True,
        reverse: bool = False,
        max_rewrites: int | None = None,
    ) -> bool:
        """Apply `patterns` to `module` and return whether it changed; see `apply_patterns`."""
        return apply_patterns(
            module, patterns, recursive=recursive, reverse=reverse, max_rewrites=max_rewrites
        )

    @classmethod
    def from_spec(cls, spec: ArgSpec) -> Self:
        """Build the pass from a parsed `name{option=value}`.

        Values are adapted to the declared types: `1` and `1e-3` are floats where a float is
        expected, `conv1,2` is a tuple of strings where strings are, `flag` alone is true.

        Raises `ValueError` when an option is unknown, missing or of the wrong type.
        """
        return super().from_spec(adapt_options(cls, spec))


@dataclass(frozen=True)
class PassPipeline(ArgSpecConvertible, ABC):
    """A pipeline with a name and options, which stands for passes and does nothing itself.

    Subclasses are frozen dataclasses; their fields are the options, declared as those of passes:

        @dataclass(frozen=True)
        class CompressPipeline(PassPipeline):
            name = "snn-compress"

            bits: int = option(8, "bits of a weight")

            def elements(self) -> list[ArgSpec]:
                return [element("snn-fold-scale"), element("snn-quantize-rtn", bits=self.bits)]
    """

    EXAMPLES: ClassVar[tuple[str, ...]] = ()
    """Uses whose expansions the documentation shows, as pipeline texts."""

    @abstractmethod
    def elements(self) -> Sequence[ArgSpec]:
        """The passes, or other pipelines, that the name stands for, in order.

        Raises `ValueError`, with a text for the user, when options do not go together.
        """

    @classmethod
    def from_spec(cls, spec: ArgSpec) -> Self:
        """Build the pipeline from a parsed `name{option=value}`, as passes are built.

        Raises `ValueError` when an option is unknown, missing or of the wrong type.
        """
        return super().from_spec(adapt_options(cls, spec))


def element(name: str, **options: ParameterType | None) -> ArgSpec:
    """Return a pass with options, for `PassPipeline.elements`; those that are None are left out."""
    given: dict[str, ParameterListType] = {
        _kebab(key): (value,) for key, value in options.items() if value is not None
    }
    return ArgSpec(name, given)


def element_of(made: SNNPass) -> ArgSpec:
    """Return a pass with those of its options that are not at their defaults."""
    spec = made.spec()
    return ArgSpec(spec.name, {_kebab(key): values for key, values in spec.parameters.items()})


def adapt_options(cls: type[Any], spec: ArgSpec) -> ArgSpec:
    """Adapt the option values in `spec` to the field types of the pass or target class `cls`.

    Raises `ValueError` when an option is unknown, missing or of the wrong type.
    """
    known = {f.name: f for f in dataclasses.fields(cls) if f.init}
    types_by_name = get_type_hints(cls)
    adapted: dict[str, ParameterListType] = {}
    for name, values in spec.normalize_parameter_names().parameters.items():
        if name not in known:
            raise ValueError(_unknown_option(name, spec.name, list(known)))
        expected = types_by_name[name]
        converted = _convert(values, expected)
        if converted is None:
            shown = ",".join(map(_text, values)) or "nothing"
            raise ValueError(
                f"option '{_kebab(name)}' of '{spec.name}' expects {describe_type(expected)}, "
                f"got {shown}"
            )
        adapted[name] = converted
    for name, info in known.items():
        if name not in adapted and _is_required(info):
            raise ValueError(f"option '{_kebab(name)}' of '{spec.name}' must be given")
    return ArgSpec(spec.name, adapted)


def option_infos(cls: type[Any]) -> list[OptionInfo]:
    """Return what the fields of a pass or target class say about its options."""
    types_by_name = get_type_hints(cls)
    return [
        OptionInfo(
            _kebab(f.name),
            describe_type(types_by_name[f.name]),
            None if _is_required(f) else _describe_default(f),
            f.metadata.get("help", ""),
        )
        for f in dataclasses.fields(cls)
        if f.init
    ]


def mistake_in(cls: type[ModulePass]) -> str | None:
    """Say what keeps a class from being a pass, or its fields from being options; None if nothing.

    Each of these would otherwise show only when the pass is used, some of them never.
    """
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        return f"has no {missing}(self, ctx, op)"
    if not isinstance(getattr(cls, "name", None), str):
        return 'has no name: write name: ClassVar[str] = "my-pass"'
    if any(isinstance(value, dataclasses.Field) for value in vars(cls).values()):
        return "is no dataclass: write @dataclass(frozen=True) above it"
    if not issubclass(cls, SNNPass):
        return None
    types_by_name = get_type_hints(cls)
    for info in dataclasses.fields(cls):
        expected = types_by_name[info.name]
        if info.init and not _can_be_given(expected):
            return (
                f"has the option '{_kebab(info.name)}' of the type {type_repr(expected)}, which no "
                "text gives; use bool, int, float, str, Literal or tuple[int, ...] and the like"
            )
    return None


def _can_be_given(expected: Any) -> bool:
    if get_origin(expected) is tuple:
        return all(part is Ellipsis or _can_be_given(part) for part in get_args(expected))
    if len(alternatives := _alternatives(expected)) > 1:
        return all(map(_can_be_given, alternatives))
    return get_origin(expected) is Literal or expected in (bool, int, float, str, types.NoneType)


def describe_type(expected: Any) -> str:
    """Return the name of an option type as it is shown to users."""
    alternatives = [a for a in _alternatives(expected) if a is not types.NoneType]
    return " | ".join(dict.fromkeys(map(_describe_alternative, alternatives)))


def _describe_alternative(expected: Any) -> str:
    if get_origin(expected) is Literal:
        return " | ".join(map(str, get_args(expected)))
    if get_origin(expected) is tuple:
        return f"list of {describe_type(get_args(expected)[0])}"
    names = {str: "string", bool: "true | false", int: "int", float: "float"}
    return names.get(expected) or type_repr(expected)


def _convert(values: ParameterListType, expected: Any) -> ParameterListType | None:
    """Return `values` converted to the type `expected`, or None when that is impossible."""
    for alternative in _alternatives(expected):
        converted = _convert_to_alternative(values, alternative)
        if converted is not None:
            return converted
    return None


def _convert_to_alternative(values: ParameterListType, expected: Any) -> ParameterListType | None:
    if expected is types.NoneType:
        return () if not values or values == ("none",) else None
    if expected is bool and not values:
        return (True,)
    if get_origin(expected) is tuple:
        element_types = get_args(expected)
        if len(element_types) == 2 and element_types[1] is Ellipsis:
            element_types = (element_types[0],) * len(values)
        return _convert_elements(values, element_types)
    return _convert_elements(values, (expected,))


def _convert_elements(
    values: ParameterListType, expected: tuple[Any, ...]
) -> ParameterListType | None:
    if len(values) != len(expected):
        return None
    converted: list[ParameterType] = []
    for value, element_type in zip(values, expected, strict=True):
        element = _convert_element(value, element_type)
        if element is None:
            return None
        converted.append(element)
    return tuple(converted)


def _convert_element(value: ParameterType, expected: Any) -> ParameterType | None:
    if isinstance(expected, types.UnionType) or get_origin(expected) is Union:
        candidates = (_convert_element(value, a) for a in get_args(expected))
        return next((c for c in candidates if c is not None), None)
    if get_origin(expected) is Literal:
        return next((c for c in get_args(expected) if str(c) == _text(value)), None)
    if expected is str:
        return _text(value)
    # bool is a subclass of int, but `true` is no number.
    if expected in (int, float) and not isinstance(value, bool):
        return _to_number(value, expected)
    return value if type(value) is expected else None


def _to_number(value: int | float | str, expected: type[int] | type[float]) -> int | float | None:
    if isinstance(value, float) and expected is int:
        return None
    try:
        return expected(value)
    except ValueError:
        return None


def _text(value: ParameterType) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _alternatives(expected: Any) -> tuple[Any, ...]:
    if isinstance(expected, types.UnionType) or get_origin(expected) is Union:
        return get_args(expected)
    return (expected,)


def _is_required(info: dataclasses.Field[Any]) -> bool:
    return info.default is dataclasses.MISSING and info.default_factory is dataclasses.MISSING


def _describe_default(info: dataclasses.Field[Any]) -> str:
    default: Any = info.default
    if info.default_factory is not dataclasses.MISSING:
        default = info.default_factory()
    if default is None:
        return "none"
    if isinstance(default, tuple):
        return ",".join(map(_text, default)) or "none"
    return _text(default)


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _unknown_option(name: str, owner: str, known: list[str]) -> str:
    if not known:
        return f"'{owner}' takes no options, got '{_kebab(name)}'"
    options = list(map(_kebab, known))
    close = difflib.get_close_matches(_kebab(name), options, n=1, cutoff=0.5)
    hint = f"; did you mean '{close[0]}'?" if close else f"; it has {', '.join(options)}"
    return f"unknown option '{_kebab(name)}' of '{owner}'{hint}"
