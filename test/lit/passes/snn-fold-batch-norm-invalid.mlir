// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --snn-fold-batch-norm --split-input-file --verify-diagnostics

snn.network @computed(%frame: tensor<3xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %mean = snn.weight dense<1.0> : tensor<2xf32>
  %variance = snn.weight dense<3.0> : tensor<2xf32>
  %gamma = snn.weight dense<[2.0, -4.0]> : tensor<2xf32>
  %beta = snn.weight dense<0.5> : tensor<2xf32>
  %base = snn.weight dense<3.0> : tensor<2x3xf32>
  %weight = snn.scale %base by 2.0 : f32 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error @below {{needs constant weights; fold the operation that computes them}}
  %0 = snn.linear %frame, %weight : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %1 = snn.batch_norm %0, %mean, %variance, %gamma, %beta epsilon 1.0 : f32 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}

// -----

snn.network @computed_mean(%frame: tensor<3xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %base = snn.weight dense<1.0> : tensor<2xf32>
  %mean = snn.scale %base by 2.0 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  %variance = snn.weight dense<3.0> : tensor<2xf32>
  %gamma = snn.weight dense<[2.0, -4.0]> : tensor<2xf32>
  %beta = snn.weight dense<0.5> : tensor<2xf32>
  %weight = snn.weight dense<3.0> : tensor<2x3xf32>
  %bias = snn.weight dense<2.0> : tensor<2xf32>
  %0 = snn.linear %frame, %weight, %bias : (tensor<3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2xf32>
  // expected-error @below {{needs constant weights}}
  %1 = snn.batch_norm %0, %mean, %variance, %gamma, %beta epsilon 1.0 : f32 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}

// -----

snn.network @root(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %ones = snn.weight dense<1.0> : tensor<2xf32>
  %variance = snn.weight dense<[1.0, -3.0]> : tensor<2xf32>
  %weight = snn.weight dense<3.0> : tensor<2x2xf32>
  %0 = snn.linear %frame, %weight : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  // expected-error @below {{variance + epsilon must be positive in all channels, got -2}}
  %1 = snn.batch_norm %0, %ones, %variance, %ones, %ones epsilon 1.0 : f32 : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}
