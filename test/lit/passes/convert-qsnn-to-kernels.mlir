// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --convert-qsnn-to-kernels=kernels=scatter | filecheck %s
// RUN: snn-opt %s --convert-qsnn-to-kernels=kernels=cmsis | filecheck %s --check-prefix=CMSIS

// Event-driven kernels; the weights of 16-bit currents have their own order.
// CHECK: snnrt.network @layers(%frame: memref<1x3x3xi8>) -> (memref<2xi16>, memref<2xi32>) attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64} {
// CHECK-NEXT: %input = snnrt.buffer "input" transient : memref<3x3x1xi8>
// CHECK-NEXT: %input_list = snnrt.buffer "input_list" transient : memref<9xi16>
// CHECK-NEXT: %conv2d_current = snnrt.buffer "conv2d_current" transient : memref<2x2x4xi16>
// CHECK-NEXT: %conv2d_weights = snnrt.constant "conv2d_weights" dense<1> : tensor<1x2x2x4xi8> : memref<1x2x2x4xi8>
// CHECK-NEXT: %hidden_membrane = snnrt.buffer "hidden_membrane" state : memref<2x2x4xi16>
// CHECK-NEXT: %hidden_spikes = snnrt.buffer "hidden_spikes" transient : memref<2x2x4xi8>
// CHECK-NEXT: %hidden_leak = snnrt.constant "hidden_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %hidden_threshold = snnrt.constant "hidden_threshold" dense<7> : tensor<4xi32> : memref<4xi32>
// CHECK-NEXT: %hidden_spikes_1 = snnrt.view %hidden_spikes : memref<2x2x4xi8> to memref<16xi8>
// CHECK-NEXT: %hidden_spikes_list = snnrt.buffer "hidden_spikes_list" transient : memref<16xi16>
// CHECK-NEXT: %linear_current = snnrt.buffer "linear_current" transient : memref<2xi16>
// CHECK-NEXT: %linear_weights = snnrt.constant "linear_weights" dense<2> : tensor<16x2xi8> : memref<16x2xi8>
// CHECK-NEXT: %li_membrane = snnrt.buffer "li_membrane" state : memref<2xi16>
// CHECK-NEXT: %li_leak = snnrt.constant "li_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %scores = snnrt.buffer "scores" state : memref<2xi32>
// CHECK-NEXT: snnrt.values_to_hwc %frame, %input {maximum = 127 : i64} : memref<1x3x3xi8>, memref<3x3x1xi8>
// CHECK-NEXT: %input_count = snnrt.spike_list %input, %input_list : (memref<3x3x1xi8>, memref<9xi16>) -> i32
// CHECK-NEXT: snnrt.fill_zero %conv2d_current : memref<2x2x4xi16>
// CHECK-NEXT: snnrt.conv2d_scatter_values %input_list, %input_count, %input, %conv2d_weights, %conv2d_current {input_size = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<9xi16>, i32, memref<3x3x1xi8>, memref<1x2x2x4xi8>, memref<2x2x4xi16>
// CHECK-NEXT: snnrt.lif %hidden_membrane, %conv2d_current, %hidden_spikes, %hidden_leak, %hidden_threshold {layer = "hidden", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<2x2x4xi16>, memref<2x2x4xi16>, memref<2x2x4xi8>, memref<1xi32>, memref<4xi32>
// CHECK-NEXT: %hidden_spikes_count = snnrt.spike_list %hidden_spikes, %hidden_spikes_list : (memref<2x2x4xi8>, memref<16xi16>) -> i32
// CHECK-NEXT: snnrt.fill_zero %linear_current : memref<2xi16>
// CHECK-NEXT: snnrt.linear_scatter %hidden_spikes_list, %hidden_spikes_count, %linear_weights, %linear_current : memref<16xi16>, i32, memref<16x2xi8>, memref<2xi16>
// CHECK-NEXT: snnrt.li %li_membrane, %linear_current, %li_leak {shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<2xi16>, memref<2xi16>, memref<1xi32>
// CHECK-NEXT: snnrt.read_membrane %li_membrane, %scores {reduction = "last"} : memref<2xi16>, memref<2xi32>
// CHECK-NEXT: snnrt.output %li_membrane, %scores : memref<2xi16>, memref<2xi32>

// The same with CMSIS-NN.
// CMSIS: snnrt.network @layers(%frame: memref<1x3x3xi8>) -> (memref<2xi16>, memref<2xi32>) attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64} {
// CMSIS-NEXT: %input = snnrt.buffer "input" transient : memref<3x3x1xi8>
// CMSIS-NEXT: %conv2d_input = snnrt.buffer "conv2d_input" transient : memref<3x3x1xi16>
// CMSIS-NEXT: %conv2d_current = snnrt.buffer "conv2d_current" transient : memref<2x2x4xi16>
// CMSIS-NEXT: %conv2d_weights = snnrt.constant "conv2d_weights" dense<1> : tensor<4x2x2x1xi8> : memref<4x2x2x1xi8>
// CMSIS-NEXT: %conv2d_multipliers = snnrt.constant "conv2d_multipliers" dense<1073741824> : tensor<4xi32> : memref<4xi32>
// CMSIS-NEXT: %conv2d_shifts = snnrt.constant "conv2d_shifts" dense<1> : tensor<4xi32> : memref<4xi32>
// CMSIS-NEXT: %conv2d_scratch = snnrt.buffer "conv2d_scratch" transient : memref<16xi8>
// CMSIS-NEXT: %hidden_membrane = snnrt.buffer "hidden_membrane" state : memref<2x2x4xi16>
// CMSIS-NEXT: %hidden_spikes = snnrt.buffer "hidden_spikes" transient : memref<2x2x4xi8>
// CMSIS-NEXT: %hidden_leak = snnrt.constant "hidden_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CMSIS-NEXT: %hidden_threshold = snnrt.constant "hidden_threshold" dense<7> : tensor<4xi32> : memref<4xi32>
// CMSIS-NEXT: %hidden_spikes_1 = snnrt.view %hidden_spikes : memref<2x2x4xi8> to memref<16xi8>
// CMSIS-NEXT: %linear_current = snnrt.buffer "linear_current" transient : memref<2xi16>
// CMSIS-NEXT: %linear_weights = snnrt.constant "linear_weights" dense<2> : tensor<2x16xi8> : memref<2x16xi8>
// CMSIS-NEXT: %linear_bias = snnrt.constant "linear_bias" dense<0> : tensor<2xi32> : memref<2xi32>
// CMSIS-NEXT: %li_membrane = snnrt.buffer "li_membrane" state : memref<2xi16>
// CMSIS-NEXT: %li_leak = snnrt.constant "li_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CMSIS-NEXT: %scores = snnrt.buffer "scores" state : memref<2xi32>
// CMSIS-NEXT: snnrt.values_to_hwc %frame, %input {maximum = 127 : i64} : memref<1x3x3xi8>, memref<3x3x1xi8>
// CMSIS-NEXT: snnrt.widen %input, %conv2d_input : memref<3x3x1xi8>, memref<3x3x1xi16>
// CMSIS-NEXT: cmsis_nn.convolve_wrapper_s16 %conv2d_input, %conv2d_weights, %conv2d_multipliers, %conv2d_shifts, %conv2d_scratch, %conv2d_current {stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>} : memref<3x3x1xi16>, memref<4x2x2x1xi8>, memref<4xi32>, memref<4xi32>, memref<16xi8>, memref<2x2x4xi16>
// CMSIS-NEXT: snnrt.lif %hidden_membrane, %conv2d_current, %hidden_spikes, %hidden_leak, %hidden_threshold {layer = "hidden", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<2x2x4xi16>, memref<2x2x4xi16>, memref<2x2x4xi8>, memref<1xi32>, memref<4xi32>
// CMSIS-NEXT: snnrt.fill_zero %linear_current : memref<2xi16>
// CMSIS-NEXT: cmsis_nn.vec_mat_mul_result_acc_s8 %hidden_spikes_1, %linear_weights, %linear_bias, %linear_current : memref<16xi8>, memref<2x16xi8>, memref<2xi32>, memref<2xi16>
// CMSIS-NEXT: snnrt.li %li_membrane, %linear_current, %li_leak {shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<2xi16>, memref<2xi16>, memref<1xi32>
// CMSIS-NEXT: snnrt.read_membrane %li_membrane, %scores {reduction = "last"} : memref<2xi16>, memref<2xi32>
// CMSIS-NEXT: snnrt.output %li_membrane, %scores : memref<2xi16>, memref<2xi32>

qsnn.network @layers(%frame: tensor<1x3x3xi8>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64} {
  %k = qsnn.weight dense<1> : tensor<4x1x2x2xi8>
  %current = qsnn.conv2d %frame, %k : (tensor<1x3x3xi8>, tensor<4x1x2x2xi8>) -> tensor<4x2x2xi16>
  %spikes, %u = qsnn.lif %current leak 16384 : i32 threshold dense<7> : tensor<4x1x1xi32> reset subtract delayed compare gt overflow saturate rounding nearest {layer = "hidden"} : (tensor<4x2x2xi16>) -> (tensor<4x2x2xi1>, tensor<4x2x2xi16>)
  %flat = qsnn.reshape %spikes : (tensor<4x2x2xi1>) -> tensor<16xi1>
  %w = qsnn.weight dense<2> : tensor<2x16xi8>
  %sums = qsnn.linear %flat, %w : (tensor<16xi1>, tensor<2x16xi8>) -> tensor<2xi16>
  %membrane = qsnn.li %sums leak 16384 : i32 overflow proven rounding floor : (tensor<2xi16>) -> tensor<2xi16>
  qsnn.output %membrane : tensor<2xi16>
}
