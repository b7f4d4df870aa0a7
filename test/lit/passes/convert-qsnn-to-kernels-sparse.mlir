// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=sparse}' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=sparse}' | snn-opt | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=blocks}' | filecheck %s --check-prefix=BLOCKS
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels' | filecheck %s --check-prefix=EVENT
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=sparse},kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=blocks}' -R 2>&1 | filecheck %s --check-prefix=REMARK

// The first columns that reach outputs are the last ones of the kernel: the weight 3 in row 1, column 1 reaches the
// first output, 7 in row 0, column 1 the one in the row of 3 outputs with 4 channels below it.
// CHECK: snnrt.constant "conv1_starts" dense<[0, 1, 1, 2, 3]> : tensor<5xi16>
// CHECK: snnrt.constant "conv1_distances" dense<[0, 13, 18]> : tensor<3xi16>
// CHECK: snnrt.constant "conv1_weights" dense<[3, 7, -5]> : tensor<3xi8>
// CHECK: snnrt.conv2d_scatter_sparse %input_list, %input_count, %conv1_starts, %conv1_distances, %conv1_weights, %conv1_current, %input {
// CHECK-SAME: kernel = array<i64: 2, 2>
// With a stride of 2 columns 0 and 2 belong together, and column 1 is alone.
// CHECK: snnrt.constant "conv2_starts" dense<[0, 1, 2, 2, 2, 3, 4
// CHECK: snnrt.conv2d_scatter_sparse %lif1_spikes_list, %lif1_spikes_count, %conv2_starts, %conv2_distances, %conv2_weights, %conv2_current {

// BLOCKS: snnrt.constant "conv1_starts" dense<[0, 1, 1, 2, 3]> : tensor<5xi16>
// BLOCKS: snnrt.constant "conv1_distances" dense<[0, 12, 16]> : tensor<3xi16>
// BLOCKS: snnrt.constant "conv1_weights" dense<[3, 458752, 16449536]> : tensor<3xi32>
// BLOCKS: snnrt.conv2d_scatter_blocks
// BLOCKS: snnrt.conv2d_scatter %

// EVENT: snnrt.conv2d_scatter_sparse %input_list

// SOURCE: snnrt_conv2d_scatter_sparse_values_s16((const uint16_t *)
// SOURCE: snnrt_conv2d_scatter_sparse_s16((const uint16_t *)

// REMARK: remark: 'qsnn.conv2d' op its weights cannot be stored as 'blocks'; uses scatter
qsnn.network @net(%frame: tensor<1x4x4xi8>) -> tensor<3x2x1xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<[[[[0, 0], [0, 3]]], [[[0, 7], [0, 0]]], [[[-5, 0], [0, 0]]], [[[0, 0], [0, 0]]]]> : tensor<4x1x2x2xi8>
  %c1 = qsnn.conv2d %frame, %w1 stride [1, 1] {layer = "conv1"} : (tensor<1x4x4xi8>, tensor<4x1x2x2xi8>) -> tensor<4x3x3xi16>
  %s1, %m1 = qsnn.lif %c1 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif1"} : (tensor<4x3x3xi16>) -> (tensor<4x3x3xi1>, tensor<4x3x3xi16>)
  %w2 = qsnn.weight dense<[[[[4, 5, 6]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]], [[[0, 0, 0]], [[1, 0, 2]], [[0, 0, 0]], [[0, 0, 0]]], [[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]]]> : tensor<3x4x1x3xi8>
  %c2 = qsnn.conv2d %s1, %w2 stride [2, 2] {layer = "conv2"} : (tensor<4x3x3xi1>, tensor<3x4x1x3xi8>) -> tensor<3x2x1xi16>
  %s2, %m2 = qsnn.lif %c2 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif2"} : (tensor<3x2x1xi16>) -> (tensor<3x2x1xi1>, tensor<3x2x1xi16>)
  qsnn.output %s2 : tensor<3x2x1xi1>
}
