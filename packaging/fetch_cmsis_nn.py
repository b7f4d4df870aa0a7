# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Unpack the CMSIS-NN sources from a pinned package of the Python package index.

    python packaging/fetch_cmsis_nn.py FOLDER

The wheel aidge-export-arm-cortexm 0.2.1 ships CMSIS-NN v5.0.0 plus 8 commits unchanged (commit
3b4e406b144f of github.com/ARM-software/CMSIS-NN, Apache-2.0); newer versions of the package do not.
FOLDER gets the folders Include and Source, either whole or not at all. Does nothing when they are
there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = (
    "aidge-export-arm-cortexm==0.2.1 "
    "--hash=sha256:0ea6a694b8c1397bf52158c27854bbd4ddfca433ed4cf06a4c92843b480acbf0\n"
)
PREFIX = "aidge_export_arm_cortexm/_CMSIS-NN/CMSIS-NN/"
FILES = 96


def sources(folder: Path) -> list[Path]:
    """Return the C files in the folders Include and Source of `folder`."""
    return [
        file
        for part in ("Include", "Source")
        for file in (folder / part).rglob("*")
        if file.suffix in (".c", ".h")
    ]


def download(folder: Path) -> Path:
    """Return the path of the wheel, downloaded into `folder`; pip compares it with the hash."""
    requirements = folder / "requirements.txt"
    requirements.write_text(REQUIREMENT)
    command = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--dest", str(folder), "-r", str(requirements)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def unpack(wheel: Path, folder: Path) -> None:
    """Unpack the C files of Include and Source from `wheel` into `folder`.

    Raises ValueError when they are not the expected number.
    """
    wanted = (PREFIX + "Include/", PREFIX + "Source/")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(wanted) and name.endswith((".c", ".h")):
                target = folder / name.removeprefix(PREFIX)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    if len(sources(folder)) != FILES:
        raise ValueError(f"{wheel.name} holds {len(sources(folder))} C files, not {FILES}")


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: fetch_cmsis_nn.py FOLDER", file=sys.stderr)
        return 2
    destination = Path(sys.argv[1]).resolve()
    if len(sources(destination)) == FILES:
        return 0
    destination.parent.mkdir(parents=True, exist_ok=True)
    # Beside the destination, because a rename works within one file system only.
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix="cmsis-nn-") as temporary:
        fresh = Path(temporary) / "cmsis-nn"
        try:
            unpack(download(Path(temporary)), fresh)
        except (OSError, subprocess.CalledProcessError, zipfile.BadZipFile, ValueError) as error:
            print(f"fetch_cmsis_nn: error: no CMSIS-NN sources: {error}", file=sys.stderr)
            return 1
        shutil.rmtree(destination, ignore_errors=True)
        try:
            os.rename(fresh, destination)
        except OSError:
            # Another process was first; its files are as good, if they are all there.
            if len(sources(destination)) != FILES:
                raise
    print(f"CMSIS-NN: {FILES} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
