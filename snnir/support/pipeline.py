# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pass pipelines: from text to pass objects, and running them.

Two spellings are understood: `a,b{x=1 y=2}` as in xDSL and `builtin.module(a, b{x=1})` as in
mlir-opt. Values are words, numbers, `true`, `false`, or strings in double quotes; commas separate
the elements of a list, spaces separate options.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import ArgSpec, ArgSpecConvertible, ParameterListType, ParameterType
from xdsl.utils.exceptions import DiagnosticException

from snnir.support.diagnostics import SNNError
from snnir.support.pass_base import PassPipeline, adapt_options
from snnir.support.verify import verify_module

PassRegistry = Mapping[str, Callable[[], type[ModulePass]]]
"""Pass names with the functions that import the pass classes."""

PipelineRegistry = Mapping[str, Callable[[], type[PassPipeline] | str]]
"""Names of whole pipelines with the functions that import their classes or return their text."""

SpecT = TypeVar("SpecT", bound=ArgSpecConvertible)
T = TypeVar("T")

ANCHOR = "builtin.module"


class PipelineError(SNNError):
    """The text of a pipeline is wrong."""


class PassInstrumentation:
    """Callbacks around every pass of a pipeline; each does nothing unless overridden."""

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        """Called before a pass runs."""

    def after_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        """Called after a pass ran and the module was verified."""

    def after_pass_failed(self, pass_: ModulePass, module: ModuleOp) -> None:
        """Called when a pass, or the verification after it, raised; the error goes on."""


def parse_pipeline(
    text: str, passes: PassRegistry, pipelines: PipelineRegistry | None = None
) -> list[ModulePass]:
    """Return the passes that a pipeline text names, with named pipelines expanded.

    Only the modules of the passes in the pipeline are imported.

    Raises `PipelineError` for wrong syntax, an unknown pass, or wrong options.
    """
    elements = _PipelineParser(text).parse_pipeline()
    return list(_build_passes(elements, passes, pipelines or {}, ()))


def parse_pass_specs(text: str) -> list[ArgSpec]:
    """Return the names and options in a pipeline text.

    Raises `PipelineError` for wrong syntax.
    """
    return [element.spec for element in _PipelineParser(text).parse_pipeline()]


def is_name(text: str) -> bool:
    """Whether a pipeline can name a pass, or another pipeline, so."""
    return _NAME.fullmatch(text) is not None


def import_named(kind: str, name: str, known: Mapping[str, Callable[[], T]]) -> T:
    """Import what a registered name stands for.

    Raises `SNNError` when that needs a Python package that is not installed.
    """
    try:
        return known[name]()
    except ModuleNotFoundError as error:
        raise SNNError(
            f"the {kind} '{name}' needs the Python package '{error.name}', which is not installed"
        ) from error


def build_from_spec(cls: type[SpecT], spec: ArgSpec) -> SpecT:
    """Build a pass or a target from its parsed name and options.

    Raises `PipelineError` when an option is unknown, missing or of the wrong type.
    """
    try:
        return cls.from_spec(adapt_options(cls, spec))
    except ValueError as error:
        raise PipelineError(str(error)) from error


_LISTS = {"pass": "--list-passes", "target": "--list-targets"}
"""Options of `snn-opt` that show all names of a kind."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown name, with the closest known one or a list as a hint."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    hint = f"; snn-opt {_LISTS[kind]} shows all" if kind in _LISTS else ""
    if close:
        hint = f"; did you mean '{close[0]}'?"
    return f"unknown {kind} '{name}'{hint}"


def pipeline_to_text(passes: Iterable[ModulePass]) -> str:
    """Return the mlir-opt form of a pipeline; it parses back to equal passes."""
    return f"{ANCHOR}({','.join(spec_to_text(pass_.spec()) for pass_ in passes)})"


def spec_to_text(spec: ArgSpec) -> str:
    """Return the text of a name with options, which `parse_pass_specs` reads back."""
    options = [
        f"{name}={','.join(map(_value_to_text, values))}" if values else name
        for name, values in spec.parameters.items()
    ]
    return f"{spec.name}{{{' '.join(options)}}}" if options else spec.name


def run_pipeline(
    ctx: Context,
    module: ModuleOp,
    passes: Sequence[ModulePass],
    callbacks: Sequence[PassInstrumentation] = (),
    *,
    verify: bool = True,
) -> None:
    """Run `passes` on `module` in order, verifying the module before and after each.

    Raises `SNNError` when a pass reports an error or leaves invalid IR behind; anything else that
    a pass raises is a defect of the pass and goes through unchanged.
    """
    if verify:
        verify_module(module)
    for pass_ in passes:
        for callback in callbacks:
            callback.before_pass(pass_, module)
        succeeded = False
        try:
            _run_pass(ctx, module, pass_, verify)
            succeeded = True
        finally:
            for callback in callbacks:
                if succeeded:
                    callback.after_pass(pass_, module)
                else:
                    callback.after_pass_failed(pass_, module)


def _run_pass(ctx: Context, module: ModuleOp, pass_: ModulePass, verify: bool) -> None:
    try:
        pass_.apply(ctx, module)
    except DiagnosticException as error:
        raise SNNError(f"pass '{pass_.name}' failed: {error}") from error
    except SystemExit as error:  # Passes of plug-ins may do anything.
        raise SNNError(f"pass '{pass_.name}' raised SystemExit: {error}") from error
    if not verify:
        return
    try:
        verify_module(module)
    except SNNError as error:
        raise SNNError(f"{error.message} (after pass '{pass_.name}')", error.location) from error


@dataclass(frozen=True)
class _Element:
    """A pass or pipeline name with options, and its column in the text."""

    spec: ArgSpec
    column: int


def _build_passes(
    elements: Iterable[_Element],
    passes: PassRegistry,
    pipelines: PipelineRegistry,
    expanding: tuple[str, ...],
) -> Iterator[ModulePass]:
    for element in elements:
        name = element.spec.name
        if name in passes:
            yield _build_pass(import_named("pass", name, passes), element)
        elif name in pipelines:
            if name in expanding:
                _fail(element.column, f"the pipeline '{name}' contains itself")
            inner = _expand(element, pipelines[name]())
            try:
                yield from _build_passes(inner, passes, pipelines, (*expanding, name))
            except PipelineError as error:
                _fail(element.column, f"in the pipeline '{name}': {error.message}")
        else:
            _fail(element.column, unknown_name("pass", name, [*passes, *pipelines]))


def _expand(element: _Element, pipeline: type[PassPipeline] | str) -> Iterator[_Element]:
    """What a named pipeline stands for; errors in it are reported where its name was written."""
    if isinstance(pipeline, str):
        if element.spec.parameters:
            _fail(element.column, f"the pipeline '{element.spec.name}' takes no options")
        specs: Sequence[ArgSpec] = parse_pass_specs(pipeline)
    else:
        try:
            specs = pipeline.from_spec(element.spec).elements()
        except ValueError as error:
            _fail(element.column, str(error))
    return (_Element(spec, element.column) for spec in specs)


def _build_pass(cls: type[ModulePass], element: _Element) -> ModulePass:
    try:
        return build_from_spec(cls, element.spec)
    except PipelineError as error:
        _fail(element.column, error.message)


def _fail(column: int, message: str) -> NoReturn:
    raise PipelineError(message, ("<pipeline>", 1, column))


_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_WORD = re.compile(r"[^\s,{}=\"()\[\]]+")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SPACE = re.compile(r"\s*")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


class _PipelineParser:
    """A recursive descent parser over pipeline text.

    pipeline ::= anchor `(` elements `)` | elements
    elements ::= (element (`,` element)*)?
    element  ::= name (`{` option* `}`)?
    option   ::= name (`=` value (`,` value)*)?
    value    ::= word | string
    """

    def __init__(self, text: str):
        self._text = text
        self._position = 0

    def parse_pipeline(self) -> list[_Element]:
        """Parse the whole text."""
        anchored = self._accept_anchor()
        elements = self._parse_elements()
        if anchored and not self._accept(")"):
            self._fail("expected ',' or ')'")
        if not self._at_end():
            self._fail("expected ',' or the end of the pipeline")
        return elements

    def _accept_anchor(self) -> bool:
        match = re.match(rf"\s*{re.escape(ANCHOR)}\s*\(", self._text)
        if match is None:
            return False
        self._position = match.end()
        return True

    def _parse_elements(self) -> list[_Element]:
        self._skip_space()
        if self._at_end() or self._peek() == ")":
            return []
        elements = [self._parse_element()]
        while self._accept(","):
            elements.append(self._parse_element())
        return elements

    def _parse_element(self) -> _Element:
        self._skip_space()
        column = self._position + 1
        name = self._match(_NAME)
        if name is None:
            self._fail("expected a pass name")
        if self._peek_after_space() == "(":
            self._fail(f"passes cannot be nested in '{name}'; the only anchor is '{ANCHOR}'")
        options = self._parse_options() if self._accept("{") else {}
        return _Element(ArgSpec(name, options), column)

    def _parse_options(self) -> dict[str, ParameterListType]:
        options: dict[str, ParameterListType] = {}
        while not self._accept("}"):
            self._skip_space()
            name = self._match(_NAME)
            if name is None:
                self._fail("expected an option name or '}'")
            if name in options:
                self._fail(f"option '{name}' is given twice")
            options[name] = self._parse_values() if self._accept("=") else ()
        return options

    def _parse_values(self) -> ParameterListType:
        values = [self._parse_value()]
        while self._accept(","):
            values.append(self._parse_value())
            if self._peek_after_space() == "=":
                self._fail("options are separated by spaces, not commas: write {x=1 y=2}")
        return tuple(values)

    def _parse_value(self) -> ParameterType:
        self._skip_space()
        string = _STRING.match(self._text, self._position)
        if string is not None:
            self._position = string.end()
            return re.sub(r"\\(.)", r"\1", string[1], flags=re.DOTALL)
        word = self._match(_WORD)
        if word is None:
            if self._peek() == '"':
                self._fail("the string that begins here has no closing double quote")
            self._fail("expected a value; put it in double quotes if it holds special characters")
        return _word_value(word)

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._position)
        if match is None:
            return None
        self._position = match.end()
        return match[0]

    def _accept(self, character: str) -> bool:
        if self._peek_after_space() != character:
            return False
        self._skip_space()
        self._position += 1
        return True

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _peek_after_space(self) -> str:
        match = _SPACE.match(self._text, self._position)
        assert match is not None
        return self._text[match.end() : match.end() + 1]

    def _skip_space(self) -> None:
        self._match(_SPACE)

    def _at_end(self) -> bool:
        return self._peek_after_space() == ""

    def _fail(self, message: str) -> NoReturn:
        self._skip_space()
        _fail(self._position + 1, message)


def _word_value(word: str) -> ParameterType:
    if word in ("true", "false"):
        return word == "true"
    # Other numbers stay text until the type of the option is known: `1e3` may be a name.
    return int(word) if _INTEGER.fullmatch(word) else word


def _value_to_text(value: ParameterType) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value).lower()
