// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-measure-activity{calibration="%S/../Inputs/calibration.npz"}' --verify-diagnostics | filecheck %s
// RUN: snn-opt %s -p 'snn-measure-activity{calibration="%S/../Inputs/calibration.npz" samples=1}' --pass-statistics 2>&1 | filecheck %s --check-prefix=ONE

// All pixels are 1 in one step of two samples and in all four of the two others: 10 of 16 steps.
// Channel 0 fires for each, channel 1 never.
// Ages: an event in this step, in the one before, and up to 18 steps ago.
// A frame holds 0 or 16 events, all of which count 1; positions with a spike have one.
// CHECK: input_counts = dense<1.000000e+01> : tensor<3xf32>, input_values = dense<[1.000000e+01, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00]> : tensor<5xf32>, input_totals = dense<[0.000000e+00, {{.*}}, 1.600000e+01]> : tensor<33xf32>, input_rows = dense<2.500000e+00> : tensor<4xf32>
// CHECK: snn.lif %{{.*}} {layer = "hidden", rate = 3.125000e-01 : f32, channel_rates = dense<[6.250000e-01, 0.000000e+00]> : tensor<2xf32>, rate_samples = 4 : i64, position_spikes = dense<[1.000000e+00, 0.000000e+00]> : tensor<2xf32>, active_rows = dense<2.500000e+00> : tensor<4xf32>, spike_rows = dense<2.500000e+00> : tensor<4xf32>, active_columns = dense<2.500000e+00> : tensor<4xf32>, spike_columns = dense<2.500000e+00> : tensor<4xf32>, reach_ages = dense<[6.250000e-01, 1.250000e-01, 2.500000e-01, 0.000000e+00]> : tensor<4xf32>}
// CHECK: snn.li %{{.*}} {layer = "output"} :

// ONE: rate = 1.250000e-01 : f32, channel_rates = dense<[2.500000e-01, 0.000000e+00]> : tensor<2xf32>, rate_samples = 1 : i64
// ONE: (S) 1 layers measured
// ONE: (S) 1 samples
snn.network @net(%frame: tensor<1x4x4xf32>) -> tensor<2xf32> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  %kernel = snn.weight dense<[[[[2.0]]], [[[-1.0]]]]> : tensor<2x1x1x1xf32>
  %current = snn.conv2d %frame, %kernel : (tensor<1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<2x4x4xf32>
  // expected-remark @below {{fires at 31.25 % of the steps of 4 samples; 16 of 32 neurons never fire}}
  %spikes, %membrane = snn.lif %current beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt {layer = "hidden", rate = 0.0 : f32} : (tensor<2x4x4xf32>) -> (tensor<2x4x4xi1>, tensor<2x4x4xf32>)
  %flat = snn.flatten %spikes : (tensor<2x4x4xi1>) -> tensor<32xi1>
  %weight = snn.weight dense<1.0> : tensor<2x32xf32>
  %sums = snn.linear %flat, %weight : (tensor<32xi1>, tensor<2x32xf32>) -> tensor<2xf32>
  %out = snn.li %sums beta 0.5 : f32 {layer = "output"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}
