# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Output files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, overload

from snnir.support.diagnostics import SNNError
from snnir.support.interrupts import interrupts_deferred

PathLike = str | os.PathLike[str]


@overload
def atomic_write(
    path: PathLike, *, binary: Literal[False] = False
) -> AbstractContextManager[IO[str]]: ...


@overload
def atomic_write(path: PathLike, *, binary: Literal[True]) -> AbstractContextManager[IO[bytes]]: ...


def atomic_write(path: PathLike, *, binary: bool = False) -> AbstractContextManager[IO[Any]]:
    """Open `path` for writing so that it changes only when the `with` block ends well.

    The content goes to a temporary file in the same folder, which replaces `path` at the end and
    is removed when the block raises. Text is UTF-8 with `\\n` line ends. Devices and pipes, such as
    `/dev/stdout`, are written directly.

    Raises `SNNError` when the file cannot be created, written or replaced.
    """
    target = Path(path)
    if _is_special(target):
        return _write_directly(target, binary)
    return _write_and_replace(target, binary)


def check_writable(path: PathLike) -> None:
    """Check, before long work, that `atomic_write` will be able to write `path`.

    Raises `SNNError` when it will not.
    """
    target = Path(os.path.realpath(path))
    with _report_os_errors(path):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        checked = target if _is_special(target) else target.parent
        if not os.access(checked, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@contextmanager
def atomic_directory(path: PathLike, *, marker: str | None = None) -> Generator[Path]:
    """Yield a new empty folder that becomes `path` when the `with` block ends well.

    An existing `path` is taken over when it is empty, or when it holds the file `marker`, which
    tells that it is an earlier output. Files of the earlier output that the new one does not have
    are kept: they may be the user's.

    Raises `SNNError` when `path` is a file, is a folder with other content, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    _check_replaceable(target, Path(path), marker)
    with _report_os_errors(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with _report_os_errors(path):
            temporary.chmod(0o777 & ~_umask())
            yield temporary
            # Between two renames the earlier output has another name.
            with interrupts_deferred():
                _replace_directory(target, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _write_directly(target: Path, binary: bool) -> Generator[IO[Any]]:
    with _report_os_errors(target), _open(target, binary) as stream:
        yield stream


@contextmanager
def _write_and_replace(path: Path, binary: bool) -> Generator[IO[Any]]:
    # A symbolic link stays one; the file that it points to is replaced.
    target = Path(os.path.realpath(path))
    with _report_os_errors(path):
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with _report_os_errors(path):
            with _open(descriptor, binary) as stream:
                yield stream
            temporary.chmod(_mode_for(target))
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _open(file: Path | int, binary: bool) -> IO[Any]:
    if binary:
        return open(file, "wb")
    return open(file, "w", encoding="utf-8", newline="\n")


@contextmanager
def _report_os_errors(path: PathLike) -> Generator[None]:
    """Turn an `OSError` about the output into an `SNNError` that names `path`."""
    try:
        yield
    except OSError as error:
        # An error that names a file outside the output's folder belongs to the body of the `with`
        # block, which may read other files; a failing write (disk full) names none.
        folder = str(Path(os.path.realpath(path)).parent)
        if error.filename is not None and not str(error.filename).startswith(folder):
            raise
        remedy = "; a mount point cannot be replaced, give a folder in it"
        hint = remedy if error.errno == errno.EBUSY else ""
        raise SNNError(f"cannot write '{path}': {error.strerror or error}{hint}") from error


def _check_replaceable(target: Path, shown: Path, marker: str | None) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise SNNError(f"cannot write the folder '{shown}': it is a file")
    if marker is not None and (target / marker).exists():
        return
    if any(target.iterdir()):
        hint = f" and holds no '{marker}'" if marker is not None else ""
        raise SNNError(f"cannot write the folder '{shown}': it is not empty{hint}")


def _replace_directory(target: Path, new: Path) -> None:
    if not target.exists():
        os.rename(new, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        os.replace(target, old)
    except OSError:
        os.rmdir(old)
        raise
    try:
        os.rename(new, target)
    except OSError:
        os.rename(old, target)
        raise
    _move_missing(old, target)
    shutil.rmtree(old, ignore_errors=True)


def _move_missing(source: Path, destination: Path) -> None:
    """Move what `destination` does not have from `source` to it."""
    for entry in list(source.iterdir()):
        counterpart = destination / entry.name
        if not os.path.lexists(counterpart):
            os.rename(entry, counterpart)
        elif entry.is_dir() and not entry.is_symlink() and counterpart.is_dir():
            _move_missing(entry, counterpart)


def _is_special(target: Path) -> bool:
    """Return whether `target` is a device, a pipe or a socket."""
    return target.exists() and not target.is_file() and not target.is_dir()


def _mode_for(target: Path) -> int:
    """Return the permissions of the file to be replaced, or those that a new file would get."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    return 0o666 & ~_umask()


def _umask() -> int:
    # The umask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
