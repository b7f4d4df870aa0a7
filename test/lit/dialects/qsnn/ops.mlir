// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: qsnn.network @net(%frame: tensor<4x6x6xi8>) -> tensor<2xi32> attributes {timesteps = 20 : i64, input = #snn<input event_counts>, readout = #snn<readout max_membrane>, population = 2 : i64, input_maximum = 9 : i64} {
qsnn.network @net(%frame: tensor<4x6x6xi8>) -> tensor<2xi32> attributes {timesteps = 20 : i64, input = #snn<input event_counts>, readout = #snn<readout max_membrane>, population = 2 : i64, input_maximum = 9 : i64} {
  // CHECK-NEXT: %w = qsnn.weight dense<1> : tensor<8x2x3x3xi8> {scale = 5.000000e-01 : f32}
  %w = qsnn.weight dense<1> : tensor<8x2x3x3xi8> {scale = 5.000000e-01 : f32}
  // CHECK-NEXT: %bias = qsnn.weight dense<70000> : tensor<8xi32>
  %bias = qsnn.weight dense<70000> : tensor<8xi32>
  // CHECK-NEXT: %conv = qsnn.conv2d %frame, %w, %bias stride [2, 1] padding [1, 1] dilation [1, 2] groups 2 : (tensor<4x6x6xi8>, tensor<8x2x3x3xi8>, tensor<8xi32>) -> tensor<8x3x4xi32>
  %conv = qsnn.conv2d %frame, %w, %bias stride [2, 1] padding [1, 1] dilation [1, 2] groups 2 : (tensor<4x6x6xi8>, tensor<8x2x3x3xi8>, tensor<8xi32>) -> tensor<8x3x4xi32>
  // CHECK-NEXT: %highest = qsnn.max_pool2d %conv kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xi32>) -> tensor<8x2x3xi32>
  %highest = qsnn.max_pool2d %conv kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xi32>) -> tensor<8x2x3xi32>
  // CHECK-NEXT: %sum = qsnn.sum_pool2d %conv kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xi32>) -> tensor<8x2x3xi32>
  %sum = qsnn.sum_pool2d %conv kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xi32>) -> tensor<8x2x3xi32>
  // CHECK-NEXT: %scaled = qsnn.scale %highest by 3 : i32 : (tensor<8x2x3xi32>) -> tensor<8x2x3xi32>
  %scaled = qsnn.scale %highest by 3 : i32 : (tensor<8x2x3xi32>) -> tensor<8x2x3xi32>
  // CHECK-NEXT: %scaled_1 = qsnn.scale %sum by dense<5> : tensor<8x1x1xi32> : (tensor<8x2x3xi32>) -> tensor<8x2x3xi32>
  %scaled_1 = qsnn.scale %sum by dense<5> : tensor<8x1x1xi32> : (tensor<8x2x3xi32>) -> tensor<8x2x3xi32>
  // CHECK-NEXT: %total = qsnn.add %scaled, %scaled_1 : (tensor<8x2x3xi32>, tensor<8x2x3xi32>) -> tensor<8x2x3xi32>
  %total = qsnn.add %scaled, %scaled_1 : (tensor<8x2x3xi32>, tensor<8x2x3xi32>) -> tensor<8x2x3xi32>
  // CHECK-NEXT: %joined = qsnn.concat %total, %scaled_1 : (tensor<8x2x3xi32>, tensor<8x2x3xi32>) -> tensor<16x2x3xi32>
  %joined = qsnn.concat %total, %scaled_1 : (tensor<8x2x3xi32>, tensor<8x2x3xi32>) -> tensor<16x2x3xi32>
  // CHECK-NEXT: %spikes, %membrane = qsnn.lif %joined leak 16384 : i32 threshold dense<100> : tensor<16x1x1xi32> bias -7 : i32 reset zero_after immediate compare ge overflow saturate rounding floor {shift = 4 : i32, unit = 2.500000e-01 : f32} : (tensor<16x2x3xi32>) -> (tensor<16x2x3xi1>, tensor<16x2x3xi32>)
  %spikes, %membrane = qsnn.lif %joined leak 16384 : i32 threshold dense<100> : tensor<16x1x1xi32> bias -7 : i32 reset zero_after immediate compare ge overflow saturate rounding floor {shift = 4 : i32, unit = 2.500000e-01 : f32} : (tensor<16x2x3xi32>) -> (tensor<16x2x3xi1>, tensor<16x2x3xi32>)
  // CHECK-NEXT: %flat = qsnn.reshape %spikes : (tensor<16x2x3xi1>) -> tensor<96xi1>
  %flat = qsnn.reshape %spikes : (tensor<16x2x3xi1>) -> tensor<96xi1>
  // CHECK-NEXT: %w_1 = qsnn.weight dense<-8> : tensor<2x96xi4>
  %w_1 = qsnn.weight dense<-8> : tensor<2x96xi4>
  // CHECK-NEXT: %current = qsnn.linear %flat, %w_1 : (tensor<96xi1>, tensor<2x96xi4>) -> tensor<2xi16>
  %current = qsnn.linear %flat, %w_1 : (tensor<96xi1>, tensor<2x96xi4>) -> tensor<2xi16>
  // CHECK-NEXT: %membrane_1 = qsnn.li %current leak 32768 : i32 overflow saturate rounding nearest : (tensor<2xi16>) -> tensor<2xi32>
  %membrane_1 = qsnn.li %current leak 32768 : i32 overflow saturate rounding nearest : (tensor<2xi16>) -> tensor<2xi32>
  // CHECK-NEXT: %fired, %e, %i, %u = qsnn.alpha %current leaks 29491 : i32, dense<[26214, 0]> : tensor<2xi32> threshold 541 : i32 bias -7 : i32 reset subtract decrement 1024 : i32 recall -17301 : i32 compare ge overflow proven rounding nearest {shift = 5 : i32} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>)
  %fired, %e, %i, %u = qsnn.alpha %current leaks 29491 : i32, dense<[26214, 0]> : tensor<2xi32> threshold 541 : i32 bias -7 : i32 reset subtract decrement 1024 : i32 recall -17301 : i32 compare ge overflow proven rounding nearest {shift = 5 : i32} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi32>, tensor<2xi32>, tensor<2xi32>)
  // CHECK-NEXT: %fired_1, %e_1, %i_1, %u_1 = qsnn.alpha %current leaks 29491 : i32, 26214 : i32 threshold 541 : i32 reset zero_after compare gt overflow saturate rounding floor : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)
  %fired_1, %e_1, %i_1, %u_1 = qsnn.alpha %current leaks 29491 : i32, 26214 : i32 threshold 541 : i32 reset zero_after compare gt overflow saturate rounding floor : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)
  // CHECK-NEXT: qsnn.output %membrane_1 : tensor<2xi32>
  qsnn.output %membrane_1 : tensor<2xi32>
}

// CHECK: qsnn.network @feedback(
qsnn.network @feedback(%x: tensor<2xi1>) -> tensor<2xi1> attributes {timesteps = 1 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  // CHECK-NEXT: qsnn.register @before : tensor<2xi1>
  qsnn.register @before : tensor<2xi1>
  // CHECK-NEXT: %old = qsnn.read @before : tensor<2xi1>
  %old = qsnn.read @before : tensor<2xi1>
  // CHECK-NEXT: qsnn.write @before, %x : tensor<2xi1>
  qsnn.write @before, %x : tensor<2xi1>
  // CHECK-NEXT: qsnn.output %old : tensor<2xi1>
  qsnn.output %old : tensor<2xi1>
}
