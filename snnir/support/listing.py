# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists of passes and targets with their options, for the command line."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

from xdsl.universe import XDSL_UNIVERSE

from snnir.support.diagnostics import SNNError
from snnir.support.pass_base import OptionInfo, option_infos
from snnir.support.pipeline import unknown_name
from snnir.support.registry import Registry

_WIDTH = 100


def list_passes(registry: Registry, pattern: str | None, stream: IO[str]) -> None:
    """Describe the passes and pipelines whose name matches the regular expression `pattern`.

    Without a pattern, the passes and pipelines that do not come with xDSL are described, and the
    names of the others are listed.

    Raises `SNNError` when `pattern` is no regular expression or matches nothing.
    """
    if pattern is not None:
        expression = compile_pattern(pattern)
        chosen = {n for n in registry.passes if expression.search(n)}
        pipelines = {n for n in registry.pipelines if expression.search(n)}
        if not chosen and not pipelines:
            known = [*registry.passes, *registry.pipelines]
            raise SNNError(f"no name matches: {unknown_name('pass', pattern, known)}")
        _describe_all("Passes", registry.passes, chosen, stream)
        if pipelines:
            stream.write("\n")
            _describe_all("Pipelines", registry.pipelines, pipelines, stream)
        return
    own = registry.passes.keys() - XDSL_UNIVERSE.all_passes.keys()
    _describe_all("Passes", registry.passes, own, stream)
    if registry.pipelines:
        stream.write("\n")
        _describe_all("Pipelines", registry.pipelines, set(registry.pipelines), stream)
    _list_names("Passes of xDSL, described by --list-passes=REGEX", registry.passes, own, stream)


def list_targets(registry: Registry, stream: IO[str]) -> None:
    """Describe the targets that do not come with xDSL, and list the names of the others."""
    own = registry.targets.keys() - XDSL_UNIVERSE.all_targets.keys()
    _describe_all("Targets", registry.targets, own, stream)
    _list_names("Targets of xDSL, some of which need other packages", registry.targets, own, stream)


def list_dialects(registry: Registry, stream: IO[str]) -> None:
    """List the names of all dialects, those that do not come with xDSL first."""
    own = registry.dialects.keys() - XDSL_UNIVERSE.all_dialects.keys()
    stream.write(f"Dialects:\n{textwrap.fill(', '.join(sorted(own)), _WIDTH, **_indent(2, 2))}\n")
    _list_names("Dialects of xDSL", registry.dialects, own, stream)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a regular expression that the user gave.

    Raises `SNNError` when it is none.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise SNNError(f"'{pattern}' is no regular expression: {error}") from error


def _describe_all(
    title: str,
    factories: Mapping[str, Callable[[], type[Any] | str]],
    chosen: set[str],
    stream: IO[str],
) -> None:
    stream.write(f"{title}:\n")
    for name in sorted(chosen):
        cls = factories[name]()
        if isinstance(cls, str):
            stream.write(f"  {name}\n      {cls}\n")
            continue
        summary = (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")
        stream.write(textwrap.fill(f"{name}: {summary}", _WIDTH, **_indent(2, 6)) + "\n")
        for option in option_infos(cls):
            stream.write(_describe_option(option) + "\n")


def _describe_option(option: OptionInfo) -> str:
    default = "required" if option.default is None else f"default: {option.default}"
    text = f"{option.name}=<{option.type}>  {option.help} ({default})"
    return textwrap.fill(text, _WIDTH, **_indent(6, 10))


def _list_names(title: str, known: Iterable[str], described: set[str], stream: IO[str]) -> None:
    names = ", ".join(sorted(set(known) - described))
    stream.write(f"\n{title}:\n{textwrap.fill(names, _WIDTH, **_indent(2, 2))}\n")


def _indent(first: int, rest: int) -> dict[str, Any]:
    return {
        "initial_indent": " " * first,
        "subsequent_indent": " " * rest,
        "break_on_hyphens": False,
        "break_long_words": False,
    }
