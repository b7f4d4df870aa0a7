// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter}' | filecheck %s --check-prefix=BYTES
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels,kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE

// The maximum of spikes in windows is an OR of their masks, which the second convolution and a second pooling read; what flattens
// the result wants bytes, of the few windows that are left.
// CHECK-LABEL: snnrt.network @net
// CHECK: %lif1_spikes_count = snnrt.window_lif_masks
// CHECK-NEXT: %pool1_masks_count = snnrt.max_pool_masks %lif1_spikes_masks, %lif1_spikes_count, %pool1_masks {
// CHECK-SAME: window = array<i64: 2, 2>, output_size = array<i64: 3, 3>, lanes = 4 : i64
// CHECK: snnrt.mask_conv2d %pool1_masks, %pool1_masks_count
// CHECK: %lif2_spikes_count = snnrt.window_lif_masks
// CHECK-NEXT: %pool2_masks_count = snnrt.max_pool_masks %lif2_spikes_masks, %lif2_spikes_count, %pool2_masks
// CHECK-NEXT: snnrt.masks_to_bytes %pool2_masks, %pool2_masks_count, %pool2
// CHECK-NOT: snnrt.max_pool2d

// BYTES-NOT: max_pool_masks
// BYTES: snnrt.max_pool2d
// BYTES: snnrt.max_pool2d

// SOURCE: .kernel_height = 2,
// SOURCE: return snnrt_max_pool_masks(
qsnn.network @net(%frame: tensor<1x8x8xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<3> : tensor<4x1x2x2xi8>
  %c1 = qsnn.conv2d %frame, %w1 {layer = "conv1"} : (tensor<1x8x8xi8>, tensor<4x1x2x2xi8>) -> tensor<4x7x7xi16>
  %s1, %m1 = qsnn.lif %c1 leak 16384 : i32 threshold 10 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif1"} : (tensor<4x7x7xi16>) -> (tensor<4x7x7xi1>, tensor<4x7x7xi16>)
  %p1 = qsnn.max_pool2d %s1 kernel [2, 2] stride [2, 2] {layer = "pool1"} : (tensor<4x7x7xi1>) -> tensor<4x3x3xi1>
  %w2 = qsnn.weight dense<1> : tensor<2x4x2x2xi8>
  %c2 = qsnn.conv2d %p1, %w2 {layer = "conv2"} : (tensor<4x3x3xi1>, tensor<2x4x2x2xi8>) -> tensor<2x2x2xi16>
  %s2, %m2 = qsnn.lif %c2 leak 16384 : i32 threshold 5 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif2"} : (tensor<2x2x2xi16>) -> (tensor<2x2x2xi1>, tensor<2x2x2xi16>)
  %p2 = qsnn.max_pool2d %s2 kernel [2, 1] stride [2, 1] {layer = "pool2"} : (tensor<2x2x2xi1>) -> tensor<2x1x2xi1>
  %f = qsnn.reshape %p2 : (tensor<2x1x2xi1>) -> tensor<4xi1>
  %w3 = qsnn.weight dense<1> : tensor<2x4xi8>
  %c3 = qsnn.linear %f, %w3 : (tensor<4xi1>, tensor<2x4xi8>) -> tensor<2xi16>
  %s3, %m3 = qsnn.lif %c3 leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s3 : tensor<2xi1>
}
