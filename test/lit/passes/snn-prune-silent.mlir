// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p 'snn-prune-silent{calibration="%S/../Inputs/calibration.npz"}' --verify-diagnostics | filecheck %s
// RUN: snn-opt %s --split-input-file -p 'snn-prune-silent{calibration="%S/../Inputs/calibration.npz"}' --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=STATISTICS

// STATISTICS: (S) 5 channels removed
// STATISTICS: (S) 16 samples
// STATISTICS: (S) 112 parameters removed
// STATISTICS: (S) 216 MACs per step removed

// Channel 1 never fires: its kernel, bias and threshold go, and the columns 4 to 7 behind pooling
// and flattening.
// CHECK-LABEL: snn.network @backward_and_forward
// CHECK-NEXT: snn.weight dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}3.000000e+00]]]]> : tensor<2x1x1x1xf32>
// CHECK-NEXT: snn.weight dense<[0.000000e+00, 5.000000e-01]> : tensor<2xf32>
// CHECK-NEXT: snn.conv2d {{.*}} -> tensor<2x4x4xf32>
// CHECK-NEXT: snn.lif {{.*}} threshold dense<{{\[\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]]> : tensor<2x1x1xf32> {{.*}} {layer = "hidden", rate = 6.250000e-01 : f32, channel_rates = dense<6.250000e-01> : tensor<2xf32>, rate_samples = 4 : i64{{.*}}} : (tensor<2x4x4xf32>) -> (tensor<2x4x4xi1>, tensor<2x4x4xf32>)
// CHECK-NEXT: snn.max_pool2d {{.*}} -> tensor<2x2x2xi1>
// CHECK-NEXT: snn.flatten {{.*}} -> tensor<8xi1>
// CHECK-NEXT: snn.weight dense<{{\[\[}}0.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00, 8.000000e+00, 9.000000e+00, 1.000000e+01, 1.100000e+01], [0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 2.000000e+00]]> : tensor<2x8xf32>
// CHECK-NEXT: snn.linear
// expected-remark @below {{removed 1 of 5 channels; parameters 30 -> 20, neurons 50 -> 34, MACs per step 72 -> 48 (1.50x fewer); exact on 4 samples: all spikes and decisions are equal; accuracy 50.0 % -> 50.0 %}}
snn.network @backward_and_forward(%frame: tensor<1x4x4xf32>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %kernel = snn.weight dense<[[[[2.0]]], [[[1.0]]], [[[3.0]]]]> : tensor<3x1x1x1xf32>
  %bias = snn.weight dense<[0.0, -1.0, 0.5]> : tensor<3xf32>
  %current = snn.conv2d %frame, %kernel, %bias : (tensor<1x4x4xf32>, tensor<3x1x1x1xf32>, tensor<3xf32>) -> tensor<3x4x4xf32>
  // expected-remark @below {{removed 1 of 3 channels that never fire on 4 samples: 1}}
  %spikes, %membrane = snn.lif %current beta 0.0 : f32 threshold dense<[[[1.0]], [[1.5]], [[2.0]]]> : tensor<3x1x1xf32> reset none delayed compare gt {layer = "hidden"} : (tensor<3x4x4xf32>) -> (tensor<3x4x4xi1>, tensor<3x4x4xf32>)
  %pooled = snn.max_pool2d %spikes kernel [2, 2] stride [2, 2] : (tensor<3x4x4xi1>) -> tensor<3x2x2xi1>
  %flat = snn.flatten %pooled : (tensor<3x2x2xi1>) -> tensor<12xi1>
  %weight = snn.weight dense<[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]]> : tensor<2x12xf32>
  %sums = snn.linear %flat, %weight : (tensor<12xi1>, tensor<2x12xf32>) -> tensor<2xf32>
  %out, %out_membrane = snn.lif %sums beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "output"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}

// -----

// The residual branch: channel 1 is silent in both layers and goes from both, channel 0 fires in one.
// CHECK-LABEL: snn.network @residual
// CHECK: snn.conv2d {{.*}} -> tensor<1x4x4xf32>
// CHECK-NEXT: snn.lif {{.*}} {layer = "first"
// CHECK: snn.conv2d {{.*}} (tensor<1x4x4xi1>, tensor<1x1x1x1xf32>) -> tensor<1x4x4xf32>
// CHECK-NEXT: snn.lif {{.*}} {layer = "second"
// CHECK-NEXT: snn.add {{.*}} -> tensor<1x4x4xf32>
// CHECK: snn.linear {{.*}} (tensor<16xf32>, tensor<2x16xf32>)
// expected-remark @below {{exact on 4 samples}}
snn.network @residual(%frame: tensor<1x4x4xf32>) -> tensor<2xf32> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  %kernel = snn.weight dense<[[[[2.0]]], [[[-1.0]]]]> : tensor<2x1x1x1xf32>
  %a = snn.conv2d %frame, %kernel : (tensor<1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<2x4x4xf32>
  // expected-remark @below {{removed 1 of 2 channels that never fire on 4 samples: 1}}
  %spikes, %u = snn.lif %a beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt {layer = "first"} : (tensor<2x4x4xf32>) -> (tensor<2x4x4xi1>, tensor<2x4x4xf32>)
  %inner = snn.weight dense<-1.0> : tensor<2x2x1x1xf32>
  %b = snn.conv2d %spikes, %inner : (tensor<2x4x4xi1>, tensor<2x2x1x1xf32>) -> tensor<2x4x4xf32>
  // expected-remark @below {{kept 1 silent channel: a sum or reshape connects them with channels that fire}}
  // expected-remark @below {{removed 1 of 2 channels that never fire on 4 samples: 1}}
  %others, %v = snn.lif %b beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt {layer = "second"} : (tensor<2x4x4xf32>) -> (tensor<2x4x4xi1>, tensor<2x4x4xf32>)
  %sum = snn.add %spikes, %others : (tensor<2x4x4xi1>, tensor<2x4x4xi1>) -> tensor<2x4x4xf32>
  %flat = snn.flatten %sum : (tensor<2x4x4xf32>) -> tensor<32xf32>
  %weight = snn.weight dense<1.0> : tensor<2x32xf32>
  %sums = snn.linear %flat, %weight : (tensor<32xf32>, tensor<2x32xf32>) -> tensor<2xf32>
  %out = snn.li %sums beta 0.5 : f32 {layer = "output"} : (tensor<2xf32>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}

// -----

// Silent channels that stay: of a layer that would lose all, and of the output.
// CHECK-LABEL: snn.network @everything_silent
// CHECK: snn.lif {{.*}} {layer = "hidden", rate = 0.000000e+00 : f32
// CHECK-SAME: -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
// CHECK: snn.lif {{.*}} -> (tensor<2xi1>, tensor<2xf32>)
// expected-remark @below {{exact on 4 samples}}
snn.network @everything_silent(%frame: tensor<1x4x4xf32>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %kernel = snn.weight dense<-1.0> : tensor<3x1x1x1xf32>
  %current = snn.conv2d %frame, %kernel : (tensor<1x4x4xf32>, tensor<3x1x1x1xf32>) -> tensor<3x4x4xf32>
  // expected-remark @below {{kept 1 silent channel: a layer keeps at least one channel}}
  // expected-remark @below {{removed 2 of 3 channels that never fire on 4 samples: 1, 2}}
  %spikes, %membrane = snn.lif %current beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt {layer = "hidden"} : (tensor<3x4x4xf32>) -> (tensor<3x4x4xi1>, tensor<3x4x4xf32>)
  %flat = snn.flatten %spikes : (tensor<3x4x4xi1>) -> tensor<48xi1>
  %weight = snn.weight dense<1.0> : tensor<2x48xf32>
  %sums = snn.linear %flat, %weight : (tensor<48xi1>, tensor<2x48xf32>) -> tensor<2xf32>
  // expected-remark @below {{kept 2 silent neurons: the network returns them}}
  %out, %out_membrane = snn.lif %sums beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "output"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}

// -----

// A convolution in groups ties its channels to their places.
// CHECK-LABEL: snn.network @grouped
// CHECK: snn.lif {{.*}} -> (tensor<2x4x4xi1>, tensor<2x4x4xf32>)
// expected-remark @below {{nothing removed, measured on 4 samples}}
snn.network @grouped(%frame: tensor<1x4x4xf32>) -> tensor<2x4x4xf32> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  %kernel = snn.weight dense<[[[[2.0]]], [[[-1.0]]]]> : tensor<2x1x1x1xf32>
  %current = snn.conv2d %frame, %kernel : (tensor<1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<2x4x4xf32>
  // expected-remark @below {{kept 1 silent channel: a convolution in groups connects them}}
  %spikes, %membrane = snn.lif %current beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt : (tensor<2x4x4xf32>) -> (tensor<2x4x4xi1>, tensor<2x4x4xf32>)
  %grouped = snn.conv2d %spikes, %kernel groups 2 : (tensor<2x4x4xi1>, tensor<2x1x1x1xf32>) -> tensor<2x4x4xf32>
  %out = snn.li %grouped beta 0.5 : f32 : (tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  snn.output %out : tensor<2x4x4xf32>
}
