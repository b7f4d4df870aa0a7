// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p 'snn-convert-layout' --verify-diagnostics | filecheck %s
// RUN: snn-opt %s --split-input-file -p 'snn-convert-layout{order=channels-first}' | filecheck %s --check-prefix=FIRST
// RUN: snn-opt %s --split-input-file -p 'snn-convert-layout' --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=STATISTICS

// STATISTICS: (S) 4 columns permuted
// STATISTICS: (S) 1 networks changed

// Columns 0 and 1 are channel 0, 2 and 3 are channel 1: with the channels last they come by turns.
// CHECK-LABEL: snn.network @permuted(%frame: tensor<4xf32>)
// CHECK-NEXT: %weight = snn.weight dense<{{\[\[}}0.000000e+00, 2.000000e+00, 1.000000e+00, 3.000000e+00], [4.000000e+00, 6.000000e+00, 5.000000e+00, 7.000000e+00]]> : tensor<2x4xf32> {bits = 4 : i64}
// CHECK-NEXT: snn.linear %frame, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
// FIRST-LABEL: snn.network @permuted(%frame: tensor<4xf32>)
// FIRST-NEXT: %weight = snn.weight dense<{{\[\[}}0.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00, 7.000000e+00]]> : tensor<2x4xf32> {bits = 4 : i64}
// FIRST-NEXT: snn.linear %frame, %weight
// expected-remark @below {{takes frames of 4 values, 2x1x2 channels-last}}
snn.network @permuted(%frame: tensor<2x1x2xf32>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %flat = snn.flatten %frame : (tensor<2x1x2xf32>) -> tensor<4xf32>
  %weight = snn.weight dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]> : tensor<2x4xf32> {bits = 4 : i64}
  // expected-remark @below {{permuted 4 columns to channels-last}}
  %current = snn.linear %flat, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %spikes : tensor<2xi1>
}

// -----

// CHECK-LABEL: snn.network @flat(%frame: tensor<4xf32>)
// CHECK-NEXT: snn.lif %frame
// expected-remark @below {{kept: its frames are flat already}}
snn.network @flat(%frame: tensor<4xf32>) -> tensor<4xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %spikes, %membrane = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output %spikes : tensor<4xi1>
}
