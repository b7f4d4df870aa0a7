// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: %values, %pairs, %words, %current = "test.op"()
%values, %pairs, %words, %current = "test.op"() : () -> (memref<5xi8>, memref<4xi32>, memref<20xi32>, memref<10xi16>)
// CHECK-NEXT: snnrt.linear_dot %values, %pairs, %words, %current : memref<5xi8>, memref<4xi32>, memref<20xi32>, memref<10xi16>
snnrt.linear_dot %values, %pairs, %words, %current : memref<5xi8>, memref<4xi32>, memref<20xi32>, memref<10xi16>

// CHECK-NEXT: %image, %strip, %pairs_1, %words_1, %current_1 = "test.op"()
%image, %strip, %pairs_1, %words_1, %current_1 = "test.op"() : () -> (memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x3x3xi32>)
// CHECK-NEXT: snnrt.conv2d_dot %image, %strip, %pairs_1, %words_1, %current_1 {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>} : memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x3x3xi32>
snnrt.conv2d_dot %image, %strip, %pairs_1, %words_1, %current_1 {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>} : memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x3x3xi32>

// CHECK-NEXT: %rows, %pooled = "test.op"()
%rows, %pooled = "test.op"() : () -> (memref<2x2x3xi32>, memref<1x1x3xi32>)
// CHECK-NEXT: %strip_1 = "test.op"()
%strip_1 = "test.op"() : () -> memref<36xi8>
// CHECK-NEXT: snnrt.conv2d_dot_pool2d %image, %strip_1, %pairs_1, %words_1, %rows, %pooled {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>, window = array<i64: 2, 2>, sum = true} : memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<2x2x3xi32>, memref<1x1x3xi32>
snnrt.conv2d_dot_pool2d %image, %strip_1, %pairs_1, %words_1, %rows, %pooled {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>, window = array<i64: 2, 2>, sum = true} : memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<2x2x3xi32>, memref<1x1x3xi32>

// CHECK-NEXT: %counts, %quads, %sums = "test.op"()
%counts, %quads, %sums = "test.op"() : () -> (memref<5xi16>, memref<15xi32>, memref<10xi32>)
// CHECK-NEXT: snnrt.linear_counts %counts, %quads, %sums : memref<5xi16>, memref<15xi32>, memref<10xi32>
snnrt.linear_counts %counts, %quads, %sums : memref<5xi16>, memref<15xi32>, memref<10xi32>
