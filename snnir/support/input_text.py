# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading input files and splitting them into independent parts."""

from __future__ import annotations

import codecs
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from snnir.support.diagnostics import SNNError

STDIN_NAME = "<stdin>"

BYTECODE = b"ML\xefR"
"""How files of MLIR bytecode begin."""

DEFAULT_SPLIT_MARKER = "// -----"


@dataclass(frozen=True)
class SourceChunk:
    """A part of an input file that is processed on its own."""

    content: bytes
    line_offset: int = 0
    """The number of lines before the chunk in its file."""


def read_input(path: str) -> tuple[bytes, str]:
    """Return the content of a file, or of standard input for `-`, and its name in diagnostics.

    Raises `SNNError` when the file cannot be read or is bytecode.
    """
    if re.search(r"\.py(:\w+)?$", path):
        raise SNNError(
            f"'{path}' is Python; `snnir import` makes a network of a module, in a .mlir file"
        )
    if path == "-":
        if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise SNNError("cannot read standard input: it is closed")
        return _text(sys.stdin.buffer.read(), STDIN_NAME), STDIN_NAME
    try:
        return _text(Path(path).read_bytes(), path), path
    except OSError as error:
        raise SNNError(f"cannot read '{path}': {error.strerror or error}") from error


def _text(content: bytes, name: str) -> bytes:
    if content.startswith(BYTECODE):
        raise SNNError("this is MLIR bytecode; let mlir-opt write text", (name, 1, 1))
    # Editors on Windows begin files of UTF-8 with a mark.
    return content.removeprefix(codecs.BOM_UTF8)


def split_chunks(content: bytes, marker: str = DEFAULT_SPLIT_MARKER) -> list[SourceChunk]:
    """Split a file at the lines that consist of `marker`."""
    separator = re.compile(rb"^%s[ \t\r]*$" % re.escape(marker.encode()), re.MULTILINE)
    chunks: list[SourceChunk] = []
    line_offset = 0
    for part in separator.split(content):
        chunks.append(SourceChunk(part, line_offset))
        line_offset += part.count(b"\n")
    return chunks
