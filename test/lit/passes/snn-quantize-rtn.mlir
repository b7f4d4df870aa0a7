// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-quantize-rtn{bits=3}' | filecheck %s
// RUN: snn-opt %s -p 'snn-quantize-rtn{bits=3},convert-snn-to-qsnn' | filecheck %s --check-prefix=QSNN
// RUN: snn-opt %s -p 'snn-quantize-rtn{bits=3}' --remarks 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: snn-opt %s -p 'snn-quantize-rtn{layer-bits=3,8},convert-snn-to-qsnn' | filecheck %s --check-prefix=LAYERS

// One scale for each row, recorded with the weights.
// CHECK: %w1 = snn.weight dense<{{\[\[}}0.333333343, 0.333333343, 0.000000e+00, 0.333333343, -0.333333343, 0.666666687, 0.333333343, 1.000000e+00], [0.666666687, -0.666666687, 0.000000e+00, 0.000000e+00, 0.666666687, 0.000000e+00, 0.000000e+00, 2.000000e+00], [-1.000000e+00, 0.333333343, 0.666666687, 0.333333343, 0.333333343, 0.000000e+00, 1.000000e+00, 0.333333343]]> : tensor<3x8xf32> {scale = dense<[0.333333343, 0.666666687, 0.333333343]> : tensor<3xf32>, bits = 3 : i64}
// CHECK: %w2 = snn.weight dense<{{\[\[}}7.500000e-01, -2.500000e-01, 5.000000e-01], [-0.333333343, 1.000000e+00, 0.000000e+00]]> : tensor<2x3xf32> {scale = dense<[2.500000e-01, 0.333333343]> : tensor<2xf32>, bits = 3 : i64}

// The conversion takes the same integers, although its default is 8 bits.
// QSNN: %0 = qsnn.weight dense<{{\[\[}}1, 1, 0, 1, -1, 2, 1, 3], [1, -1, 0, 0, 1, 0, 0, 3], [-3, 1, 2, 1, 1, 0, 3, 1]]> : tensor<3x8xi4> {scale = dense<[0.333333343, 0.666666687, 0.333333343]> : tensor<3xf32>}
// QSNN: %1 = qsnn.weight dense<{{\[\[}}3, -1, 2], [-1, 3, 0]]> : tensor<2x3xi4> {scale = dense<[2.500000e-01, 0.333333343]> : tensor<2xf32>}

// Each layer has its own bits.
// LAYERS: dense<{{.*}}> : tensor<3x8xi4>
// LAYERS: dense<{{.*}}> : tensor<2x3xi8>

// REMARK: rounded 24 weights to 3 bits, off by at most 0.333
// REMARK: rounded 6 weights to 3 bits, off by at most 0.167

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
