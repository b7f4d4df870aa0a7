// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7}' | filecheck %s
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7},kernels-plan-memory' | filecheck %s --check-prefix=NONE
// RUN: snn-opt %s --kernels-plan-memory --pass-statistics 2>&1 | filecheck %s --check-prefix=STATISTICS
// RUN: not snn-opt %s --kernels-plan-memory=flash-limit=15 2>&1 | filecheck %s --check-prefix=FLASH
// RUN: not snn-opt %s --kernels-plan-memory=target=cortex-m8 2>&1 | filecheck %s --check-prefix=TARGET

// The pooled current and the sum take the place of the current, which nothing needs any more; each
// buffer and constant names its memory.
// CHECK: state_bytes = 24 : i64, arena_bytes = 56 : i64
// CHECK-NEXT: %current = snnrt.buffer "current" transient {memory = "DTCMRAM", offset = 24 : i64}
// CHECK-NEXT: %pooled = snnrt.buffer "pooled" transient {memory = "DTCMRAM", offset = 24 : i64}
// CHECK-NEXT: %doubled = snnrt.buffer "doubled" transient {memory = "DTCMRAM", offset = 24 : i64}
// CHECK-NEXT: %membrane = snnrt.buffer "membrane" state {memory = "DTCMRAM", offset = 0 : i64}
// CHECK-NEXT: %scores = snnrt.buffer "scores" state {memory = "DTCMRAM", offset = 8 : i64}
// CHECK-NEXT: %leak = snnrt.constant "leak" dense<16384> : tensor<4xi32> {memory = "FLASH"}

// NONE-NOT: memory =

// STATISTICS: 2 buffers written in place
// STATISTICS: 0 packing gap bytes

// FLASH: kernels-plan-memory-target.mlir:{{[0-9]+}}:1: error: 'snnrt.network' op needs 16 bytes of flash for constants alone, 1 more than the limit; largest: leak (16 bytes, layer out)
// TARGET: error: unknown target 'cortex-m8'; known targets are host, mps2-an500, portenta-h7

snnrt.network @net(%frame: memref<1x4x8xi8>) -> (memref<4xi16>, memref<4xi32>) attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64} {
  %current = snnrt.buffer "current" transient : memref<4x8x1xi8>
  %pooled = snnrt.buffer "pooled" transient : memref<1x4x1xi8>
  %doubled = snnrt.buffer "doubled" transient : memref<1x4x1xi8>
  %membrane = snnrt.buffer "membrane" state : memref<1x4x1xi16>
  %scores = snnrt.buffer "scores" state : memref<4xi32>
  %leak = snnrt.constant "leak" dense<16384> : tensor<4xi32> : memref<4xi32>
  %flat = snnrt.view %membrane : memref<1x4x1xi16> to memref<4xi16>
  snnrt.values_to_hwc %frame, %current {maximum = 127 : i64} : memref<1x4x8xi8>, memref<4x8x1xi8>
  snnrt.max_pool2d %current, %pooled {kernel = array<i64: 4, 2>, stride = array<i64: 4, 2>} : memref<4x8x1xi8>, memref<1x4x1xi8>
  snnrt.add %pooled, %pooled, %doubled : memref<1x4x1xi8>, memref<1x4x1xi8>, memref<1x4x1xi8>
  snnrt.li %membrane, %doubled, %leak {layer = "out", shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi16>, memref<1x4x1xi8>, memref<4xi32>
  snnrt.read_membrane %flat, %scores {reduction = "last"} : memref<4xi16>, memref<4xi32>
  snnrt.output %flat, %scores : memref<4xi16>, memref<4xi32>
}
