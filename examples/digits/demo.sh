#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Take the trained digits network to C for a Cortex-M7 and prove that the C computes what snnTorch computes.
# Needs `snnir` on the PATH; `make demo` sees to that. Everything is written to build/digits/.

set -euo pipefail
cd "$(dirname "$0")/../.."

example=examples/digits
output=build/digits
target=mps2-an500
mkdir -p "$output"

step() {
    printf '\n$ %s\n' "$*"
    "$@"
}

on_target=(--target "$target")
if ! command -v arm-none-eabi-gcc >/dev/null || ! command -v qemu-system-arm >/dev/null; then
    echo "demo: no cross compiler or no emulator: validation stops at the C library on this computer"
    on_target=()
fi

step snnir import "$example/model.py:build" --weights "$example/weights.pt" \
    --input-shape 2,12,12 --timesteps 16 -o "$output/digits.mlir"
step snnir explore "$output/digits.mlir" --target "$target" --data "$example/test.npz"
step snnir compile "$output/digits.mlir" --target "$target" -o "$output/lib" \
    --data "$example/test.npz" --optimize speed
step snnir validate "$output/digits.mlir" --module "$example/model.py:build" \
    --weights "$example/weights.pt" --data "$example/test.npz" --optimize speed "${on_target[@]}"
