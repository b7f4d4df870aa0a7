#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Run every check of the repository in the virtual environment `make setup` made. All checks run, also after
# one has failed; pytest is the last, so that its summary is the last line. Exit status 0: all passed.

set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

# nproc would take the number of threads of one program for that of cores.
cores=$(env -u OMP_NUM_THREADS nproc)

failed=()
check() {
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

check "ruff check" ruff check .
check "ruff format" ruff format --check --quiet --diff .
check mypy mypy
# Named, because pyright would take a pyrightconfig.json in a folder above.
check pyright pyright --project pyproject.toml
check lit lit --succinct --verbose --workers "$cores" test/lit

if [ ${#failed[@]} -gt 0 ]; then
    printf 'FAILED: %s\n' "${failed[@]}" >&2
fi
echo "== pytest"
# A worker for each core, so one thread in each; of torch each has its own 600 MB.
workers=$((cores < 8 ? cores : 8))
OMP_NUM_THREADS=1 pytest --quiet -ra --numprocesses "$workers" --dist worksteal || failed+=(pytest)
[ ${#failed[@]} -eq 0 ]
