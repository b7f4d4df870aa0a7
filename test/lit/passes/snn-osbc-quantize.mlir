// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-osbc-quantize{bits=2 scale-search calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s
// RUN: snn-opt %s -p 'snn-osbc-prune{layer-sparsity=0.5,0 calibration="%S/../Inputs/osbc_calibration.npz"},snn-osbc-quantize{bits=4 calibration="%S/../Inputs/osbc_calibration.npz"},convert-snn-to-qsnn' | filecheck %s --check-prefix=QSNN
// RUN: snn-opt %s -p 'snn-osbc-quantize{bits=2 scale-search calibration="%S/../Inputs/osbc_calibration.npz"}' --remarks 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: snn-opt %s -p 'snn-osbc-quantize{bits=3 sweeps=5 calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefix=SWEEPS
// RUN: not snn-opt %s -p 'snn-osbc-quantize{bits=3 sweeps=-1 calibration="%S/../Inputs/osbc_calibration.npz"}' 2>&1 | filecheck %s --check-prefix=NEGATIVE
// RUN: snn-opt %s -p 'snn-osbc-quantize{layer-bits=2,8 scale-search calibration="%S/../Inputs/osbc_calibration.npz"}' --remarks 2>&1 >/dev/null | filecheck %s --check-prefix=LAYERS

// Smaller scales are better at two bits.
// CHECK: %w1 = snn.weight dense<{{\[\[}}6.062500e-01, 0.000000e+00, 0.000000e+00, 6.062500e-01, 0.000000e+00, 6.062500e-01, 6.062500e-01, 6.062500e-01], [6.875000e-01, 0.000000e+00, 0.000000e+00, 0.000000e+00, 6.875000e-01, 0.000000e+00, 0.000000e+00, 6.875000e-01], [-6.937{{[0-9]*}}e-01, 0.000000e+00, 6.937500e-01, 6.937500e-01, 6.937500e-01, 0.000000e+00, 6.937500e-01, 0.000000e+00]]> : tensor<3x8xf32> {scale = dense<[6.062500e-01, 6.875000e-01, 6.937500e-01]> : tensor<3xf32>, bits = 2 : i64}
// CHECK: %w2 = snn.weight dense<{{\[\[}}0.5203{{[0-9]*}}, 0.000000e+00, 0.5203{{[0-9]*}}], [0.000000e+00, 6.062500e-01, 0.000000e+00]]> : tensor<2x3xf32> {scale = dense<[0.5203{{[0-9]*}}, 6.062500e-01]> : tensor<2xf32>, bits = 2 : i64}

// Pruned, quantised, converted: zeros stay, and nothing is rounded twice.
// QSNN: %0 = qsnn.weight dense<{{\[\[}}7, 0, 0, 6, 0, 6, 4, 0], [2, 0, 1, 0, 2, 0, 0, 7], [-3, 0, 5, 0, 3, 0, 7, 0]]> : tensor<3x8xi4> {scale = dense<[0.1050{{[0-9]*}}, 0.2857{{[0-9]*}}, 0.1680{{[0-9]*}}]> : tensor<3xf32>}
// QSNN: %1 = qsnn.weight dense<{{\[\[}}6, -2, 5], [-4, 7, 1]]> : tensor<2x3xi4> {scale = dense<[0.1071{{[0-9]*}}, 0.1428{{[0-9]*}}]> : tensor<2xf32>}

// REMARK: quantised 24 weights to 2 bits by membrane error on 8 samples
// REMARK: quantised 6 weights to 2 bits by membrane error on 8 samples
// LAYERS: quantised 24 weights to 2 bits
// LAYERS: quantised 6 weights to 8 bits

// The integers stay here, and the scales become the best ones for them.
// SWEEPS: snn.weight dense<{{\[\[}}0.343353{{[0-9]*}}, {{.*}}scale = dense<[0.343353{{[0-9]*}}, 0.702262{{[0-9]*}}, 0.345429{{[0-9]*}}]>
// SWEEPS: snn.weight {{.*}}scale = dense<[2.500000e-01, 3.096{{[0-9]*}}e-01]>

// NEGATIVE: error: 'snn.network' op option sweeps must be 0 or more, got -1

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
