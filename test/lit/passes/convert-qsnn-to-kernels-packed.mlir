// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter weight-bits=2}' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter weight-bits=2}' | snn-opt | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter}' | filecheck %s --check-prefix=LAYER
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{tile-rows=1 weight-bits=2}' | filecheck %s --check-prefix=TILES
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter weight-bits=2},kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE
// RUN: not snn-opt %s -p 'convert-qsnn-to-kernels{weight-bits=3}' 2>&1 | filecheck %s --check-prefix=BITS

// Each convolution has the fewest bits that its weights fit, but not fewer than asked for.
// CHECK: snnrt.constant "conv1_weights" dense<131586> : tensor<1x1x1x1xi32>
// CHECK: snnrt.constant "conv2_weights" dense<0> : tensor<3x2x2x1xi32>
// CHECK: snnrt.conv2d_scatter_packed %input_list, %input_count, %conv1_weights, %conv1_current, %input
// CHECK-SAME: bits = 2 : i64
// CHECK: snnrt.conv2d_scatter_packed %lif1_spikes_list, %lif1_spikes_count, %conv2_weights, %conv2_current {
// CHECK-SAME: bits = 4 : i64

// Only the layer that says so.
// LAYER: snnrt.conv2d_scatter_values
// LAYER: snnrt.conv2d_scatter_packed
// LAYER-SAME: bits = 4 : i64

// TILES: snnrt.tile_lif_masks
// TILES-SAME: weight_bits = 2 : i64
// TILES: snnrt.tile_lif_list
// TILES-SAME: weight_bits = 4 : i64

// SOURCE: snnrt_conv2d_scatter_packed2_values_s16((const uint16_t *)
// SOURCE: snnrt_conv2d_scatter_packed4_s16((const uint16_t *)

// BITS: packed.mlir:{{[0-9]+}}:{{[0-9]+}}: error: 'qsnn.network' op option weight-bits must be 8, 4 or 2, got 3
qsnn.network @net(%frame: tensor<1x12x12xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<1> : tensor<3x1x1x1xi8>
  %c1 = qsnn.conv2d %frame, %w1 {layer = "conv1"} : (tensor<1x12x12xi8>, tensor<3x1x1x1xi8>) -> tensor<3x12x12xi16>
  %p1 = qsnn.max_pool2d %c1 kernel [2, 2] stride [2, 2] : (tensor<3x12x12xi16>) -> tensor<3x6x6xi16>
  %s1, %m1 = qsnn.lif %p1 leak 16384 : i32 threshold dense<[[[10]], [[11]], [[12]]]> : tensor<3x1x1xi32> reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif1"} : (tensor<3x6x6xi16>) -> (tensor<3x6x6xi1>, tensor<3x6x6xi16>)
  %w2 = qsnn.weight dense<-8> : tensor<2x3x2x2xi8>
  %c2 = qsnn.conv2d %s1, %w2 {layer = "conv2", weight_bits = 4 : i64} : (tensor<3x6x6xi1>, tensor<2x3x2x2xi8>) -> tensor<2x5x5xi16>
  %p2 = qsnn.max_pool2d %c2 kernel [2, 2] stride [2, 2] : (tensor<2x5x5xi16>) -> tensor<2x2x2xi16>
  %s2, %m2 = qsnn.lif %p2 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif2"} : (tensor<2x2x2xi16>) -> (tensor<2x2x2xi1>, tensor<2x2x2xi16>)
  %f = qsnn.reshape %s2 : (tensor<2x2x2xi1>) -> tensor<8xi1>
  %w3 = qsnn.weight dense<1> : tensor<2x8xi8>
  %c3 = qsnn.linear %f, %w3 : (tensor<8xi1>, tensor<2x8xi8>) -> tensor<2xi16>
  %s3, %m3 = qsnn.lif %c3 leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s3 : tensor<2xi1>
}
