// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --kernels-hoist-static-input --remarks 2>%t.txt | filecheck %s
// RUN: filecheck %s --check-prefix=REMARKS --input-file=%t.txt
// RUN: snn-opt %s --kernels-hoist-static-input=keep-arena=true | filecheck %s --check-prefix=KEPT
// RUN: snn-opt %s -p 'kernels-hoist-static-input,kernels-plan-memory' -t snn-c | filecheck %s --check-prefix=C
// RUN: not snn-opt %s -p 'kernels-plan-memory,kernels-hoist-static-input' 2>&1 | filecheck %s --check-prefix=PLANNED

// The pooled frame is what neurons read at every step; the frame itself is not needed again.
// CHECK: %copy = snnrt.buffer "copy" transient
// CHECK-NEXT: %pooled = snnrt.buffer "pooled" state
// CHECK: snnrt.values_to_hwc %frame, %copy {{{.*}}once} :
// CHECK-NEXT: snnrt.max_pool2d %copy, %pooled {{{.*}}once} :
// CHECK-NEXT: snnrt.li %membrane, %pooled, %leak
// CHECK-NOT: once
// CHECK: snnrt.output

// REMARKS: remark: {{.*}}2 of 4 calls run once in a sequence; 4 bytes that they write are kept

// KEPT-NOT: once

// C: static void compute_once(uint8_t *arena) {
// C-NEXT:   call_1_max_pool2d(arena);
// C-NEXT: }
// C: if (network->step == 0 && !read_frame(network->arena, frame)) {
// C: if (network->step == 0) {
// C-NEXT: compute_once(network->arena);

// PLANNED: error: 'snnrt.network' op memory is planned already; hoist before kernels-plan-memory

snnrt.network @net(%frame: memref<1x4x8xi8>) -> (memref<4xi16>, memref<4xi32>) attributes {timesteps = 5 : i64, input = #snn<input static_values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64, input_scale = 1.0 : f64} {
  %copy = snnrt.buffer "copy" transient : memref<4x8x1xi8>
  %pooled = snnrt.buffer "pooled" transient : memref<1x4x1xi8>
  %membrane = snnrt.buffer "membrane" state : memref<1x4x1xi16>
  %scores = snnrt.buffer "scores" state : memref<4xi32>
  %leak = snnrt.constant "leak" dense<16384> : tensor<4xi32> : memref<4xi32>
  %flat = snnrt.view %membrane : memref<1x4x1xi16> to memref<4xi16>
  snnrt.values_to_hwc %frame, %copy {maximum = 127 : i64} : memref<1x4x8xi8>, memref<4x8x1xi8>
  snnrt.max_pool2d %copy, %pooled {kernel = array<i64: 4, 2>, stride = array<i64: 4, 2>} : memref<4x8x1xi8>, memref<1x4x1xi8>
  snnrt.li %membrane, %pooled, %leak {layer = "out", shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<1x4x1xi16>, memref<1x4x1xi8>, memref<4xi32>
  snnrt.read_membrane %flat, %scores {reduction = "last"} : memref<4xi16>, memref<4xi32>
  snnrt.output %flat, %scores : memref<4xi16>, memref<4xi32>
}
