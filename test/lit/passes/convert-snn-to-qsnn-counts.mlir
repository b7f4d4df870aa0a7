// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file --verify-diagnostics -p 'convert-snn-to-qsnn{input-maximum=4}' | filecheck %s

// Fully connected layers read sums of spikes that do not fit a byte.
// CHECK: qsnn.sum_pool2d %{{.*}} kernel [12, 12] stride [12, 12] : (tensor<2x12x12xi8>) -> tensor<2x1x1xi16>
// CHECK: qsnn.linear %{{.*}} : (tensor<2xi16>, tensor<3x2xi8>) -> tensor<3xi32>
snn.network @averaged(%frame: tensor<2x12x12xf32>) -> tensor<3xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %pooled = snn.avg_pool2d %frame kernel [12, 12] stride [12, 12] : (tensor<2x12x12xf32>) -> tensor<2x1x1xf32>
  %flat = snn.flatten %pooled : (tensor<2x1x1xf32>) -> tensor<2xf32>
  %w = snn.weight dense<[[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]> : tensor<3x2xf32>
  %current = snn.linear %flat, %w : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<3xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  snn.output %spikes : tensor<3xi1>
}

// -----

// Convolutions do not.
snn.network @convolved(%frame: tensor<2x12x12xf32>) -> tensor<3xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %pooled = snn.sum_pool2d %frame kernel [12, 12] stride [12, 12] : (tensor<2x12x12xf32>) -> tensor<2x1x1xf32>
  %w = snn.weight dense<1.0> : tensor<3x2x1x1xf32>
  // expected-error @+1 {{reads sums of spikes or counts between 0 and 576, which do not fit 8 bits; pool windows of at most 127 spikes, or put a neuron between}}
  %current = snn.conv2d %pooled, %w : (tensor<2x1x1xf32>, tensor<3x2x1x1xf32>) -> tensor<3x1x1xf32>
  %flat = snn.flatten %current : (tensor<3x1x1xf32>) -> tensor<3xf32>
  %spikes, %membrane = snn.lif %flat beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  snn.output %spikes : tensor<3xi1>
}

// -----

// Nor do 16 bits hold every sum.
snn.network @large(%frame: tensor<1x100x100xf32>) -> tensor<3xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %parts = snn.sum_pool2d %frame kernel [10, 10] stride [10, 10] : (tensor<1x100x100xf32>) -> tensor<1x10x10xf32>
  %pooled = snn.sum_pool2d %parts kernel [10, 10] stride [10, 10] : (tensor<1x10x10xf32>) -> tensor<1x1x1xf32>
  %flat = snn.flatten %pooled : (tensor<1x1x1xf32>) -> tensor<1xf32>
  %w = snn.weight dense<1.0> : tensor<3x1xf32>
  // expected-error @+1 {{reads sums of spikes or counts between 0 and 40000, which do not fit 16 bits; pool windows of at most 32,767 spikes, or put a neuron between}}
  %current = snn.linear %flat, %w : (tensor<1xf32>, tensor<3x1xf32>) -> tensor<3xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  snn.output %spikes : tensor<3xi1>
}
