// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p 'snn-convert-layout' --verify-diagnostics

snn.network @convolution(%frame: tensor<1x4x4xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %kernel = snn.weight dense<2.0> : tensor<1x1x1x1xf32>
  // expected-error @below {{'snn.conv2d' op reads the frame by its channels and positions; flat frames are for networks that begin with linear layers}}
  %current = snn.conv2d %frame, %kernel : (tensor<1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x4x4xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}

// -----

snn.network @neurons(%frame: tensor<1x1x4xf32>) -> tensor<4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %flat = snn.flatten %frame : (tensor<1x1x4xf32>) -> tensor<4xf32>
  // expected-error @below {{'snn.lif' op reads the flattened frame in its order}}
  %spikes, %membrane = snn.lif %flat beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output %spikes : tensor<4xi1>
}
