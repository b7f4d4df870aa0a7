// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --snn-fold-scale --split-input-file --verify-diagnostics | filecheck %s

// One factor for each output multiplies the rows.
// CHECK-LABEL: snn.network @rows
// CHECK-NEXT: %[[WEIGHT:[a-z0-9_]+]] = snn.weight dense<{{\[\[}}1.500000e+00, 1.500000e+00, 1.500000e+00], [-6.000000e+00, -6.000000e+00, -6.000000e+00]]> : tensor<2x3xf32>
// CHECK-NEXT: %[[BIAS:[a-z0-9_]+]] = snn.weight dense<[1.000000e+00, -4.000000e+00]> : tensor<2xf32>
// CHECK-NEXT: snn.linear %frame, %[[WEIGHT]], %[[BIAS]]
// CHECK-NEXT: snn.li
snn.network @rows(%frame: tensor<3xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %weight = snn.weight dense<3.0> : tensor<2x3xf32>
  %bias = snn.weight dense<2.0> : tensor<2xf32>
  // expected-remark @below {{absorbed a scale}}
  %0 = snn.linear %frame, %weight, %bias : (tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = snn.scale %0 by dense<[0.5, -2.0]> : tensor<2xf32> : (tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}

// -----

// Graded spikes: the factor of a neuron's output goes into the columns of both layers behind it.
// CHECK-LABEL: snn.network @columns
// CHECK-NOT: snn.scale
// CHECK: dense<[{{\[\[}}[2.500000e-01]], {{\[\[}}4.000000e+00]]]]> : tensor<1x2x1x1xf32>
// CHECK: dense<[{{\[\[}}[1.500000e+00]]], {{\[\[\[}}2.400000e+01]]]]> : tensor<2x1x1x1xf32>
// CHECK: snn.output
snn.network @columns(%frame: tensor<2x1x1xf32>) -> (tensor<1x1x1xf32>, tensor<2x1x1xf32>) attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %spikes, %membrane = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "hidden"} : (tensor<2x1x1xf32>) -> (tensor<2x1x1xi1>, tensor<2x1x1xf32>)
  %graded = snn.scale %spikes by dense<[[[0.25]], [[4.0]]]> : tensor<2x1x1xf32> : (tensor<2x1x1xi1>) -> tensor<2x1x1xf32>
  %one = snn.weight dense<1.0> : tensor<1x2x1x1xf32>
  %0 = snn.conv2d %graded, %one : (tensor<2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1xf32>
  %six = snn.weight dense<6.0> : tensor<2x1x1x1xf32>
  %1 = snn.conv2d %graded, %six groups 2 : (tensor<2x1x1xf32>, tensor<2x1x1x1xf32>) -> tensor<2x1x1xf32>
  %a = snn.li %0 beta 0.5 : f32 {layer = "a"} : (tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  %b = snn.li %1 beta 0.5 : f32 {layer = "b"} : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
  snn.output %a, %b : tensor<1x1x1xf32>, tensor<2x1x1xf32>
}

// -----

// The current is also used without the factor.
// CHECK-LABEL: snn.network @used_twice
// CHECK: snn.linear %frame, %weight, %bias
// CHECK-NEXT: snn.scale
snn.network @used_twice(%frame: tensor<3xf32>) -> (tensor<2xf32>, tensor<2xf32>) attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %weight = snn.weight dense<3.0> : tensor<2x3xf32>
  %bias = snn.weight dense<2.0> : tensor<2xf32>
  %0 = snn.linear %frame, %weight, %bias : (tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2xf32>
  // expected-remark @below {{kept: no linear layer or convolution takes its factor}}
  %1 = snn.scale %0 by 2.0 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  %other = snn.li %0 beta 0.5 : f32 {layer = "other"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out, %other : tensor<2xf32>, tensor<2xf32>
}

// -----

// The factor varies within a channel.
// CHECK-LABEL: snn.network @by_position
// CHECK: snn.conv2d
// CHECK-NEXT: snn.scale
snn.network @by_position(%frame: tensor<1x1x2xf32>) -> tensor<1x1x2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %weight = snn.weight dense<1.0> : tensor<1x1x1x1xf32>
  %0 = snn.conv2d %frame, %weight : (tensor<1x1x2xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x2xf32>
  // expected-remark @below {{kept: no linear layer or convolution takes its factor}}
  %1 = snn.scale %0 by dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32> : (tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  snn.output %out : tensor<1x1x2xf32>
}
