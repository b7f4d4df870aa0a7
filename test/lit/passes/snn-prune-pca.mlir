// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p 'snn-prune-pca{calibration="%S/../Inputs/calibration.npz"}' --verify-diagnostics | filecheck %s
// RUN: snn-opt %s --split-input-file -p 'snn-prune-pca{calibration="%S/../Inputs/calibration.npz"}' --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=STATISTICS
// RUN: snn-opt %s --split-input-file -p 'snn-prune-pca{calibration="%S/../Inputs/calibration.npz" channels=5}' --remarks 2>&1 | filecheck %s --check-prefix=CHANNELS

// CHANNELS: remark: 'snn.conv2d' op has only 3 of the 5 channels that were asked for
// STATISTICS: (S) 2 channels removed
// STATISTICS: (S) 8 samples

// Three multiples of one input are one dimension, and the layer behind gets the sum of its columns.
// CHECK-LABEL: snn.network @one_dimension
// CHECK-NEXT: snn.weight dense<3.000000e+00> : tensor<1x1x1x1xf32>
// CHECK-NEXT: snn.conv2d {{.*}} -> tensor<1x4x4xf32>
// CHECK-NEXT: snn.lif {{.*}} {layer = "hidden", rate = 6.250000e-01 : f32
// CHECK-NEXT: snn.flatten {{.*}} -> tensor<16xi1>
// CHECK-NEXT: snn.weight dense<{{[56]}}.{{[0-9]+}}{{(e\+00)?}}> : tensor<2x16xf32>
// expected-remark @below {{removed 2 of 5 channels; parameters 99 -> 33, neurons 50 -> 18, MACs per step 144 -> 48 (3.00x fewer); exact on 4 samples}}
snn.network @one_dimension(%frame: tensor<1x4x4xf32>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %kernel = snn.weight dense<[[[[2.0]]], [[[2.5]]], [[[3.0]]]]> : tensor<3x1x1x1xf32>
  // expected-remark @below {{1 of 3 principal components reach 99.9 % of the variance of 64 potentials: removed 0, 1}}
  %current = snn.conv2d %frame, %kernel : (tensor<1x4x4xf32>, tensor<3x1x1x1xf32>) -> tensor<3x4x4xf32>
  %spikes, %membrane = snn.lif %current beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt {layer = "hidden"} : (tensor<3x4x4xf32>) -> (tensor<3x4x4xi1>, tensor<3x4x4xf32>)
  %flat = snn.flatten %spikes : (tensor<3x4x4xi1>) -> tensor<48xi1>
  %weight = snn.weight dense<2.0> : tensor<2x48xf32>
  // expected-remark @below {{kept all channels: the network returns them}}
  %sums = snn.linear %flat, %weight : (tensor<48xi1>, tensor<2x48xf32>) -> tensor<2xf32>
  %out, %out_membrane = snn.lif %sums beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "output"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}

// -----

// CHECK-LABEL: snn.network @few_observations
// CHECK: snn.linear {{.*}} -> tensor<3xf32>
// expected-remark @below {{nothing removed, measured on 4 samples}}
snn.network @few_observations(%frame: tensor<1x4x4xf32>) -> tensor<2xf32> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  %flat = snn.flatten %frame : (tensor<1x4x4xf32>) -> tensor<16xf32>
  %weight = snn.weight dense<2.0> : tensor<3x16xf32>
  // expected-remark @below {{kept all channels: 4 observations are too few for 3 channels; give more samples}}
  %current = snn.linear %flat, %weight : (tensor<16xf32>, tensor<3x16xf32>) -> tensor<3xf32>
  %spikes, %membrane = snn.lif %current beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt {layer = "hidden"} : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  %readers = snn.weight dense<2.0> : tensor<2x3xf32>
  // expected-remark @below {{kept all channels: 'snn.li' never spikes, its membrane is read}}
  %sums = snn.linear %spikes, %readers : (tensor<3xi1>, tensor<2x3xf32>) -> tensor<2xf32>
  %out = snn.li %sums beta 0.5 : f32 {layer = "output"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}
