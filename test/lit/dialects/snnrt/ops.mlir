// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: snnrt.network @net(%frame: memref<2x4x4xi8>) -> (memref<2xi32>, memref<2xi32>) attributes {timesteps = 20 : i64, input = #snn<input event_counts>, readout = #snn<readout max_membrane>, input_maximum = 9 : i64} {
snnrt.network @net(%frame: memref<2x4x4xi8>) -> (memref<2xi32>, memref<2xi32>) attributes {timesteps = 20 : i64, input = #snn<input event_counts>, readout = #snn<readout max_membrane>, input_maximum = 9 : i64} {
  // CHECK-NEXT: %input = snnrt.buffer "input" transient : memref<4x4x2xi8>
  %input = snnrt.buffer "input" transient : memref<4x4x2xi8>
  // CHECK-NEXT: %list = snnrt.buffer "list" transient {alignment = 8 : i64} : memref<32xi16>
  %list = snnrt.buffer "list" transient {alignment = 8 : i64} : memref<32xi16>
  // CHECK-NEXT: %current = snnrt.buffer "current" transient : memref<4x4x4xi16>
  %current = snnrt.buffer "current" transient : memref<4x4x4xi16>
  // CHECK-NEXT: %weights = snnrt.constant "weights" dense<1> : tensor<2x3x3x4xi8> : memref<2x3x3x4xi8>
  %weights = snnrt.constant "weights" dense<1> : tensor<2x3x3x4xi8> : memref<2x3x3x4xi8>
  // CHECK-NEXT: %membrane = snnrt.buffer "membrane" state : memref<4x4x4xi16>
  %membrane = snnrt.buffer "membrane" state : memref<4x4x4xi16>
  // CHECK-NEXT: %spikes = snnrt.buffer "spikes" transient : memref<4x4x4xi8>
  %spikes = snnrt.buffer "spikes" transient : memref<4x4x4xi8>
  // CHECK-NEXT: %leak = snnrt.constant "leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %leak = snnrt.constant "leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  // CHECK-NEXT: %threshold = snnrt.constant "threshold" dense<90> : tensor<4xi32> : memref<4xi32>
  %threshold = snnrt.constant "threshold" dense<90> : tensor<4xi32> : memref<4xi32>
  // CHECK-NEXT: %bias = snnrt.constant "bias" dense<-3> : tensor<64xi32> : memref<64xi32>
  %bias = snnrt.constant "bias" dense<-3> : tensor<64xi32> : memref<64xi32>
  // CHECK-NEXT: %pooled = snnrt.buffer "pooled" transient : memref<2x2x4xi8>
  %pooled = snnrt.buffer "pooled" transient : memref<2x2x4xi8>
  // CHECK-NEXT: %summed = snnrt.buffer "summed" transient : memref<2x2x4xi8>
  %summed = snnrt.buffer "summed" transient : memref<2x2x4xi8>
  // CHECK-NEXT: %total = snnrt.buffer "total" transient : memref<2x2x4xi8>
  %total = snnrt.buffer "total" transient : memref<2x2x4xi8>
  // CHECK-NEXT: %wide = snnrt.buffer "wide" transient : memref<2x2x4xi16>
  %wide = snnrt.buffer "wide" transient : memref<2x2x4xi16>
  // CHECK-NEXT: %scaled = snnrt.buffer "scaled" transient : memref<2x2x4xi16>
  %scaled = snnrt.buffer "scaled" transient : memref<2x2x4xi16>
  // CHECK-NEXT: %joined = snnrt.buffer "joined" transient : memref<2x2x8xi8>
  %joined = snnrt.buffer "joined" transient : memref<2x2x8xi8>
  // CHECK-NEXT: %columns = snnrt.buffer "columns" transient : memref<16x18xi8>
  %columns = snnrt.buffer "columns" transient : memref<16x18xi8>
  // CHECK-NEXT: %flat = snnrt.view %joined : memref<2x2x8xi8> to memref<32xi8>
  %flat = snnrt.view %joined : memref<2x2x8xi8> to memref<32xi8>
  // CHECK-NEXT: %sums = snnrt.buffer "sums" transient : memref<2xi32>
  %sums = snnrt.buffer "sums" transient : memref<2xi32>
  // CHECK-NEXT: %rows = snnrt.constant "rows" dense<1> : tensor<32x2xi8> : memref<32x2xi8>
  %rows = snnrt.constant "rows" dense<1> : tensor<32x2xi8> : memref<32x2xi8>
  // CHECK-NEXT: %last = snnrt.buffer "last" state : memref<2xi32>
  %last = snnrt.buffer "last" state : memref<2xi32>
  // CHECK-NEXT: %fired = snnrt.buffer "fired" transient : memref<2xi8>
  %fired = snnrt.buffer "fired" transient : memref<2xi8>
  // CHECK-NEXT: %scores = snnrt.buffer "scores" state : memref<2xi32>
  %scores = snnrt.buffer "scores" state : memref<2xi32>
  // CHECK-NEXT: snnrt.frame_to_hwc %frame, %input {maximum = 9 : i64} : memref<2x4x4xi8>, memref<4x4x2xi8>
  snnrt.frame_to_hwc %frame, %input {maximum = 9 : i64} : memref<2x4x4xi8>, memref<4x4x2xi8>
  // CHECK-NEXT: snnrt.values_to_hwc %frame, %input {maximum = 127 : i64} : memref<2x4x4xi8>, memref<4x4x2xi8>
  snnrt.values_to_hwc %frame, %input {maximum = 127 : i64} : memref<2x4x4xi8>, memref<4x4x2xi8>
  // CHECK-NEXT: %count = snnrt.spike_list %input, %list : (memref<4x4x2xi8>, memref<32xi16>) -> i32
  %count = snnrt.spike_list %input, %list : (memref<4x4x2xi8>, memref<32xi16>) -> i32
  // CHECK-NEXT: snnrt.fill_zero %current : memref<4x4x4xi16>
  snnrt.fill_zero %current : memref<4x4x4xi16>
  // CHECK-NEXT: snnrt.conv2d_scatter %list, %count, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<4x4x4xi16>
  snnrt.conv2d_scatter %list, %count, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<4x4x4xi16>
  // CHECK-NEXT: snnrt.conv2d_scatter_values %list, %count, %input, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<32xi16>, i32, memref<4x4x2xi8>, memref<2x3x3x4xi8>, memref<4x4x4xi16>
  snnrt.conv2d_scatter_values %list, %count, %input, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<32xi16>, i32, memref<4x4x2xi8>, memref<2x3x3x4xi8>, memref<4x4x4xi16>
  // CHECK-NEXT: snnrt.lif %membrane, %current, %spikes, %leak, %threshold, %bias {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<4x4x4xi16>, memref<4x4x4xi16>, memref<4x4x4xi8>, memref<1xi32>, memref<4xi32>, memref<64xi32>
  snnrt.lif %membrane, %current, %spikes, %leak, %threshold, %bias {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<4x4x4xi16>, memref<4x4x4xi16>, memref<4x4x4xi8>, memref<1xi32>, memref<4xi32>, memref<64xi32>
  // CHECK-NEXT: snnrt.lif %membrane, %current, %spikes, %leak, %threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<4x4x4xi16>, memref<4x4x4xi16>, memref<4x4x4xi8>, memref<1xi32>, memref<4xi32>
  snnrt.lif %membrane, %current, %spikes, %leak, %threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<4x4x4xi16>, memref<4x4x4xi16>, memref<4x4x4xi8>, memref<1xi32>, memref<4xi32>
  // CHECK-NEXT: snnrt.max_pool2d %spikes, %pooled {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x4xi8>, memref<2x2x4xi8>
  snnrt.max_pool2d %spikes, %pooled {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x4xi8>, memref<2x2x4xi8>
  // CHECK-NEXT: snnrt.sum_pool2d %spikes, %summed {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x4xi8>, memref<2x2x4xi8>
  snnrt.sum_pool2d %spikes, %summed {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>} : memref<4x4x4xi8>, memref<2x2x4xi8>
  // CHECK-NEXT: snnrt.add %pooled, %summed, %total : memref<2x2x4xi8>, memref<2x2x4xi8>, memref<2x2x4xi8>
  snnrt.add %pooled, %summed, %total : memref<2x2x4xi8>, memref<2x2x4xi8>, memref<2x2x4xi8>
  // CHECK-NEXT: snnrt.widen %total, %wide : memref<2x2x4xi8>, memref<2x2x4xi16>
  snnrt.widen %total, %wide : memref<2x2x4xi8>, memref<2x2x4xi16>
  // CHECK-NEXT: snnrt.scale %wide, %threshold, %scaled : memref<2x2x4xi16>, memref<4xi32>, memref<2x2x4xi16>
  snnrt.scale %wide, %threshold, %scaled : memref<2x2x4xi16>, memref<4xi32>, memref<2x2x4xi16>
  // CHECK-NEXT: snnrt.concat_channels %pooled, %summed, %joined : memref<2x2x4xi8>, memref<2x2x4xi8>, memref<2x2x8xi8>
  snnrt.concat_channels %pooled, %summed, %joined : memref<2x2x4xi8>, memref<2x2x4xi8>, memref<2x2x8xi8>
  // CHECK-NEXT: snnrt.im2col %input, %columns {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : memref<4x4x2xi8>, memref<16x18xi8>
  snnrt.im2col %input, %columns {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : memref<4x4x2xi8>, memref<16x18xi8>
  // CHECK-NEXT: %count_1 = snnrt.spike_list %flat, %list : (memref<32xi8>, memref<32xi16>) -> i32
  %count_1 = snnrt.spike_list %flat, %list : (memref<32xi8>, memref<32xi16>) -> i32
  // CHECK-NEXT: snnrt.linear_scatter %list, %count_1, %rows, %sums : memref<32xi16>, i32, memref<32x2xi8>, memref<2xi32>
  snnrt.linear_scatter %list, %count_1, %rows, %sums : memref<32xi16>, i32, memref<32x2xi8>, memref<2xi32>
  // CHECK-NEXT: snnrt.linear_scatter_values %list, %count_1, %flat, %rows, %sums : memref<32xi16>, i32, memref<32xi8>, memref<32x2xi8>, memref<2xi32>
  snnrt.linear_scatter_values %list, %count_1, %flat, %rows, %sums : memref<32xi16>, i32, memref<32xi8>, memref<32x2xi8>, memref<2xi32>
  // CHECK-NEXT: snnrt.li %last, %sums, %leak {shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<2xi32>, memref<2xi32>, memref<1xi32>
  snnrt.li %last, %sums, %leak {shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<2xi32>, memref<2xi32>, memref<1xi32>
  // CHECK-NEXT: snnrt.alpha %last, %last, %last, %sums, %fired leaks %leak, %leak threshold %leak bias %leak decrement %leak recall %leak {reset = #snn<reset subtract>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi8> leaks memref<1xi32>, memref<1xi32> threshold memref<1xi32> bias memref<1xi32> decrement memref<1xi32> recall memref<1xi32>
  snnrt.alpha %last, %last, %last, %sums, %fired leaks %leak, %leak threshold %leak bias %leak decrement %leak recall %leak {reset = #snn<reset subtract>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi8> leaks memref<1xi32>, memref<1xi32> threshold memref<1xi32> bias memref<1xi32> decrement memref<1xi32> recall memref<1xi32>
  // CHECK-NEXT: snnrt.alpha %last, %last, %last, %sums, %fired leaks %leak, %leak threshold %leak {reset = #snn<reset zero_after>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi8> leaks memref<1xi32>, memref<1xi32> threshold memref<1xi32>
  snnrt.alpha %last, %last, %last, %sums, %fired leaks %leak, %leak threshold %leak {reset = #snn<reset zero_after>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>} : memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<2xi8> leaks memref<1xi32>, memref<1xi32> threshold memref<1xi32>
  // CHECK-NEXT: snnrt.read_membrane %last, %scores {reduction = "max"} : memref<2xi32>, memref<2xi32>
  snnrt.read_membrane %last, %scores {reduction = "max"} : memref<2xi32>, memref<2xi32>
  // CHECK-NEXT: snnrt.count_spikes %fired, %scores : memref<2xi8>, memref<2xi32>
  snnrt.count_spikes %fired, %scores : memref<2xi8>, memref<2xi32>
  // CHECK-NEXT: snnrt.first_spike %fired, %scores : memref<2xi8>, memref<2xi32>
  snnrt.first_spike %fired, %scores : memref<2xi8>, memref<2xi32>
  // CHECK-NEXT: snnrt.output %last, %scores : memref<2xi32>, memref<2xi32>
  snnrt.output %last, %scores : memref<2xi32>, memref<2xi32>
}
