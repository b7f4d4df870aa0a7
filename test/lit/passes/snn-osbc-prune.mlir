// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-osbc-prune{sparsity=0.5 calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s
// RUN: snn-opt %s -p 'snn-osbc-prune{structure=2:4 calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefix=PATTERN
// RUN: snn-opt %s -p 'snn-osbc-prune{structure=channels layer-sparsity=0.5,0 calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefix=CHANNELS
// RUN: snn-opt %s -p 'snn-osbc-prune{sparsity=0.5 sequential=asymmetric objective=current calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefix=ASYMMETRIC
// RUN: snn-opt %s -p 'snn-osbc-prune{layer-sparsity=0.5,0.5 importance=downstream calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefix=DOWNSTREAM
// RUN: snn-opt %s -p 'snn-osbc-prune{sparsity=0.5 calibration="%S/../Inputs/osbc_calibration.npz"}' --remarks 2>&1 >/dev/null | filecheck %s --check-prefix=REMARK
// RUN: snn-opt %s -p 'snn-quantize-rtn{bits=4},snn-osbc-prune{sparsity=0.5 calibration="%S/../Inputs/osbc_calibration.npz"}' --remarks 2>&1 | filecheck %s --check-prefix=GRID

// Input 7 is silent: its weights go first, also the largest. Inputs 0 and 1 are equal: one takes over.
// CHECK: %w1 = snn.weight dense<{{\[\[}}0.7353{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.6102{{[0-9]*}}, 0.000000e+00, 0.6607{{[0-9]*}}, 0.4013{{[0-9]*}}, 0.000000e+00], [0.6884{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.7253{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.000000e+00], [-0.448{{[0-9]*}}, 0.000000e+00, 0.8533{{[0-9]*}}, 0.000000e+00, 0.5077{{[0-9]*}}, 0.000000e+00, 1.1761{{[0-9]*}}, 0.000000e+00]]> : tensor<3x8xf32>
// CHECK: %w2 = snn.weight dense<{{\[\[}}7.500000e-01, -2.500000e-01, 5.000000e-01], [-0.407{{[0-9]*}}, 1.0241{{[0-9]*}}, 0.000000e+00]]> : tensor<2x3xf32>

// Two of four columns stay.
// PATTERN: %w1 = snn.weight dense<{{\[\[}}0.7353{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.6102{{[0-9]*}}, 0.000000e+00, 0.6607{{[0-9]*}}, 0.4013{{[0-9]*}}, 0.000000e+00], [0.5694{{[0-9]*}}, 0.000000e+00, 0.2948{{[0-9]*}}, 0.000000e+00, 0.5506{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 2.000000e+00], [-0.448{{[0-9]*}}, 0.000000e+00, 0.8533{{[0-9]*}}, 0.000000e+00, 0.5077{{[0-9]*}}, 0.000000e+00, 1.1761{{[0-9]*}}, 0.000000e+00]]> : tensor<3x8xf32>
// PATTERN: %w2 = snn.weight dense<{{\[\[}}5.6200{{[0-9]*}}e-01, 0.000000e+00, 0.4700{{[0-9]*}}], [-0.407{{[0-9]*}}, 1.0241{{[0-9]*}}, 0.000000e+00]]> : tensor<2x3xf32>

// One of the two channels before the flatten goes.
// CHANNELS: %w1 = snn.weight dense<{{\[\[}}0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, -0.106{{[0-9]*}}, 1.2800{{[0-9]*}}, 1.020051, 1.000000e+00], [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.7068{{[0-9]*}}, 0.4993{{[0-9]*}}, 1.2517{{[0-9]*}}e-01, 2.000000e+00], [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.6810{{[0-9]*}}, 0.2905{{[0-9]*}}, 1.1949{{[0-9]*}}, 2.500000e-01]]> : tensor<3x8xf32>
// CHANNELS: %w2 = snn.weight dense<{{\[\[}}7.500000e-01, -2.500000e-01, 5.000000e-01], [-5.000000e-01, 1.000000e+00, 1.250000e-01]]> : tensor<2x3xf32>

// The second layer is fitted on what the first one does now, to what it did.
// ASYMMETRIC: %w1 = snn.weight dense<{{\[\[}}0.7399{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.5684{{[0-9]*}}, 0.000000e+00, 0.6879{{[0-9]*}}, 0.4199{{[0-9]*}}, 0.000000e+00], [0.6283{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.7176{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.000000e+00], [-0.468{{[0-9]*}}, 0.000000e+00, 0.8641{{[0-9]*}}, 0.000000e+00, 0.5282{{[0-9]*}}, 0.000000e+00, 1.1354{{[0-9]*}}, 0.000000e+00]]> : tensor<3x8xf32>
// ASYMMETRIC: %w2 = snn.weight dense<{{\[\[}}0.6689{{[0-9]*}}, -0.157{{[0-9]*}}, 0.4966{{[0-9]*}}], [0.000000e+00, 5.138500e-01, 0.1298{{[0-9]*}}]]> : tensor<2x3xf32>

// The second neuron is read most strongly: it keeps five weights instead of four, the third three.
// DOWNSTREAM: %w1 = snn.weight dense<{{\[\[}}0.7353{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.6102{{[0-9]*}}, 0.000000e+00, 0.6607{{[0-9]*}}, 0.4013{{[0-9]*}}, 0.000000e+00], [0.4959{{[0-9]*}}, 0.000000e+00, 0.2460{{[0-9]*}}, 0.000000e+00, 0.4429{{[0-9]*}}, 0.2490{{[0-9]*}}, 0.000000e+00, 2.000000e+00], [-0.3773{{[0-9]*}}, 0.000000e+00, 1.0080{{[0-9]*}}, 0.000000e+00, 0.000000e+00, 0.000000e+00, 1.3755{{[0-9]*}}, 0.000000e+00]]> : tensor<3x8xf32>
// DOWNSTREAM: %w2 = snn.weight dense<{{\[\[}}5.6200{{[0-9]*}}e-01, 0.000000e+00, 0.4700{{[0-9]*}}], [0.000000e+00, 0.6000{{[0-9]*}}, 0.000000e+00]]> : tensor<2x3xf32>

// REMARK: pruned 58.3% of 24 weights by membrane error on 8 samples; 0 of 3 outputs have none left, 1 of 8 inputs never fired
// REMARK: pruned 16.7% of 6 weights by membrane error on 8 samples; 0 of 2 outputs have none left, 0 of 3 inputs never fired

// GRID: of 24 weights by membrane error {{.*}} inputs never fired; off the 4-bit grid now, quantise again
// GRID: of 6 weights by membrane error {{.*}} inputs never fired; off the 4-bit grid now, quantise again
// GRID-NOT: bits =

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
