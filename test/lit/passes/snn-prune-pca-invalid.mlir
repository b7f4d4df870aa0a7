// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-prune-pca{calibration="%S/../Inputs/calibration.npz" variance=0.0}' --verify-diagnostics

// expected-error @below {{'snn.network' op option variance must be above 0 and at most 1, got 0.0}}
snn.network @net(%frame: tensor<1x4x4xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %spikes, %membrane = snn.lif %frame beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}
