// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter neurons=lists}' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels' | filecheck %s --check-prefix=EVENT
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=masks table-bytes=4000}' --remarks 2>&1 | filecheck %s --check-prefix=MASKS
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{neurons=lists},kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE

// The first convolution has a stride, so that no windows read its currents. Its neurons list their spikes all the same,
// as indices for a convolution of bytes; those behind 32-bit states never do.
// CHECK-LABEL: snnrt.network @net
// CHECK: snnrt.buffer "conv1_current" transient : memref<4x4x4xi16>
// CHECK: snnrt.buffer "lif1_spikes_list" transient : memref<64xi16>
// CHECK: snnrt.conv2d_scatter_values
// CHECK-NEXT: %lif1_spikes_count = snnrt.map_lif_list %conv1_current, %lif1_membrane -> %lif1_spikes_list resets(%lif1_resets : memref<2x2x2xi16>)
// CHECK-NEXT: snnrt.fill_zero %conv2_current
// CHECK-NEXT: snnrt.conv2d_scatter %lif1_spikes_list, %lif1_spikes_count
// CHECK-NEXT: snnrt.lif %lif2_membrane, %conv2_current, %lif2_spikes

// Spikes that are bytes become masks for the second convolution. Its neurons have 32-bit states: no windows.
// EVENT: snnrt.lif %lif1_membrane, %conv1_current, %lif1_spikes
// EVENT-NEXT: snnrt.spike_list %lif1_spikes
// EVENT: snnrt.conv2d_scatter
// EVENT: snnrt.lif %lif2_membrane

// Told to read masks, it does: one table for each half of the four channels, whose order is that of the bytes' bits.
// MASKS: remark: {{.*}}it cannot read spikes as masks; uses scatter
// MASKS: remark: {{.*}}tables of (4,) bits: 240 bytes
// MASKS: snnrt.buffer "lif1_spikes_masks" transient : memref<16x2xi32>
// MASKS: %lif1_spikes_masks_count = snnrt.bytes_to_masks %lif1_spikes, %lif1_spikes_masks : (memref<4x4x4xi8>, memref<16x2xi32>) -> i32
// MASKS-NEXT: snnrt.fill_zero %conv2_current
// MASKS-NEXT: snnrt.mask_conv2d %lif1_spikes_masks, %lif1_spikes_masks_count, %conv2_tables, %conv2_current
// MASKS-NEXT: snnrt.lif %lif2_membrane, %conv2_current

// SOURCE: .keep_current = true
// SOURCE: return snnrt_window_lif_list(
qsnn.network @net(%frame: tensor<1x8x8xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<3> : tensor<4x1x2x2xi8>
  %c1 = qsnn.conv2d %frame, %w1 stride [2, 2] {layer = "conv1"} : (tensor<1x8x8xi8>, tensor<4x1x2x2xi8>) -> tensor<4x4x4xi16>
  %s1, %m1 = qsnn.lif %c1 leak 16384 : i32 threshold 10 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif1"} : (tensor<4x4x4xi16>) -> (tensor<4x4x4xi1>, tensor<4x4x4xi16>)
  %w2 = qsnn.weight dense<1> : tensor<2x4x2x2xi8>
  %c2 = qsnn.conv2d %s1, %w2 {layer = "conv2"} : (tensor<4x4x4xi1>, tensor<2x4x2x2xi8>) -> tensor<2x3x3xi16>
  %s2, %m2 = qsnn.lif %c2 leak 29491 : i32 threshold 5 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif2"} : (tensor<2x3x3xi16>) -> (tensor<2x3x3xi1>, tensor<2x3x3xi32>)
  %f = qsnn.reshape %s2 : (tensor<2x3x3xi1>) -> tensor<18xi1>
  %w3 = qsnn.weight dense<1> : tensor<2x18xi8>
  %c3 = qsnn.linear %f, %w3 : (tensor<18xi1>, tensor<2x18xi8>) -> tensor<2xi16>
  %s3, %m3 = qsnn.lif %c3 leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s3 : tensor<2xi1>
}
