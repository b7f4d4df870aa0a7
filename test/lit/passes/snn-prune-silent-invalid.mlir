// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-prune-silent{calibration="%S/../Inputs/calibration.npz" threshold=1.5}' --verify-diagnostics

// expected-error @below {{'snn.network' op option threshold must be at least 0 and below 1, got 1.5}}
snn.network @net(%frame: tensor<1x4x4xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %spikes, %membrane = snn.lif %frame beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}
