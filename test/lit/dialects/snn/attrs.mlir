// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // CHECK-NEXT: %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset none delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset none delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  // CHECK-NEXT: snn.output %spikes : tensor<2xi1>
  snn.output %spikes : tensor<2xi1>
}

// -----

// CHECK: snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 2 : i64, input = #snn<input binary_frames>, readout = #snn<readout first_spike>} {
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 2 : i64, input = #snn<input binary_frames>, readout = #snn<readout first_spike>} {
  // CHECK-NEXT: %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract immediate compare ge : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract immediate compare ge : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  // CHECK-NEXT: snn.output %spikes : tensor<2xi1>
  snn.output %spikes : tensor<2xi1>
}

// -----

// CHECK: snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  // CHECK-NEXT: %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract_decayed delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract_decayed delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  // CHECK-NEXT: snn.output %membrane : tensor<2xf32>
  snn.output %membrane : tensor<2xf32>
}

// -----

// CHECK: snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input static_values>, readout = #snn<readout max_membrane>} {
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input static_values>, readout = #snn<readout max_membrane>} {
  // CHECK-NEXT: %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset zero_before immediate compare ge : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset zero_before immediate compare ge : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  // CHECK-NEXT: snn.output %membrane : tensor<2xf32>
  snn.output %membrane : tensor<2xf32>
}

// -----

// CHECK: snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout mean_membrane>} {
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout mean_membrane>} {
  // CHECK-NEXT: %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset zero_after delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %spikes, %membrane = snn.lif %frame beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset zero_after delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  // CHECK-NEXT: snn.output %membrane : tensor<2xf32>
  snn.output %membrane : tensor<2xf32>
}
