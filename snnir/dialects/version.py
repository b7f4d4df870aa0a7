# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The version of the textual form, which every module carries, and files that are newer."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects.builtin import IntegerAttr, ModuleOp

from snnir.support.diagnostics import SNNError, error_at

VERSION = 1
"""Value of the module attribute `snn.version`; readers refuse newer files."""

VERSION_ATTRIBUTE = "snn.version"

_VERSION_TEXT = re.compile(rb"\bsnn\.version\s*=\s*([0-9]{1,9})\b")


def check_version(module: ModuleOp) -> None:
    """Accept a module of this version, of an older one, or of none.

    Raises:
        SNNError: it is of a newer version, or its version is no integer.
    """
    version = module.attributes.get(VERSION_ATTRIBUTE)
    if version is None:
        return
    if not isinstance(version, IntegerAttr):
        raise error_at(module, f"has the {VERSION_ATTRIBUTE} {version}; an integer is needed")
    if version.value.data > VERSION:
        raise error_at(module, _newer(version.value.data))


@contextmanager
def syntax_of_newer_versions(content: bytes, name: str, line_offset: int = 0) -> Generator[None]:
    """Around what parses `content`: what looks like a mistake may be syntax that is not known yet.

    Raises:
        SNNError: in the place of another one, if the text says that it is of a newer version.
    """
    try:
        yield
    except SNNError:
        found = _VERSION_TEXT.search(content)
        if found is not None and int(found[1]) > VERSION:
            line = content.count(b"\n", 0, found.start()) + 1 + line_offset
            column = found.start() - content.rfind(b"\n", 0, found.start())
            raise SNNError(_newer(int(found[1])), (name, line, column)) from None
        raise


def _newer(version: int) -> str:
    return (
        f"{VERSION_ATTRIBUTE} {version} is newer than this program, which reads up to {VERSION}; "
        "install a newer snnir"
    )
