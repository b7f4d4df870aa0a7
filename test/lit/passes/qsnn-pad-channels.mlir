// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file -p qsnn-pad-channels{multiple=2} --verify-diagnostics | filecheck %s
// RUN: snn-opt %s --split-input-file -p qsnn-pad-channels{multiple=2} --pass-statistics 2>&1 >/dev/null | filecheck %s --check-prefix=STATISTICS
// RUN: snn-opt %s --split-input-file -p qsnn-pad-channels{multiple=2},qsnn-prune-silent | filecheck %s --check-prefix=UNDONE

// STATISTICS: (S) 3 channels added

// The fourth channel has no kernel, no bias and a threshold above zero; pooling and flattening hand it
// on, and both layers behind get columns of zeros. Rates follow.
// CHECK-LABEL: qsnn.network @chain
// CHECK-NEXT: qsnn.weight dense<{{\[\[\[\[}}3]]], {{\[\[\[}}2]]], {{\[\[\[}}-1]]], {{\[\[\[}}0]]]]> : tensor<4x1x1x1xi8> {scale = dense<[5.000000e-01, 1.000000e+00, 2.000000e+00, 2.000000e+00]> : tensor<4xf32>}
// CHECK-NEXT: qsnn.conv2d {{.*}} -> tensor<4x2x2xi16>
// CHECK-NEXT: qsnn.lif {{.*}} leak 0 : i32 threshold dense<{{\[\[\[}}4]], {{\[\[}}2]], {{\[\[}}-1]], {{\[\[}}1]]]> : tensor<4x1x1xi32> bias dense<{{\[\[\[}}0]], {{\[\[}}0]], {{\[\[}}1]], {{\[\[}}0]]]> : tensor<4x1x1xi32>
// CHECK-SAME: {rate = 3.000000e-01 : f32, channel_rates = dense<[4.000000e-01, 2.000000e-01, 6.000000e-01, 0.000000e+00]> : tensor<4xf32>, rate_samples = 4 : i64, position_spikes = dense<[5.000000e-01, 2.500000e-01, 2.500000e-01, 0.000000e+00]> : tensor<4xf32>, kept_channels = array<i64: 0, 1, 2, -1>} : (tensor<4x2x2xi16>) -> (tensor<4x2x2xi1>, tensor<4x2x2xi16>)
// CHECK-NEXT: qsnn.weight dense<{{.*}}> : tensor<3x4x1x1xi8>
// CHECK-NEXT: qsnn.conv2d {{.*}} -> tensor<3x2x2xi16>
// CHECK-NEXT: qsnn.sum_pool2d {{.*}} -> tensor<4x1x2xi8>
// CHECK-NEXT: qsnn.reshape {{.*}} -> tensor<8xi8>
// CHECK-NEXT: qsnn.weight dense<{{\[\[}}1, 2, 3, 4, 5, 6, 0, 0]]> : tensor<1x8xi4>
// UNDONE-LABEL: qsnn.network @chain
// UNDONE-NEXT: qsnn.weight dense<{{.*}}> : tensor<3x1x1x1xi8>
// UNDONE: qsnn.lif
// UNDONE-SAME: {position_spikes = dense<[5.000000e-01, 2.500000e-01, 2.500000e-01]> : tensor<3xf32>, rate = 4.000000e-01 : f32, channel_rates = dense<[4.000000e-01, 2.000000e-01, 6.000000e-01]> : tensor<3xf32>, rate_samples = 4 : i64} :
qsnn.network @chain(%frame: tensor<1x2x2xi8>) -> (tensor<3x2x2xi16>, tensor<1xi16>) attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 2 : i64} {
  %kernel = qsnn.weight dense<[[[[3]]], [[[2]]], [[[-1]]]]> : tensor<3x1x1x1xi8> {scale = dense<[0.5, 1.0, 2.0]> : tensor<3xf32>}
  // expected-remark @below {{added 1 channel that never fires to 3: a multiple of 2}}
  %current = qsnn.conv2d %frame, %kernel : (tensor<1x2x2xi8>, tensor<3x1x1x1xi8>) -> tensor<3x2x2xi16>
  %spikes, %membrane = qsnn.lif %current leak 0 : i32 threshold dense<[[[4]], [[2]], [[-1]]]> : tensor<3x1x1xi32> bias dense<[[[0]], [[0]], [[1]]]> : tensor<3x1x1xi32> reset none delayed compare gt overflow proven rounding nearest {rate = 0.4 : f32, channel_rates = dense<[0.4, 0.2, 0.6]> : tensor<3xf32>, rate_samples = 4 : i64, position_spikes = dense<[0.5, 0.25, 0.25]> : tensor<3xf32>} : (tensor<3x2x2xi16>) -> (tensor<3x2x2xi1>, tensor<3x2x2xi16>)
  %second = qsnn.weight dense<1> : tensor<3x3x1x1xi8>
  // expected-remark @below {{kept 3 channels: the network returns them}}
  %scores = qsnn.conv2d %spikes, %second : (tensor<3x2x2xi1>, tensor<3x3x1x1xi8>) -> tensor<3x2x2xi16>
  %pooled = qsnn.sum_pool2d %spikes kernel [2, 1] stride [2, 1] : (tensor<3x2x2xi1>) -> tensor<3x1x2xi8>
  %flat = qsnn.reshape %pooled : (tensor<3x1x2xi8>) -> tensor<6xi8>
  %weight = qsnn.weight dense<[[1, 2, 3, 4, 5, 6]]> : tensor<1x6xi4>
  %sum = qsnn.linear %flat, %weight : (tensor<6xi8>, tensor<1x6xi4>) -> tensor<1xi16>
  qsnn.output %scores, %sum : tensor<3x2x2xi16>, tensor<1xi16>
}

// -----

// Neurons of one threshold get more where that is positive, also behind a reshape: two for a channel.
// What is added to other values, or read in groups, stays.
// CHECK-LABEL: qsnn.network @refused
// CHECK: qsnn.lif {{.*}} threshold 3 : i32 {{.*}} {kept_channels = array<i64: 0, 1, -1, -2>} : (tensor<4xi16>) -> (tensor<4xi1>, tensor<4xi16>)
qsnn.network @refused(%frame: tensor<1x1x2xi1>) -> tensor<1xi16> attributes {timesteps = 4 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %kernel = qsnn.weight dense<[[[[3]]]]> : tensor<1x1x1x1xi8>
  // expected-remark @below {{added 1 channel that never fires to 1: a multiple of 2}}
  %a = qsnn.conv2d %frame, %kernel : (tensor<1x1x2xi1>, tensor<1x1x1x1xi8>) -> tensor<1x1x2xi16>
  %flat = qsnn.reshape %a : (tensor<1x1x2xi16>) -> tensor<2xi16>
  %spikes, %membrane = qsnn.lif %flat leak 0 : i32 threshold 3 : i32 reset none delayed compare ge overflow proven rounding nearest : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  %weight = qsnn.weight dense<1> : tensor<1x2xi8>
  %sum = qsnn.linear %spikes, %weight : (tensor<2xi1>, tensor<1x2xi8>) -> tensor<1xi16>
  // expected-remark @below {{kept 1 channel: the threshold that all its neurons share is not positive}}
  %b = qsnn.conv2d %frame, %kernel : (tensor<1x1x2xi1>, tensor<1x1x1x1xi8>) -> tensor<1x1x2xi16>
  %three = qsnn.weight dense<1> : tensor<3x1x1x1xi8>
  // expected-remark @below {{kept 3 channels: the bias that all its neurons share is not zero}}
  %c = qsnn.conv2d %frame, %three : (tensor<1x1x2xi1>, tensor<3x1x1x1xi8>) -> tensor<3x1x2xi16>
  // expected-remark @below {{kept 3 channels: 'qsnn.add' reads them}}
  %d = qsnn.conv2d %frame, %three : (tensor<1x1x2xi1>, tensor<3x1x1x1xi8>) -> tensor<3x1x2xi16>
  // expected-remark @below {{kept 3 channels: 'qsnn.add' reads them}}
  %e = qsnn.conv2d %frame, %three : (tensor<1x1x2xi1>, tensor<3x1x1x1xi8>) -> tensor<3x1x2xi16>
  %de = qsnn.add %d, %e : (tensor<3x1x2xi16>, tensor<3x1x2xi16>) -> tensor<3x1x2xi16>
  %third, %u = qsnn.lif %c leak 0 : i32 threshold 3 : i32 bias 1 : i32 reset none delayed compare gt overflow saturate rounding nearest : (tensor<3x1x2xi16>) -> (tensor<3x1x2xi1>, tensor<3x1x2xi16>)
  %fourth, %v = qsnn.lif %b leak 0 : i32 threshold dense<0> : tensor<1x2xi32> reset none delayed compare ge overflow saturate rounding nearest : (tensor<1x1x2xi16>) -> (tensor<1x1x2xi1>, tensor<1x1x2xi16>)
  %fifth, %w = qsnn.lif %de leak 0 : i32 threshold 3 : i32 reset none delayed compare gt overflow saturate rounding nearest : (tensor<3x1x2xi16>) -> (tensor<3x1x2xi1>, tensor<3x1x2xi16>)
  // expected-remark @below {{kept 3 channels: a convolution in groups connects them}}
  %g = qsnn.conv2d %frame, %three : (tensor<1x1x2xi1>, tensor<3x1x1x1xi8>) -> tensor<3x1x2xi16>
  %sixth, %x = qsnn.lif %g leak 0 : i32 threshold 3 : i32 reset none delayed compare gt overflow saturate rounding nearest : (tensor<3x1x2xi16>) -> (tensor<3x1x2xi1>, tensor<3x1x2xi16>)
  // expected-remark @below {{kept 3 channels: a convolution in groups connects them}}
  %f = qsnn.conv2d %sixth, %three groups 3 : (tensor<3x1x2xi1>, tensor<3x1x1x1xi8>) -> tensor<3x1x2xi16>
  qsnn.output %sum : tensor<1xi16>
}

// -----

// A fully connected layer gets neurons where another layer reads them: a row of zeros without bias, and a
// column. That of the output is no such layer.
// CHECK-LABEL: qsnn.network @hidden
// CHECK: qsnn.weight dense<{{\[\[}}1, 2], [3, 4], [5, 6], [0, 0]]> : tensor<4x2xi8>
// CHECK: qsnn.weight dense<[7, 8, 9, 0]> : tensor<4xi32>
// CHECK: qsnn.linear {{.*}} -> tensor<4xi16>
// CHECK: qsnn.lif {{.*}} {kept_channels = array<i64: 0, 1, 2, -1>} : (tensor<4xi16>) -> (tensor<4xi1>, tensor<4xi16>)
// CHECK: qsnn.weight dense<{{\[\[}}1, 1, 1, 0]]> : tensor<1x4xi8>
// UNDONE-LABEL: qsnn.network @hidden
// UNDONE: qsnn.linear {{.*}} -> tensor<3xi16>
qsnn.network @hidden(%frame: tensor<2xi1>) -> tensor<1xi16> attributes {timesteps = 4 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %weight = qsnn.weight dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8>
  %bias = qsnn.weight dense<[7, 8, 9]> : tensor<3xi32>
  // expected-remark @below {{added 1 channel that never fires to 3: a multiple of 2}}
  %current = qsnn.linear %frame, %weight, %bias : (tensor<2xi1>, tensor<3x2xi8>, tensor<3xi32>) -> tensor<3xi16>
  %spikes, %membrane = qsnn.lif %current leak 0 : i32 threshold 3 : i32 reset none delayed compare gt overflow proven rounding nearest : (tensor<3xi16>) -> (tensor<3xi1>, tensor<3xi16>)
  %last = qsnn.weight dense<1> : tensor<1x3xi8>
  %sum = qsnn.linear %spikes, %last : (tensor<3xi1>, tensor<1x3xi8>) -> tensor<1xi16>
  qsnn.output %sum : tensor<1xi16>
}
