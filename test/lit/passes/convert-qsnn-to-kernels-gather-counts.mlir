// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --convert-qsnn-to-kernels | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels,kernels-plan-memory' -t snn-c | filecheck %s --check-prefix=C

// Sums of products that need 32 bits are gathered in lanes of 16 bits, of so many rows at a time.
// Weights of 4 bits stay 4 bits, eight to a word.
// CHECK: %four_weights = snnrt.constant "four_weights" dense<-1> : tensor<64xi32> : memref<64xi32>
// CHECK: snnrt.linear_gather %input_list, %input_count, %wide_weights, %wide_current, %input {kernel = "gather", layer = "wide", lane_rows = 728 : i64}
// CHECK: snnrt.linear_gather_packed %input_list, %input_count, %four_weights, %four_current, %input {kernel = "gather", layer = "four"}

// C: snnrt_linear_gather_values_s32({{.*}}, count, {{.*}}, 728, &call_{{[0-9]+}}_linear_gather_wide_shape);
// C: snnrt_linear_gather_packed4_values_s16({{.*}}, &call_{{[0-9]+}}_linear_gather_packed_four_shape);
qsnn.network @counts(%frame: tensor<64xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 5 : i64} {
  %a = qsnn.weight dense<9> : tensor<2x64xi8>
  %x = qsnn.linear %frame, %a {kernel = "gather", layer = "wide"} : (tensor<64xi8>, tensor<2x64xi8>) -> tensor<2xi32>
  %w = qsnn.li %x leak 16384 : i32 overflow saturate rounding nearest {layer = "first"} : (tensor<2xi32>) -> tensor<2xi16>
  %b = qsnn.weight dense<7> : tensor<8x64xi4>
  %y = qsnn.linear %frame, %b {kernel = "gather", layer = "four"} : (tensor<64xi8>, tensor<8x64xi4>) -> tensor<8xi16>
  %v = qsnn.li %y leak 16384 : i32 overflow saturate rounding nearest {layer = "second"} : (tensor<8xi16>) -> tensor<8xi16>
  qsnn.output %w : tensor<2xi16>
}
