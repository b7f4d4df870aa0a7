// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --snn-fold-scale --verify-diagnostics

snn.network @computed(%frame: tensor<3xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %base = snn.weight dense<3.0> : tensor<2x3xf32>
  %zero = snn.weight dense<0.0> : tensor<2x3xf32>
  %weight = snn.add %base, %zero : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error @below {{needs constant weights; fold the operation that computes them}}
  %0 = snn.linear %frame, %weight : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %1 = snn.scale %0 by 2.0 : f32 : (tensor<2xf32>) -> tensor<2xf32>
  %out = snn.li %1 beta 0.5 : f32 {layer = "out"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}
