// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --verify-diagnostics --split-input-file --kernels-plan-memory=ram-limit=64

// An arena beyond the limit.
// expected-error @+1 {{'snnrt.network' op needs 112 bytes of RAM, 48 more than the limit; largest: hidden_membrane (32 bytes, state), conv2d_current (32 bytes, live at layer hidden), input_list (18 bytes, live at layer hidden)}}
snnrt.network @layers(%frame: memref<1x3x3xi8>) -> (memref<2xi16>, memref<2xi32>) attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64} {
  %input = snnrt.buffer "input" transient : memref<3x3x1xi8>
  %input_list = snnrt.buffer "input_list" transient : memref<9xi16>
  %conv2d_current = snnrt.buffer "conv2d_current" transient : memref<2x2x4xi16>
  %conv2d_weights = snnrt.constant "conv2d_weights" dense<1> : tensor<1x2x2x4xi8> : memref<1x2x2x4xi8>
  %hidden_membrane = snnrt.buffer "hidden_membrane" state : memref<2x2x4xi16>
  %hidden_spikes = snnrt.buffer "hidden_spikes" transient : memref<2x2x4xi8>
  %hidden_leak = snnrt.constant "hidden_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %hidden_threshold = snnrt.constant "hidden_threshold" dense<7> : tensor<4xi32> : memref<4xi32>
  %hidden_spikes_1 = snnrt.view %hidden_spikes : memref<2x2x4xi8> to memref<16xi8>
  %hidden_spikes_list = snnrt.buffer "hidden_spikes_list" transient : memref<16xi16>
  %linear_current = snnrt.buffer "linear_current" transient : memref<2xi16>
  %linear_weights = snnrt.constant "linear_weights" dense<2> : tensor<16x2xi8> : memref<16x2xi8>
  %li_membrane = snnrt.buffer "li_membrane" state : memref<2xi16>
  %li_leak = snnrt.constant "li_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %scores = snnrt.buffer "scores" state : memref<2xi32>
  snnrt.values_to_hwc %frame, %input {maximum = 127 : i64} : memref<1x3x3xi8>, memref<3x3x1xi8>
  %input_count = snnrt.spike_list %input, %input_list : (memref<3x3x1xi8>, memref<9xi16>) -> i32
  snnrt.fill_zero %conv2d_current : memref<2x2x4xi16>
  snnrt.conv2d_scatter_values %input_list, %input_count, %input, %conv2d_weights, %conv2d_current {input_size = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<9xi16>, i32, memref<3x3x1xi8>, memref<1x2x2x4xi8>, memref<2x2x4xi16>
  snnrt.lif %hidden_membrane, %conv2d_current, %hidden_spikes, %hidden_leak, %hidden_threshold {layer = "hidden", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<2x2x4xi16>, memref<2x2x4xi16>, memref<2x2x4xi8>, memref<1xi32>, memref<4xi32>
  %hidden_spikes_count = snnrt.spike_list %hidden_spikes, %hidden_spikes_list : (memref<2x2x4xi8>, memref<16xi16>) -> i32
  snnrt.fill_zero %linear_current : memref<2xi16>
  snnrt.linear_scatter %hidden_spikes_list, %hidden_spikes_count, %linear_weights, %linear_current : memref<16xi16>, i32, memref<16x2xi8>, memref<2xi16>
  snnrt.li %li_membrane, %linear_current, %li_leak {shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<2xi16>, memref<2xi16>, memref<1xi32>
  snnrt.read_membrane %li_membrane, %scores {reduction = "last"} : memref<2xi16>, memref<2xi32>
  snnrt.output %li_membrane, %scores : memref<2xi16>, memref<2xi32>
}
