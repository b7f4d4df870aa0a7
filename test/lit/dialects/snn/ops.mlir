// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// Layers without state.
// CHECK: snn.network @net(%frame: tensor<4x6x6xf32>) -> tensor<2xf32> attributes {timesteps = 20 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
snn.network @net(%frame: tensor<4x6x6xf32>) -> tensor<2xf32> attributes {timesteps = 20 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  // CHECK-NEXT: %w = snn.weight dense<5.000000e-01> : tensor<8x2x3x3xf32>
  %w = snn.weight dense<5.000000e-01> : tensor<8x2x3x3xf32>
  // CHECK-NEXT: %bias = snn.weight dense<5.000000e-01> : tensor<8xf32>
  %bias = snn.weight dense<5.000000e-01> : tensor<8xf32>
  // CHECK-NEXT: %conv = snn.conv2d %frame, %w, %bias stride [2, 1] padding [1, 1] dilation [1, 2] groups 2 : (tensor<4x6x6xf32>, tensor<8x2x3x3xf32>, tensor<8xf32>) -> tensor<8x3x4xf32>
  %conv = snn.conv2d %frame, %w, %bias stride [2, 1] padding [1, 1] dilation [1, 2] groups 2 : (tensor<4x6x6xf32>, tensor<8x2x3x3xf32>, tensor<8xf32>) -> tensor<8x3x4xf32>
  // CHECK-NEXT: %mean = snn.weight dense<2.500000e-01> : tensor<8xf32>
  %mean = snn.weight dense<2.500000e-01> : tensor<8xf32>
  // CHECK-NEXT: %variance = snn.weight dense<1.500000e+00> : tensor<8xf32>
  %variance = snn.weight dense<1.500000e+00> : tensor<8xf32>
  // CHECK-NEXT: %gamma = snn.weight dense<2.000000e+00> : tensor<8xf32>
  %gamma = snn.weight dense<2.000000e+00> : tensor<8xf32>
  // CHECK-NEXT: %beta = snn.weight dense<-1.000000e+00> : tensor<8xf32>
  %beta = snn.weight dense<-1.000000e+00> : tensor<8xf32>
  // CHECK-NEXT: %norm = snn.batch_norm %conv, %mean, %variance, %gamma, %beta epsilon 1.000000e-05 : f64 : (tensor<8x3x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8x3x4xf32>
  %norm = snn.batch_norm %conv, %mean, %variance, %gamma, %beta epsilon 1.000000e-05 : f64 : (tensor<8x3x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8x3x4xf32>
  // CHECK-NEXT: %scaled = snn.scale %norm by 5.000000e-01 : f32 : (tensor<8x3x4xf32>) -> tensor<8x3x4xf32>
  %scaled = snn.scale %norm by 5.000000e-01 : f32 : (tensor<8x3x4xf32>) -> tensor<8x3x4xf32>
  // CHECK-NEXT: %scaled_1 = snn.scale %scaled by dense<2.000000e+00> : tensor<8x1x1xf32> : (tensor<8x3x4xf32>) -> tensor<8x3x4xf32>
  %scaled_1 = snn.scale %scaled by dense<2.000000e+00> : tensor<8x1x1xf32> : (tensor<8x3x4xf32>) -> tensor<8x3x4xf32>
  // CHECK-NEXT: %highest = snn.max_pool2d %scaled_1 kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xf32>) -> tensor<8x2x3xf32>
  %highest = snn.max_pool2d %scaled_1 kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xf32>) -> tensor<8x2x3xf32>
  // CHECK-NEXT: %mean_1 = snn.avg_pool2d %scaled_1 kernel [2, 2] stride [2, 2] padding [1, 1] count_include_pad false : (tensor<8x3x4xf32>) -> tensor<8x2x3xf32>
  %mean_1 = snn.avg_pool2d %scaled_1 kernel [2, 2] stride [2, 2] padding [1, 1] count_include_pad false : (tensor<8x3x4xf32>) -> tensor<8x2x3xf32>
  // CHECK-NEXT: %sum = snn.sum_pool2d %scaled_1 kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xf32>) -> tensor<8x2x3xf32>
  %sum = snn.sum_pool2d %scaled_1 kernel [2, 2] stride [2, 2] padding [1, 1] : (tensor<8x3x4xf32>) -> tensor<8x2x3xf32>
  // CHECK-NEXT: %total = snn.add %highest, %mean_1 : (tensor<8x2x3xf32>, tensor<8x2x3xf32>) -> tensor<8x2x3xf32>
  %total = snn.add %highest, %mean_1 : (tensor<8x2x3xf32>, tensor<8x2x3xf32>) -> tensor<8x2x3xf32>
  // CHECK-NEXT: %joined = snn.concat %total, %sum : (tensor<8x2x3xf32>, tensor<8x2x3xf32>) -> tensor<16x2x3xf32>
  %joined = snn.concat %total, %sum : (tensor<8x2x3xf32>, tensor<8x2x3xf32>) -> tensor<16x2x3xf32>
  // CHECK-NEXT: %flat = snn.flatten %joined : (tensor<16x2x3xf32>) -> tensor<96xf32>
  %flat = snn.flatten %joined : (tensor<16x2x3xf32>) -> tensor<96xf32>
  // CHECK-NEXT: %rows = snn.reshape %flat : (tensor<96xf32>) -> tensor<16x6xf32>
  %rows = snn.reshape %flat : (tensor<96xf32>) -> tensor<16x6xf32>
  // CHECK-NEXT: %w_1 = snn.weight dense<5.000000e-01> : tensor<4x16x3xf32>
  %w_1 = snn.weight dense<5.000000e-01> : tensor<4x16x3xf32>
  // CHECK-NEXT: %conv_1 = snn.conv1d %rows, %w_1 stride [2] padding [1] : (tensor<16x6xf32>, tensor<4x16x3xf32>) -> tensor<4x3xf32>
  %conv_1 = snn.conv1d %rows, %w_1 stride [2] padding [1] : (tensor<16x6xf32>, tensor<4x16x3xf32>) -> tensor<4x3xf32>
  // CHECK-NEXT: %flat_1 = snn.flatten %conv_1 : (tensor<4x3xf32>) -> tensor<12xf32>
  %flat_1 = snn.flatten %conv_1 : (tensor<4x3xf32>) -> tensor<12xf32>
  // CHECK-NEXT: %w_2 = snn.weight dense<5.000000e-01> : tensor<2x12xf32>
  %w_2 = snn.weight dense<5.000000e-01> : tensor<2x12xf32>
  // CHECK-NEXT: %bias_1 = snn.weight dense<5.000000e-01> : tensor<2xf32>
  %bias_1 = snn.weight dense<5.000000e-01> : tensor<2xf32>
  // CHECK-NEXT: %current = snn.linear %flat_1, %w_2, %bias_1 : (tensor<12xf32>, tensor<2x12xf32>, tensor<2xf32>) -> tensor<2xf32>
  %current = snn.linear %flat_1, %w_2, %bias_1 : (tensor<12xf32>, tensor<2x12xf32>, tensor<2xf32>) -> tensor<2xf32>
  // CHECK-NEXT: snn.output %current : tensor<2xf32>
  snn.output %current : tensor<2xf32>
}

// -----

// Neurons.
// CHECK: snn.network @net(%frame: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xi1>) attributes {timesteps = 20 : i64, input = #snn<input event_counts>, readout = #snn<readout mean_membrane>, population = 3 : i64} {
snn.network @net(%frame: tensor<6xf32>) -> (tensor<6xf32>, tensor<6xi1>) attributes {timesteps = 20 : i64, input = #snn<input event_counts>, readout = #snn<readout mean_membrane>, population = 3 : i64} {
  // CHECK-NEXT: %spikes, %membrane = snn.lif %frame beta 9.000000e-01 : f32 threshold dense<1.000000e+00> : tensor<6xf32> reset zero_before immediate compare ge : (tensor<6xf32>) -> (tensor<6xi1>, tensor<6xf32>)
  %spikes, %membrane = snn.lif %frame beta 9.000000e-01 : f32 threshold dense<1.000000e+00> : tensor<6xf32> reset zero_before immediate compare ge : (tensor<6xf32>) -> (tensor<6xi1>, tensor<6xf32>)
  // CHECK-NEXT: %spikes_1, %synapse, %membrane_1 = snn.synaptic %spikes alpha 5.000000e-01 : f32 beta 9.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract delayed compare gt : (tensor<6xi1>) -> (tensor<6xi1>, tensor<6xf32>, tensor<6xf32>)
  %spikes_1, %synapse, %membrane_1 = snn.synaptic %spikes alpha 5.000000e-01 : f32 beta 9.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract delayed compare gt : (tensor<6xi1>) -> (tensor<6xi1>, tensor<6xf32>, tensor<6xf32>)
  // CHECK-NEXT: %spikes_2, %excitatory, %inhibitory, %membrane_2 = snn.alpha %spikes_1 alpha 6.000000e-01 : f32 beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset zero_after delayed compare gt : (tensor<6xi1>) -> (tensor<6xi1>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  %spikes_2, %excitatory, %inhibitory, %membrane_2 = snn.alpha %spikes_1 alpha 6.000000e-01 : f32 beta 5.000000e-01 : f32 threshold 1.000000e+00 : f32 reset zero_after delayed compare gt : (tensor<6xi1>) -> (tensor<6xi1>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  // CHECK-NEXT: %membrane_3 = snn.li %spikes_2 beta 9.000000e-01 : f32 : (tensor<6xi1>) -> tensor<6xf32>
  %membrane_3 = snn.li %spikes_2 beta 9.000000e-01 : f32 : (tensor<6xi1>) -> tensor<6xf32>
  // CHECK-NEXT: snn.output %membrane_3, %spikes_2 : tensor<6xf32>, tensor<6xi1>
  snn.output %membrane_3, %spikes_2 : tensor<6xf32>, tensor<6xi1>
}

// -----

// Feedback.
// CHECK: snn.network @net(%frame: tensor<6xf32>) -> tensor<6xi1> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
snn.network @net(%frame: tensor<6xf32>) -> tensor<6xi1> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // CHECK-NEXT: snn.register @fed_back : tensor<6xi1>
  snn.register @fed_back : tensor<6xi1>
  // CHECK-NEXT: %previous = snn.read @fed_back : tensor<6xi1>
  %previous = snn.read @fed_back : tensor<6xi1>
  // CHECK-NEXT: %current = snn.add %frame, %previous : (tensor<6xf32>, tensor<6xi1>) -> tensor<6xf32>
  %current = snn.add %frame, %previous : (tensor<6xf32>, tensor<6xi1>) -> tensor<6xf32>
  // CHECK-NEXT: %spikes, %membrane = snn.lif %current beta 9.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract delayed compare gt : (tensor<6xf32>) -> (tensor<6xi1>, tensor<6xf32>)
  %spikes, %membrane = snn.lif %current beta 9.000000e-01 : f32 threshold 1.000000e+00 : f32 reset subtract delayed compare gt : (tensor<6xf32>) -> (tensor<6xi1>, tensor<6xf32>)
  // CHECK-NEXT: snn.write @fed_back, %spikes : tensor<6xi1>
  snn.write @fed_back, %spikes : tensor<6xi1>
  // CHECK-NEXT: snn.output %spikes : tensor<6xi1>
  snn.output %spikes : tensor<6xi1>
}
