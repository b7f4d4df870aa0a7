// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --snn-fold-batch-norm --split-input-file --verify-diagnostics | filecheck %s
// RUN: snn-opt %s --snn-fold-batch-norm --split-input-file --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=STATISTICS

// STATISTICS: (S) 2 batch normalisations folded

// Factors gamma / sqrt(variance + epsilon) are 1 and -2; the bias becomes (2 - 1) * factor + 0.5.
// CHECK-LABEL: snn.network @linear
// CHECK-NEXT: %[[WEIGHT:[a-z0-9_]+]] = snn.weight dense<{{\[\[}}3.000000e+00, 3.000000e+00, 3.000000e+00], [-6.000000e+00, -6.000000e+00, -6.000000e+00]]> : tensor<2x3xf32>
// CHECK-NEXT: %[[BIAS:[a-z0-9_]+]] = snn.weight dense<[1.500000e+00, -1.500000e+00]> : tensor<2xf32>
// CHECK-NEXT: snn.linear %frame, %[[WEIGHT]], %[[BIAS]]
// CHECK-NEXT: snn.li
snn.network @linear(%frame: tensor<3xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %mean = snn.weight dense<1.0> : tensor<2xf32>
  %variance = snn.weight dense<3.0> : tensor<2xf32>
  %gamma = snn.weight dense<[2.0, -4.0]> : tensor<2xf32>
  %beta = snn.weight dense<0.5> : tensor<2xf32>
  %weight = snn.weight dense<3.0> : tensor<2x3xf32>
  %bias = snn.weight dense<2.0> : tensor<2xf32>
  // expected-remark @below {{absorbed the batch normalisation of 2 channels}}
  %0 = snn.linear %frame, %weight, %bias : (tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = snn.batch_norm %0, %mean, %variance, %gamma, %beta epsilon 1.0 : f32 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}

// -----

// A layer without bias gets one; windows, groups and name stay.
// CHECK-LABEL: snn.network @grouped
// CHECK: %[[BIAS:[a-z0-9_]+]] = snn.weight dense<[-5.000000e-01, 2.500000e+00]> : tensor<2xf32>
// CHECK-NEXT: snn.conv2d %frame, %{{[a-z0-9_]+}}, %[[BIAS]] stride [2, 2] padding [1, 1] groups 2 {layer = "conv"}
// CHECK-NOT: snn.batch_norm
snn.network @grouped(%frame: tensor<2x4x4xf32>) -> tensor<2x2x2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %mean = snn.weight dense<1.0> : tensor<2xf32>
  %variance = snn.weight dense<3.0> : tensor<2xf32>
  %gamma = snn.weight dense<[2.0, -4.0]> : tensor<2xf32>
  %beta = snn.weight dense<0.5> : tensor<2xf32>
  %weight = snn.weight dense<3.0> : tensor<2x1x3x3xf32>
  %0 = snn.conv2d %frame, %weight stride [2, 2] padding [1, 1] dilation [1, 1] groups 2 {layer = "conv"} : (tensor<2x4x4xf32>, tensor<2x1x3x3xf32>) -> tensor<2x2x2xf32>
  %1 = snn.batch_norm %0, %mean, %variance, %gamma, %beta epsilon 1.0 : f32 : (tensor<2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x2x2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  snn.output %out : tensor<2x2x2xf32>
}

// -----

// The current is also used without its normalisation.
// CHECK-LABEL: snn.network @used_twice
// CHECK: snn.linear %frame, %weight, %bias
// CHECK-NEXT: snn.batch_norm
snn.network @used_twice(%frame: tensor<3xf32>) -> (tensor<2xf32>, tensor<2xf32>) attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %mean = snn.weight dense<1.0> : tensor<2xf32>
  %variance = snn.weight dense<3.0> : tensor<2xf32>
  %gamma = snn.weight dense<[2.0, -4.0]> : tensor<2xf32>
  %beta = snn.weight dense<0.5> : tensor<2xf32>
  %weight = snn.weight dense<3.0> : tensor<2x3xf32>
  %bias = snn.weight dense<2.0> : tensor<2xf32>
  %0 = snn.linear %frame, %weight, %bias : (tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2xf32>
  // expected-remark @below {{kept: its input is not a linear layer or convolution of its own}}
  %1 = snn.batch_norm %0, %mean, %variance, %gamma, %beta epsilon 1.0 : f32 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  %other = snn.li %0 beta 0.5 : f32 {layer = "other"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out, %other : tensor<2xf32>, tensor<2xf32>
}

// -----

// Nothing to fold into.
// CHECK-LABEL: snn.network @of_input
// CHECK: snn.batch_norm
snn.network @of_input(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %mean = snn.weight dense<1.0> : tensor<2xf32>
  %variance = snn.weight dense<3.0> : tensor<2xf32>
  %gamma = snn.weight dense<[2.0, -4.0]> : tensor<2xf32>
  %beta = snn.weight dense<0.5> : tensor<2xf32>
  // expected-remark @below {{kept: its input is not}}
  %1 = snn.batch_norm %frame, %mean, %variance, %gamma, %beta epsilon 1.0 : f32 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}
