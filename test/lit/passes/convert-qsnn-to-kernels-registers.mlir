// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file --convert-qsnn-to-kernels=kernels=dense | filecheck %s

// The neurons write their spikes to the register, whose old contents were read before. What comes
// back is added to the current of the input.
// CHECK: snnrt.network @recurrent(%frame: memref<2xi8>) -> (memref<4xi8>, memref<4xi32>) attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 3 : i64} {
// CHECK-NEXT: %fed_back = snnrt.buffer "fed_back" state : memref<4xi8>
// CHECK-NEXT: %input = snnrt.buffer "input" transient : memref<2xi8>
// CHECK-NEXT: %input_list = snnrt.buffer "input_list" transient : memref<2xi16>
// CHECK-NEXT: %linear_current = snnrt.buffer "linear_current" transient : memref<4xi16>
// CHECK-NEXT: %linear_weights = snnrt.constant "linear_weights" dense<1> : tensor<2x4xi8> : memref<2x4xi8>
// CHECK-NEXT: %fed_back_list = snnrt.buffer "fed_back_list" transient : memref<4xi16>
// CHECK-NEXT: %linear_weights_1 = snnrt.constant "linear_weights_1" dense<-1> : tensor<4x4xi8> : memref<4x4xi8>
// CHECK-NEXT: %lif_membrane = snnrt.buffer "lif_membrane" state : memref<4xi16>
// CHECK-NEXT: %lif_leak = snnrt.constant "lif_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %lif_threshold = snnrt.constant "lif_threshold" dense<1> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %scores = snnrt.buffer "scores" state : memref<4xi32>
// CHECK-NEXT: snnrt.frame_to_hwc %frame, %input {maximum = 3 : i64} : memref<2xi8>, memref<2xi8>
// CHECK-NEXT: %input_count = snnrt.spike_list %input, %input_list : (memref<2xi8>, memref<2xi16>) -> i32
// CHECK-NEXT: snnrt.fill_zero %linear_current : memref<4xi16>
// CHECK-NEXT: snnrt.linear_scatter_values %input_list, %input_count, %input, %linear_weights, %linear_current : memref<2xi16>, i32, memref<2xi8>, memref<2x4xi8>, memref<4xi16>
// CHECK-NEXT: %fed_back_count = snnrt.spike_list %fed_back, %fed_back_list : (memref<4xi8>, memref<4xi16>) -> i32
// CHECK-NEXT: snnrt.linear_scatter %fed_back_list, %fed_back_count, %linear_weights_1, %linear_current : memref<4xi16>, i32, memref<4x4xi8>, memref<4xi16>
// CHECK-NEXT: snnrt.lif %lif_membrane, %linear_current, %fed_back, %lif_leak, %lif_threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<4xi16>, memref<4xi16>, memref<4xi8>, memref<1xi32>, memref<1xi32>
// CHECK-NEXT: snnrt.count_spikes %fed_back, %scores : memref<4xi8>, memref<4xi32>
// CHECK-NEXT: snnrt.output %fed_back, %scores : memref<4xi8>, memref<4xi32>
qsnn.network @recurrent(%frame: tensor<2xi8>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 3 : i64} {
  %v = qsnn.weight dense<1> : tensor<4x2xi8>
  %x = qsnn.linear %frame, %v : (tensor<2xi8>, tensor<4x2xi8>) -> tensor<4xi16>
  qsnn.register @fed_back : tensor<4xi1>
  %old = qsnn.read @fed_back : tensor<4xi1>
  %w = qsnn.weight dense<-1> : tensor<4x4xi8>
  %y = qsnn.linear %old, %w : (tensor<4xi1>, tensor<4x4xi8>) -> tensor<4xi16>
  %current = qsnn.add %x, %y : (tensor<4xi16>, tensor<4xi16>) -> tensor<4xi16>
  %spikes, %u = qsnn.lif %current leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow saturate rounding nearest : (tensor<4xi16>) -> (tensor<4xi1>, tensor<4xi16>)
  qsnn.write @fed_back, %spikes : tensor<4xi1>
  qsnn.output %spikes : tensor<4xi1>
}

// -----

// A multiplication by one copies: @second gets what @first held, and that the new spikes; the
// linear layer reads both after the neurons.
// CHECK: snnrt.network @chain(%frame: memref<2xi8>) -> (memref<2xi8>, memref<2xi32>) attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 3 : i64} {
// CHECK-NEXT: %first = snnrt.buffer "first" state : memref<2xi8>
// CHECK-NEXT: %second = snnrt.buffer "second" state : memref<2xi8>
// CHECK-NEXT: %input = snnrt.buffer "input" transient : memref<2xi8>
// CHECK-NEXT: %a_membrane = snnrt.buffer "a_membrane" state : memref<2xi16>
// CHECK-NEXT: %a_spikes = snnrt.buffer "a_spikes" transient : memref<2xi8>
// CHECK-NEXT: %a_leak = snnrt.constant "a_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %a_threshold = snnrt.constant "a_threshold" dense<1> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %concat_output = snnrt.buffer "concat_output" transient : memref<4xi8>
// CHECK-NEXT: %concat_output_list = snnrt.buffer "concat_output_list" transient : memref<4xi16>
// CHECK-NEXT: %linear_current = snnrt.buffer "linear_current" transient : memref<2xi16>
// CHECK-NEXT: %linear_weights = snnrt.constant "linear_weights" dense<1> : tensor<4x2xi8> : memref<4x2xi8>
// CHECK-NEXT: %b_membrane = snnrt.buffer "b_membrane" state : memref<2xi16>
// CHECK-NEXT: %b_spikes = snnrt.buffer "b_spikes" transient : memref<2xi8>
// CHECK-NEXT: %b_leak = snnrt.constant "b_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %b_threshold = snnrt.constant "b_threshold" dense<1> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %scores = snnrt.buffer "scores" state : memref<2xi32>
// CHECK-NEXT: %second_next = snnrt.buffer "second_next" transient : memref<2xi8>
// CHECK-NEXT: %second_next_factor = snnrt.constant "second_next_factor" dense<1> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %first_factor = snnrt.constant "first_factor" dense<1> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: %second_factor = snnrt.constant "second_factor" dense<1> : tensor<1xi32> : memref<1xi32>
// CHECK-NEXT: snnrt.frame_to_hwc %frame, %input {maximum = 3 : i64} : memref<2xi8>, memref<2xi8>
// CHECK-NEXT: snnrt.lif %a_membrane, %input, %a_spikes, %a_leak, %a_threshold {layer = "a", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<2xi16>, memref<2xi8>, memref<2xi8>, memref<1xi32>, memref<1xi32>
// CHECK-NEXT: snnrt.concat_channels %first, %second, %concat_output : memref<2xi8>, memref<2xi8>, memref<4xi8>
// CHECK-NEXT: %concat_output_count = snnrt.spike_list %concat_output, %concat_output_list : (memref<4xi8>, memref<4xi16>) -> i32
// CHECK-NEXT: snnrt.fill_zero %linear_current : memref<2xi16>
// CHECK-NEXT: snnrt.linear_scatter %concat_output_list, %concat_output_count, %linear_weights, %linear_current : memref<4xi16>, i32, memref<4x2xi8>, memref<2xi16>
// CHECK-NEXT: snnrt.lif %b_membrane, %linear_current, %b_spikes, %b_leak, %b_threshold {layer = "b", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<2xi16>, memref<2xi16>, memref<2xi8>, memref<1xi32>, memref<1xi32>
// CHECK-NEXT: snnrt.count_spikes %b_spikes, %scores : memref<2xi8>, memref<2xi32>
// CHECK-NEXT: snnrt.scale %first, %second_next_factor, %second_next : memref<2xi8>, memref<1xi32>, memref<2xi8>
// CHECK-NEXT: snnrt.scale %a_spikes, %first_factor, %first : memref<2xi8>, memref<1xi32>, memref<2xi8>
// CHECK-NEXT: snnrt.scale %second_next, %second_factor, %second : memref<2xi8>, memref<1xi32>, memref<2xi8>
// CHECK-NEXT: snnrt.output %b_spikes, %scores : memref<2xi8>, memref<2xi32>
qsnn.network @chain(%frame: tensor<2xi8>) -> tensor<2xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 3 : i64} {
  qsnn.register @first : tensor<2xi1>
  qsnn.register @second : tensor<2xi1>
  %once = qsnn.read @first : tensor<2xi1>
  %twice = qsnn.read @second : tensor<2xi1>
  %spikes, %u = qsnn.lif %frame leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "a"} : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.write @first, %spikes : tensor<2xi1>
  qsnn.write @second, %once : tensor<2xi1>
  %all = qsnn.concat %once, %twice : (tensor<2xi1>, tensor<2xi1>) -> tensor<4xi1>
  %w = qsnn.weight dense<1> : tensor<2x4xi8>
  %y = qsnn.linear %all, %w : (tensor<4xi1>, tensor<2x4xi8>) -> tensor<2xi16>
  %out, %v = qsnn.lif %y leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow saturate rounding nearest {layer = "b"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %out : tensor<2xi1>
}
