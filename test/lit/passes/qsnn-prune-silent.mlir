// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p qsnn-prune-silent --verify-diagnostics | filecheck %s
// RUN: snn-opt %s --split-input-file -p qsnn-prune-silent --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=STATISTICS

// STATISTICS: (S) 4 channels removed

// Counts up to 2: channel 1 sums to at most 2, below its threshold, and goes with its scale and its
// columns. Behind it, neuron 0 only listened to channel 1 and goes as well.
// CHECK-LABEL: qsnn.network @chain
// CHECK-NEXT: qsnn.weight dense<{{\[\[\[\[}}3]]], {{\[\[\[}}-1]]]]> : tensor<2x1x1x1xi8> {scale = dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf32>}
// CHECK-NEXT: qsnn.conv2d {{.*}} -> tensor<2x1x2xi16>
// CHECK-NEXT: qsnn.lif {{.*}} threshold dense<{{\[\[\[}}4]], {{\[\[}}-1]]]> : tensor<2x1x1xi32> {{.*}} {kept_channels = array<i64: 0, 2>} : (tensor<2x1x2xi16>) -> (tensor<2x1x2xi1>, tensor<2x1x2xi16>)
// CHECK-NEXT: qsnn.reshape {{.*}} -> tensor<4xi1>
// CHECK-NEXT: qsnn.weight dense<{{\[\[}}1, 2, 5, 6]]> : tensor<1x4xi4>
// CHECK-NEXT: qsnn.linear
// CHECK-NEXT: qsnn.lif {{.*}} {kept_channels = array<i64: 1>} : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
// CHECK-NEXT: qsnn.weight dense<{{\[\[}}9], [8]]> : tensor<2x1xi8>
qsnn.network @chain(%frame: tensor<1x1x2xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %kernel = qsnn.weight dense<[[[[3]]], [[[1]]], [[[-1]]]]> : tensor<3x1x1x1xi8> {scale = dense<[0.5, 1.0, 2.0]> : tensor<3xf32>}
  %current = qsnn.conv2d %frame, %kernel : (tensor<1x1x2xi8>, tensor<3x1x1x1xi8>) -> tensor<3x1x2xi16>
  // expected-remark @below {{removed 1 of 3 channels that no input makes fire: 1}}
  %spikes, %membrane = qsnn.lif %current leak 0 : i32 threshold dense<[[[4]], [[2]], [[-1]]]> : tensor<3x1x1xi32> reset none delayed compare gt overflow proven rounding nearest : (tensor<3x1x2xi16>) -> (tensor<3x1x2xi1>, tensor<3x1x2xi16>)
  %flat = qsnn.reshape %spikes : (tensor<3x1x2xi1>) -> tensor<6xi1>
  %weight = qsnn.weight dense<[[0, 0, 7, 7, 0, 0], [1, 2, 3, 4, 5, 6]]> : tensor<2x6xi4>
  %sums = qsnn.linear %flat, %weight : (tensor<6xi1>, tensor<2x6xi4>) -> tensor<2xi16>
  // expected-remark @below {{removed 1 of 2 neurons that no input makes fire: 0}}
  %hidden, %hidden_membrane = qsnn.lif %sums leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %last = qsnn.weight dense<[[4, 9], [3, 8]]> : tensor<2x2xi8>
  %scores = qsnn.linear %hidden, %last : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
  %out, %out_membrane = qsnn.lif %scores leak 16384 : i32 threshold 5 : i32 reset subtract delayed compare gt overflow proven rounding nearest : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %out : tensor<2xi1>
}

// -----

// At most 3 events in the frame: the sum is below 10, although 2 x 4 counts could give 24.
// The rates of the neuron that is left stay, the output stays although it is silent.
// CHECK-LABEL: qsnn.network @density
// CHECK-SAME: input_density = #qsnn.density<cell [], maximum 3>
// CHECK: qsnn.lif {{.*}} {kept_channels = array<i64: 1>, rate = 2.500000e-01 : f32, channel_rates = dense<2.500000e-01> : tensor<1xf32>, rate_samples = 4 : i64}
// CHECK: qsnn.output {{.*}} : tensor<1xi1>
qsnn.network @density(%frame: tensor<4xi8>) -> tensor<1xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64, input_density = #qsnn.density<cell [], maximum 3>} {
  %weight = qsnn.weight dense<[[3, 3, 3, 3], [4, 4, 4, 4]]> : tensor<2x4xi8>
  %current = qsnn.linear %frame, %weight : (tensor<4xi8>, tensor<2x4xi8>) -> tensor<2xi16>
  // expected-remark @below {{removed 1 of 2 neurons that no input makes fire: 0}}
  %spikes, %membrane = qsnn.lif %current leak 0 : i32 threshold 9 : i32 reset none delayed compare gt overflow proven rounding nearest {rate = 0.125 : f32, channel_rates = dense<[0.0, 0.25]> : tensor<2xf32>, rate_samples = 4 : i64} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %last = qsnn.weight dense<[[1, 1]]> : tensor<1x2xi8>
  %sum = qsnn.linear %spikes, %last : (tensor<2xi1>, tensor<1x2xi8>) -> tensor<1xi16>
  // expected-remark @below {{kept 1 silent neuron: the network returns them}}
  %out, %out_membrane = qsnn.lif %sum leak 0 : i32 threshold 5 : i32 reset none delayed compare gt overflow proven rounding nearest : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
  qsnn.output %out : tensor<1xi1>
}

// -----

// A layer keeps a neuron although none can fire.
// CHECK-LABEL: qsnn.network @all_silent
// CHECK: qsnn.lif {{.*}} {kept_channels = array<i64: 0>}
qsnn.network @all_silent(%frame: tensor<2xi1>) -> tensor<1xi1> attributes {timesteps = 4 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  %weight = qsnn.weight dense<1> : tensor<2x2xi8>
  %current = qsnn.linear %frame, %weight : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
  // expected-remark @below {{removed 1 of 2 neurons that no input makes fire: 1}}
  // expected-remark @below {{kept 1 silent neuron: a layer keeps at least one channel}}
  %spikes, %membrane = qsnn.lif %current leak 0 : i32 threshold 2 : i32 reset none delayed compare gt overflow proven rounding nearest : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %last = qsnn.weight dense<1> : tensor<1x2xi8>
  %sum = qsnn.linear %spikes, %last : (tensor<2xi1>, tensor<1x2xi8>) -> tensor<1xi16>
  %out, %out_membrane = qsnn.lif %sum leak 0 : i32 threshold -1 : i32 reset none delayed compare gt overflow proven rounding nearest : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
  qsnn.output %out : tensor<1xi1>
}
