// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: qsnn.network @net(%frame: tensor<2xi8>) -> tensor<2xi16> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_scale = 1.250000e-01 : f32} {
qsnn.network @net(%frame: tensor<2xi8>) -> tensor<2xi16> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_scale = 1.250000e-01 : f32} {
  // CHECK-NEXT: %membrane = qsnn.li %frame leak 100 : i32 overflow proven rounding nearest : (tensor<2xi8>) -> tensor<2xi16>
  %membrane = qsnn.li %frame leak 100 : i32 overflow proven rounding nearest : (tensor<2xi8>) -> tensor<2xi16>
  // CHECK-NEXT: qsnn.output %membrane : tensor<2xi16>
  qsnn.output %membrane : tensor<2xi16>
}

// -----

// CHECK: qsnn.network @net(%frame: tensor<2xi8>) -> tensor<2xi16> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_scale = 1.250000e-01 : f32} {
qsnn.network @net(%frame: tensor<2xi8>) -> tensor<2xi16> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_scale = 1.250000e-01 : f32} {
  // CHECK-NEXT: %membrane = qsnn.li %frame leak 100 : i32 overflow saturate rounding floor : (tensor<2xi8>) -> tensor<2xi16>
  %membrane = qsnn.li %frame leak 100 : i32 overflow saturate rounding floor : (tensor<2xi8>) -> tensor<2xi16>
  // CHECK-NEXT: qsnn.output %membrane : tensor<2xi16>
  qsnn.output %membrane : tensor<2xi16>
}
