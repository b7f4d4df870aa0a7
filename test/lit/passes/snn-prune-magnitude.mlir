// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-prune-magnitude{sparsity=0.5}' | filecheck %s
// RUN: snn-opt %s -p 'snn-prune-magnitude{sparsity=0.5 budget=uniform}' | filecheck %s --check-prefix=UNIFORM
// RUN: snn-opt %s -p 'snn-prune-magnitude{sparsity=0.5}' --remarks 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: not snn-opt %s -p 'snn-prune-magnitude{sparsity=1}' 2>&1 | filecheck %s --check-prefix=ALL

// ALL: error: 'snn.network' op option sparsity must be 0 or more and below 1, got 1.0
// LAMPS keeps the small second layer.
// CHECK: %w1 = snn.weight dense<{{\[\[}}0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 7.500000e-01, 0.000000e+00, 1.000000e+00], [1.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 5.000000e-01, 0.000000e+00, 0.000000e+00, 2.000000e+00], [-1.000000e+00, 5.000000e-01, 7.500000e-01, 0.000000e+00, 5.000000e-01, 0.000000e+00, 1.000000e+00, 0.000000e+00]]> : tensor<3x8xf32>
// CHECK: %w2 = snn.weight dense<{{\[\[}}7.500000e-01, -2.500000e-01, 5.000000e-01], [-5.000000e-01, 1.000000e+00, 0.000000e+00]]> : tensor<2x3xf32>

// Half of each layer.
// UNIFORM: %w1 = snn.weight dense<{{\[\[}}0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 7.500000e-01, 5.000000e-01, 1.000000e+00], [1.000000e+00, -5.000000e-01, 0.000000e+00, 0.000000e+00, 5.000000e-01, 0.000000e+00, 0.000000e+00, 2.000000e+00], [-1.000000e+00, 5.000000e-01, 7.500000e-01, 0.000000e+00, 5.000000e-01, 0.000000e+00, 1.000000e+00, 0.000000e+00]]> : tensor<3x8xf32>
// UNIFORM: %w2 = snn.weight dense<{{\[\[}}7.500000e-01, 0.000000e+00, 0.000000e+00], [-5.000000e-01, 1.000000e+00, 0.000000e+00]]> : tensor<2x3xf32>

// REMARK: pruned 58.3% of 24 weights by magnitude
// REMARK: pruned 16.7% of 6 weights by magnitude

snn.network @net(%frame: tensor<2x2x2xf32>) -> tensor<2xi1> attributes {timesteps = 6 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %flat = snn.flatten %frame : (tensor<2x2x2xf32>) -> tensor<8xf32>
  %w1 = snn.weight dense<[[0.5, 0.25, 0.125, 0.5, -0.25, 0.75, 0.5, 1.0], [1.0, -0.5, 0.25, 0.0625, 0.5, 0.25, -0.125, 2.0], [-1.0, 0.5, 0.75, 0.25, 0.5, 0.125, 1.0, 0.25]]> : tensor<3x8xf32>
  %i1 = snn.linear %flat, %w1 : (tensor<8xf32>, tensor<3x8xf32>) -> tensor<3xf32>
  %s1, %u1 = snn.lif %i1 beta 0.5 : f32 threshold 1.0 : f32 reset zero_before delayed compare ge {layer = "hidden"} : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  %w2 = snn.weight dense<[[0.75, -0.25, 0.5], [-0.5, 1.0, 0.125]]> : tensor<2x3xf32>
  %i2 = snn.linear %s1, %w2 : (tensor<3xi1>, tensor<2x3xf32>) -> tensor<2xf32>
  %s2, %u2 = snn.lif %i2 beta 0.5 : f32 threshold 1.0 : f32 reset zero_before delayed compare ge {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %s2 : tensor<2xi1>
}
