// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --verify-diagnostics --split-input-file --convert-qsnn-to-kernels=kernels=cmsis_s4 | filecheck %s

// Sums of 18 weights up to 7 over spikes, and of 16 weights over spikes, fit 8 bits. Weights are
// stored two in a byte. Sums over windows of four spikes are means of spikes times four.
// CHECK: snnrt.network @exact
// CHECK: %conv2d_weights = snnrt.constant "conv2d_weights" dense<119> : tensor<36xi8>
// CHECK: %sum_pool2d_factor = snnrt.constant "sum_pool2d_factor" dense<4> : tensor<1xi32>
// CHECK: %linear_weights = snnrt.constant "linear_weights" dense<17> : tensor<16xi8>
// CHECK: cmsis_nn.convolve_wrapper_s4 %input, %conv2d_weights, %conv2d_multipliers, %conv2d_shifts, %conv2d_scratch, %conv2d_sums
// CHECK-NEXT: snnrt.widen %conv2d_sums, %conv2d_current : memref<4x4x4xi8>, memref<4x4x4xi16>
// CHECK: snnrt.scale %hidden_spikes, %sum_pool2d_factor, %sum_pool2d_scaled : memref<4x4x4xi8>, memref<1xi32>, memref<4x4x4xi8>
// CHECK-NEXT: cmsis_nn.avgpool %sum_pool2d_scaled, %sum_pool2d_scratch, %sum_pool2d_output
// CHECK-NEXT: cmsis_nn.fully_connected_s4 %sum_pool2d_output_1, %linear_weights, %linear_sums
// CHECK-NEXT: snnrt.widen %linear_sums, %linear_current
qsnn.network @exact(%frame: tensor<2x4x4xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %kernel = qsnn.weight dense<7> : tensor<4x2x3x3xi8>
  %0 = qsnn.conv2d %frame, %kernel padding [1, 1] : (tensor<2x4x4xi8>, tensor<4x2x3x3xi8>) -> tensor<4x4x4xi16>
  %spikes, %membrane = qsnn.lif %0 leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "hidden"} : (tensor<4x4x4xi16>) -> (tensor<4x4x4xi1>, tensor<4x4x4xi16>)
  %1 = qsnn.sum_pool2d %spikes kernel [2, 2] stride [2, 2] : (tensor<4x4x4xi1>) -> tensor<4x2x2xi8>
  %flat = qsnn.reshape %1 : (tensor<4x2x2xi8>) -> tensor<16xi8>
  %weight = qsnn.weight dense<1> : tensor<2x16xi8>
  %2 = qsnn.linear %flat, %weight : (tensor<16xi8>, tensor<2x16xi8>) -> tensor<2xi16>
  %out = qsnn.li %2 leak 16384 : i32 overflow proven rounding nearest : (tensor<2xi16>) -> tensor<2xi16>
  qsnn.output %out : tensor<2xi16>
}

// -----

// One more input, a weight beyond 4 bits, and the means of a padded window, are not exact.
// CHECK: snnrt.network @inexact
// CHECK: cmsis_nn.convolve_wrapper_s16
// CHECK: snnrt.sum_pool2d
// CHECK: cmsis_nn.vec_mat_mul_result_acc_s8
qsnn.network @inexact(%frame: tensor<2x4x4xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 2 : i64} {
  %kernel = qsnn.weight dense<7> : tensor<4x2x3x3xi8>
  // expected-remark @below {{its sums reach 0 to 252, and CMSIS-NN returns 8 bits with weights of 4; uses cmsis}}
  %0 = qsnn.conv2d %frame, %kernel padding [1, 1] : (tensor<2x4x4xi8>, tensor<4x2x3x3xi8>) -> tensor<4x4x4xi16>
  %spikes, %membrane = qsnn.lif %0 leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "hidden"} : (tensor<4x4x4xi16>) -> (tensor<4x4x4xi1>, tensor<4x4x4xi16>)
  // expected-remark @below {{CMSIS-NN averages over what lies inside of a padded window; uses our kernel}}
  %1 = qsnn.sum_pool2d %spikes kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<4x4x4xi1>) -> tensor<4x3x3xi8>
  %flat = qsnn.reshape %1 : (tensor<4x3x3xi8>) -> tensor<36xi8>
  %weight = qsnn.weight dense<8> : tensor<2x36xi8>
  // expected-remark @below {{its weights need more than 4 bits; uses cmsis}}
  %2 = qsnn.linear %flat, %weight : (tensor<36xi8>, tensor<2x36xi8>) -> tensor<2xi16>
  %out = qsnn.li %2 leak 16384 : i32 overflow proven rounding nearest : (tensor<2xi16>) -> tensor<2xi16>
  qsnn.output %out : tensor<2xi16>
}
