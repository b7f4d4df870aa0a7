// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: snnrt.network @net(%frame: memref<2x4x4xi8>) -> memref<3xi32> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
snnrt.network @net(%frame: memref<2x4x4xi8>) -> memref<3xi32> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  // CHECK-NEXT: %input = snnrt.buffer "input" transient : memref<4x4x2xi16>
  %input = snnrt.buffer "input" transient : memref<4x4x2xi16>
  // CHECK-NEXT: %bytes = snnrt.buffer "bytes" transient : memref<4x4x2xi8>
  %bytes = snnrt.buffer "bytes" transient : memref<4x4x2xi8>
  // CHECK-NEXT: %filter = snnrt.constant "filter" dense<1> : tensor<4x3x3x2xi8> : memref<4x3x3x2xi8>
  %filter = snnrt.constant "filter" dense<1> : tensor<4x3x3x2xi8> : memref<4x3x3x2xi8>
  // CHECK-NEXT: %multipliers = snnrt.constant "multipliers" dense<1073741824> : tensor<4xi32> : memref<4xi32>
  %multipliers = snnrt.constant "multipliers" dense<1073741824> : tensor<4xi32> : memref<4xi32>
  // CHECK-NEXT: %shifts = snnrt.constant "shifts" dense<1> : tensor<4xi32> : memref<4xi32>
  %shifts = snnrt.constant "shifts" dense<1> : tensor<4xi32> : memref<4xi32>
  // CHECK-NEXT: %scratch = snnrt.buffer "scratch" transient : memref<72xi8>
  %scratch = snnrt.buffer "scratch" transient : memref<72xi8>
  // CHECK-NEXT: %current = snnrt.buffer "current" transient : memref<4x4x4xi16>
  %current = snnrt.buffer "current" transient : memref<4x4x4xi16>
  // CHECK-NEXT: cmsis_nn.convolve_wrapper_s16 %input, %filter, %multipliers, %shifts, %scratch, %current {stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>
  cmsis_nn.convolve_wrapper_s16 %input, %filter, %multipliers, %shifts, %scratch, %current {stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>
  // CHECK-NEXT: %pooled = snnrt.buffer "pooled" transient : memref<2x2x2xi8>
  %pooled = snnrt.buffer "pooled" transient : memref<2x2x2xi8>
  // CHECK-NEXT: cmsis_nn.max_pool %bytes, %pooled {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x2xi8>, memref<2x2x2xi8>
  cmsis_nn.max_pool %bytes, %pooled {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x2xi8>, memref<2x2x2xi8>
  // CHECK-NEXT: %flat = snnrt.view %pooled : memref<2x2x2xi8> to memref<8xi8>
  %flat = snnrt.view %pooled : memref<2x2x2xi8> to memref<8xi8>
  // CHECK-NEXT: %rows = snnrt.constant "rows" dense<1> : tensor<3x8xi8> : memref<3x8xi8>
  %rows = snnrt.constant "rows" dense<1> : tensor<3x8xi8> : memref<3x8xi8>
  // CHECK-NEXT: %bias = snnrt.constant "bias" dense<0> : tensor<3xi32> : memref<3xi32>
  %bias = snnrt.constant "bias" dense<0> : tensor<3xi32> : memref<3xi32>
  // CHECK-NEXT: %narrow = snnrt.buffer "narrow" transient : memref<3xi16>
  %narrow = snnrt.buffer "narrow" transient : memref<3xi16>
  // CHECK-NEXT: %wide = snnrt.buffer "wide" transient : memref<3xi32>
  %wide = snnrt.buffer "wide" transient : memref<3xi32>
  // CHECK-NEXT: cmsis_nn.vec_mat_mul_result_acc_s8 %flat, %rows, %bias, %narrow : memref<8xi8>, memref<3x8xi8>, memref<3xi32>, memref<3xi16>
  cmsis_nn.vec_mat_mul_result_acc_s8 %flat, %rows, %bias, %narrow : memref<8xi8>, memref<3x8xi8>, memref<3xi32>, memref<3xi16>
  // CHECK-NEXT: cmsis_nn.mat_mult_nt_t_s8_s32 %flat, %rows, %wide : memref<8xi8>, memref<3x8xi8>, memref<3xi32>
  cmsis_nn.mat_mult_nt_t_s8_s32 %flat, %rows, %wide : memref<8xi8>, memref<3x8xi8>, memref<3xi32>
  // CHECK-NEXT: %columns = snnrt.buffer "columns" transient : memref<16x8xi8>
  %columns = snnrt.buffer "columns" transient : memref<16x8xi8>
  // CHECK-NEXT: %currents = snnrt.buffer "currents" transient : memref<4x4x3xi32>
  %currents = snnrt.buffer "currents" transient : memref<4x4x3xi32>
  // CHECK-NEXT: cmsis_nn.mat_mult_nt_t_s8_s32 %columns, %rows, %currents : memref<16x8xi8>, memref<3x8xi8>, memref<4x4x3xi32>
  cmsis_nn.mat_mult_nt_t_s8_s32 %columns, %rows, %currents : memref<16x8xi8>, memref<3x8xi8>, memref<4x4x3xi32>
  // CHECK-NEXT: %nibbles = snnrt.constant "nibbles" dense<17> : tensor<36xi8> : memref<36xi8>
  %nibbles = snnrt.constant "nibbles" dense<17> : tensor<36xi8> : memref<36xi8>
  // CHECK-NEXT: %sums = snnrt.buffer "sums" transient : memref<4x4x4xi8>
  %sums = snnrt.buffer "sums" transient : memref<4x4x4xi8>
  // CHECK-NEXT: cmsis_nn.convolve_wrapper_s4 %bytes, %nibbles, %multipliers, %shifts, %scratch, %sums {stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, kernel = array<i64: 3, 3>} : memref<4x4x2xi8>, memref<36xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>
  cmsis_nn.convolve_wrapper_s4 %bytes, %nibbles, %multipliers, %shifts, %scratch, %sums {stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, kernel = array<i64: 3, 3>} : memref<4x4x2xi8>, memref<36xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>
  // CHECK-NEXT: %packed = snnrt.constant "packed" dense<17> : tensor<12xi8> : memref<12xi8>
  %packed = snnrt.constant "packed" dense<17> : tensor<12xi8> : memref<12xi8>
  // CHECK-NEXT: %products = snnrt.buffer "products" transient : memref<3xi8>
  %products = snnrt.buffer "products" transient : memref<3xi8>
  // CHECK-NEXT: cmsis_nn.fully_connected_s4 %flat, %packed, %products : memref<8xi8>, memref<12xi8>, memref<3xi8>
  cmsis_nn.fully_connected_s4 %flat, %packed, %products : memref<8xi8>, memref<12xi8>, memref<3xi8>
  // CHECK-NEXT: %means = snnrt.buffer "means" transient : memref<2x2x2xi16>
  %means = snnrt.buffer "means" transient : memref<2x2x2xi16>
  // CHECK-NEXT: cmsis_nn.avgpool %input, %scratch, %means {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x2xi16>, memref<72xi8>, memref<2x2x2xi16>
  cmsis_nn.avgpool %input, %scratch, %means {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x2xi16>, memref<72xi8>, memref<2x2x2xi16>
  // CHECK-NEXT: snnrt.output %wide : memref<3xi32>
  snnrt.output %wide : memref<3xi32>
}
