// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{tile-rows=1}' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{tile-rows=1}' | snn-opt | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels' | filecheck %s --check-prefix=MIXED
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{tile-rows=1 skip-calm=false}' | filecheck %s --check-prefix=AWAKE
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{tile-rows=1},kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE

// Currents of one row of windows, or as many as the layer says, in quads of lanes; none is a state.
// CHECK-LABEL: snnrt.network @net
// CHECK: snnrt.buffer "input_counts" transient : memref<144xi8>
// CHECK: snnrt.buffer "input_marks" transient : memref<5xi32>
// CHECK: snnrt.buffer "conv1_current" transient : memref<2x10x4xi16>
// CHECK: snnrt.constant "conv1_weights" dense<[{{.*}}3, 3, 3, 0{{.*}}]> : tensor<1x1x1x4xi8>
// CHECK: snnrt.buffer "lif1_calm" state : memref<31xi32>
// CHECK: snnrt.buffer "lif1_membrane" state {initial = dense<[12, 10, 11, 1]> : tensor<4xi16>} : memref<5x5x4xi16>
// CHECK: snnrt.buffer "conv2_current" transient : memref<4x4x4xi16>
// CHECK: snnrt.constant "conv2_weights" {{.*}} : tensor<4x2x2x4xi8>
// CHECK: snnrt.buffer "lif2_membrane" state : memref<2x2x2xi16>
// CHECK: snnrt.mark_events %{{.*}}, %input_counts, %input_marks {maximum = 2 : i64}
// CHECK-NEXT: %lif1_spikes_count = snnrt.tile_lif_masks %conv1_weights, %conv1_current, %lif1_membrane -> %lif1_spikes_masks counts(%input_counts : memref<144xi8>) marks(%input_marks : memref<5xi32>) calm(%lif1_calm : memref<31xi32>) resets
// CHECK-SAME: tile_rows = 1 : i64
// CHECK-NEXT: %lif2_spikes_count = snnrt.tile_lif_list %conv2_weights, %conv2_current, %lif2_membrane -> %lif2_spikes_list spikes(%lif1_spikes_masks : memref<25x2xi32>) spike_count(%lif1_spikes_count : i32) leak
// CHECK-SAME: tile_rows = 2 : i64
// CHECK-NEXT: snnrt.fill_zero

// Only the layer that says so.
// MIXED: snnrt.lane_conv2d_hits
// MIXED: snnrt.window_lif_masks
// MIXED: snnrt.tile_lif_list

// All windows are computed in every step: nothing is kept about them.
// AWAKE-NOT: lif1_calm
// AWAKE: snnrt.tile_lif_masks %conv1_weights
// AWAKE-SAME: resets(%lif1_resets
// AWAKE-NOT: rests(

// SOURCE: return snnrt_mark_events(indices, (uint32_t)count, 144, 2, (uint8_t *)(arena + {{[0-9]+}}), (uint32_t *)(void *)(arena + {{[0-9]+}}));
// SOURCE: snnrt_tile_lif_masks(&input, conv1_weights,
// SOURCE: (uint8_t *arena, uint32_t spike_count) {
// SOURCE: .count = spike_count,
// SOURCE: (arena, lif1_spikes_masks_count);
qsnn.network @net(%frame: tensor<1x12x12xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<3> : tensor<3x1x1x1xi8>
  %c1 = qsnn.conv2d %frame, %w1 {layer = "conv1"} : (tensor<1x12x12xi8>, tensor<3x1x1x1xi8>) -> tensor<3x12x12xi16>
  %p1 = qsnn.max_pool2d %c1 kernel [2, 2] stride [2, 2] : (tensor<3x12x12xi16>) -> tensor<3x6x6xi16>
  %s1, %m1 = qsnn.lif %p1 leak 16384 : i32 threshold dense<[[[10]], [[11]], [[12]]]> : tensor<3x1x1xi32> reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif1"} : (tensor<3x6x6xi16>) -> (tensor<3x6x6xi1>, tensor<3x6x6xi16>)
  %w2 = qsnn.weight dense<1> : tensor<2x3x2x2xi8>
  %c2 = qsnn.conv2d %s1, %w2 {layer = "conv2", tile_rows = 2 : i64} : (tensor<3x6x6xi1>, tensor<2x3x2x2xi8>) -> tensor<2x5x5xi16>
  %p2 = qsnn.max_pool2d %c2 kernel [2, 2] stride [2, 2] : (tensor<2x5x5xi16>) -> tensor<2x2x2xi16>
  %s2, %m2 = qsnn.lif %p2 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif2"} : (tensor<2x2x2xi16>) -> (tensor<2x2x2xi1>, tensor<2x2x2xi16>)
  %f = qsnn.reshape %s2 : (tensor<2x2x2xi1>) -> tensor<8xi1>
  %w3 = qsnn.weight dense<1> : tensor<2x8xi8>
  %c3 = qsnn.linear %f, %w3 : (tensor<8xi1>, tensor<2x8xi8>) -> tensor<2xi16>
  %s3, %m3 = qsnn.lif %c3 leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s3 : tensor<2xi1>
}
