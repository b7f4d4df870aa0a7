# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import errno
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from snnir.support.atomic import atomic_directory, atomic_write, check_writable
from snnir.support.diagnostics import SNNError


def write_tree(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


def test_text_and_bytes(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as text_stream:
        text_stream.write("θ\n")
    with atomic_write(tmp_path / "a.bin", binary=True) as byte_stream:
        byte_stream.write(b"\xff")
    assert (tmp_path / "a.txt").read_bytes() == "θ\n".encode()
    assert (tmp_path / "a.bin").read_bytes() == b"\xff"


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as stream:
        stream.write(f"new {1 // 0}")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions(tmp_path: Path) -> None:
    new, script = tmp_path / "new", tmp_path / "script"
    script.touch()
    script.chmod(0o755)
    old_mask = os.umask(0o022)
    try:
        for path in (new, script):
            with atomic_write(path) as stream:
                stream.write("x")
    finally:
        os.umask(old_mask)
    assert new.stat().st_mode & 0o777 == 0o644
    assert script.stat().st_mode & 0o777 == 0o755


def test_symbolic_links_are_kept(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("file")
    with atomic_write(link) as stream:
        stream.write("x")
    assert link.is_symlink()
    assert (tmp_path / "file").read_text() == "x"


def test_devices_are_written_directly() -> None:
    with atomic_write("/dev/null") as stream:
        stream.write("x")


@pytest.mark.parametrize("name", ["missing/a.txt", "."])
def test_unwritable_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(SNNError) as written, atomic_write(path):
        pass
    with pytest.raises(SNNError) as checked:
        check_writable(path)
    assert str(written.value).startswith(f"snnir: error: cannot write '{path}': ")
    assert str(checked.value) == str(written.value)


def test_errors_about_other_files_keep_their_type(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.txt"):
        open("/no/such/file")


def test_full_disk() -> None:
    with pytest.raises(SNNError, match="No space left on device"), atomic_write("/dev/full") as s:
        s.write("x")


def test_new_directory(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with atomic_directory(target) as folder:
        write_tree(folder, a="1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert os.listdir(target.parent) == ["out"]


def test_failed_directory_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_directory(tmp_path / "out") as folder:
        write_tree(folder, a=str(1 // 0))
    assert os.listdir(tmp_path) == []


def test_earlier_output_is_replaced_and_foreign_files_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "out"
    (target / "build").mkdir(parents=True)
    write_tree(target, **{"manifest.json": "old", "notes": "mine"})
    write_tree(target / "build", cache="mine")
    with atomic_directory(target, marker="manifest.json") as folder:
        (folder / "build").mkdir()
        write_tree(folder, **{"manifest.json": "new"})
    assert (target / "manifest.json").read_text() == "new"
    assert (target / "notes").read_text() == "mine"
    assert (target / "build" / "cache").read_text() == "mine"
    assert os.listdir(tmp_path) == ["out"]


def test_empty_directory_is_taken(tmp_path: Path) -> None:
    with atomic_directory(tmp_path) as folder:
        write_tree(folder, a="1")
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("marker", [None, "manifest.json"])
def test_other_directory_is_refused(tmp_path: Path, marker: str | None) -> None:
    write_tree(tmp_path, precious="1")
    with (
        pytest.raises(SNNError, match="it is not empty"),
        atomic_directory(tmp_path, marker=marker),
    ):
        pass
    assert os.listdir(tmp_path) == ["precious"]


def test_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(SNNError, match="it is a file"), atomic_directory(path):
        pass


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_never_hides_the_earlier_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two renames the folder has another name; the user's files are moved after them."""
    target = tmp_path / "lib"
    target.mkdir()
    (target / "manifest.json").write_text("old")
    (target / "mine.txt").write_text("kept")
    rename = os.rename

    def interrupted_rename(*arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        rename(*arguments)

    monkeypatch.setattr(os, "rename", interrupted_rename)
    with (
        pytest.raises(KeyboardInterrupt),
        atomic_directory(target, marker="manifest.json") as folder,
    ):
        (folder / "manifest.json").write_text("new")
    assert (target / "manifest.json").read_text() == "new"
    assert (target / "mine.txt").read_text() == "kept"
    assert os.listdir(tmp_path) == ["lib"]


def test_a_mount_point_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a container, whose output folder is often one."""
    target = tmp_path / "out"
    target.mkdir()

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(target))

    monkeypatch.setattr(os, "replace", busy)
    with (
        pytest.raises(SNNError, match=r"out': Device or resource busy; a mount point .* folder in"),
        atomic_directory(target),
    ):
        pass
    assert os.listdir(tmp_path) == ["out"]
