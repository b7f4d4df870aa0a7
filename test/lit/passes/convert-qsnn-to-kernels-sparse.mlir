// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=sparse}' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=sparse}' | snn-opt | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=blocks}' | filecheck %s --check-prefix=BLOCKS
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels' | filecheck %s --check-prefix=EVENT
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=sparse},kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=blocks}' --remarks 2>&1 | filecheck %s --check-prefix=REMARK

// The last element of a kernel reaches the first output: the 3 of row 1, column 1. The 7 of row 0 reaches one that is
// a row of 3 positions with 4 channels behind it, as channel 1; the -5 of column 0 the next position, as channel 2.
// CHECK: snnrt.constant "conv1_starts" dense<[0, 1, 1, 2, 3]> : tensor<5xi16>
// CHECK: snnrt.constant "conv1_distances" dense<[0, 13, 18]> : tensor<3xi16>
// CHECK: snnrt.constant "conv1_weights" dense<[3, 7, -5]> : tensor<3xi8>
// With a stride of 2 rows and columns 2 and 0 belong together, and 1 is alone: the 5 of row 2, column 0 is the second
// element of the first class, the 4 of row 0, column 1 the second of the second class.
// CHECK: snnrt.constant "conv2_starts" dense<[0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
// CHECK: snnrt.constant "conv2_weights" dense<[5, 4, 2, 1]> : tensor<4xi8>
// CHECK: snnrt.conv2d_scatter_sparse %input_list, %input_count, %conv1_starts, %conv1_distances, %conv1_weights, %conv1_current, %input {
// CHECK-SAME: kernel = array<i64: 2, 2>
// CHECK: snnrt.conv2d_scatter_sparse %lif1_spikes_list, %lif1_spikes_count, %conv2_starts, %conv2_distances, %conv2_weights, %conv2_current {

// Distances of blocks of 4 channels; weights in the order 0, 2, 1, 3 from the lowest byte on.
// BLOCKS: snnrt.constant "conv1_distances" dense<[0, 12, 16]> : tensor<3xi16>
// BLOCKS: snnrt.constant "conv1_weights" dense<[3, 458752, 64256]> : tensor<3xi32>
// BLOCKS: snnrt.conv2d_scatter_blocks
// BLOCKS: snnrt.conv2d_scatter %

// Windows where that is possible, else what needs fewest instructions.
// EVENT: snnrt.lane_conv2d_hits
// EVENT: snnrt.conv2d_scatter_sparse %lif1_spikes_list

// SOURCE: snnrt_conv2d_scatter_sparse_values_s16((const uint16_t *)
// SOURCE: snnrt_conv2d_scatter_sparse_s16((const uint16_t *)

// REMARK: remark: 'qsnn.conv2d' op its weights cannot be stored as 'blocks'; uses scatter
qsnn.network @net(%frame: tensor<1x4x4xi8>) -> tensor<3x1x1xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<[[[[0, 0], [0, 3]]], [[[0, 7], [0, 0]]], [[[-5, 0], [0, 0]]], [[[0, 0], [0, 0]]]]> : tensor<4x1x2x2xi8>
  %c1 = qsnn.conv2d %frame, %w1 stride [1, 1] {layer = "conv1"} : (tensor<1x4x4xi8>, tensor<4x1x2x2xi8>) -> tensor<4x3x3xi16>
  %s1, %m1 = qsnn.lif %c1 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif1"} : (tensor<4x3x3xi16>) -> (tensor<4x3x3xi1>, tensor<4x3x3xi16>)
  %w2 = qsnn.weight dense<[[[[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 0, 2], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]], [[[0, 4, 0], [0, 0, 0], [5, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]], [[[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]]]> : tensor<3x4x3x3xi8>
  %c2 = qsnn.conv2d %s1, %w2 stride [2, 2] {layer = "conv2"} : (tensor<4x3x3xi1>, tensor<3x4x3x3xi8>) -> tensor<3x1x1xi16>
  %s2, %m2 = qsnn.lif %c2 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif2"} : (tensor<3x1x1xi16>) -> (tensor<3x1x1xi1>, tensor<3x1x1xi16>)
  qsnn.output %s2 : tensor<3x1x1xi1>
}
