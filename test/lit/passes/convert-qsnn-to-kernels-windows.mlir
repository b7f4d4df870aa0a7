// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels' | filecheck %s
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{packing=triples table-bytes=10000}' | filecheck %s --check-prefix=TRIPLES
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels{kernels=scatter}' | filecheck %s --check-prefix=SCATTER
// RUN: sed 's/input_maximum = 2 : i64/&, input_density = #qsnn.density<cell [1, 1], maximum 5>/' %s | snn-opt -p 'convert-qsnn-to-kernels' | filecheck %s --check-prefix=DENSITY
// RUN: snn-opt %s -p 'convert-qsnn-to-kernels,kernels-plan-memory' -t snn-c{file=source} | filecheck %s --check-prefix=SOURCE

// The second pooling drops a row and a column of 5x5 currents, so that only 5x5 of the 6x6 neurons
// of the first layer are computed, and 10x10 of its currents.
// CHECK-LABEL: snnrt.network @net
// CHECK: snnrt.buffer "conv1_current" state : memref<10x10x4xi16>
// CHECK: snnrt.buffer "conv1_touched" state : memref<5xi32>
// CHECK: snnrt.buffer "lif1_membrane" state {initial = dense<[12, 10, 11, 1]> : tensor<4xi16>} : memref<5x5x4xi16>
// CHECK: snnrt.buffer "lif1_calm" state : memref<31xi32>
// CHECK: snnrt.buffer "lif1_spikes_masks" transient : memref<25x2xi32>
// CHECK: snnrt.buffer "conv2_current" state : memref<4x4x2xi16>
// CHECK: snnrt.list_hits %{{.*}}, %input_counts, %input_hits, %input_hit_count {maximum = 2 : i64}
// CHECK-NEXT: snnrt.lane_conv2d_hits %input_hits, %input_hit_count, %input_counts, %conv1_kernels, %conv1_current, %conv1_touched
// CHECK-NEXT: %lif1_spikes_count = snnrt.window_lif_masks %conv1_current, %lif1_membrane -> %lif1_spikes_masks touched(%conv1_touched : memref<5xi32>) calm(%lif1_calm : memref<31xi32>) resets(%lif1_resets : memref<2x2x2xi16>) rests(%lif1_rests : memref<4xi16>)
// CHECK-SAME: logical_shape = array<i64: 3, 6, 6>
// CHECK-NEXT: snnrt.mask_conv2d %lif1_spikes_masks, %lif1_spikes_count, %conv2_tables, %conv2_current
// CHECK-SAME: lanes = 4 : i64, group_starts = array<i64: 1>, group_bits = array<i64: 2>
// CHECK-NEXT: %lif2_spikes_count = snnrt.window_lif_list %conv2_current
// CHECK: snnrt.linear_scatter{{.*}} %lif2_spikes_list, %lif2_spikes_count

// Three lanes in a double, and one table for the three channels of the first layer.
// TRIPLES: snnrt.buffer "conv1_current" state {alignment = 8 : i64, initial = dense<{{.*}}> : tensor<1xf64>} : memref<10x10x1xf64>
// TRIPLES: snnrt.window_lif_masks
// TRIPLES-SAME: initial(%lif1_no_current : memref<1xf64>)
// TRIPLES: snnrt.mask_conv2d
// TRIPLES-SAME: lanes = 4 : i64, group_starts = array<i64: 1>, group_bits = array<i64: 2>

// The list that the convolution consumes is checked, and the frame read once.
// DENSITY-NOT: snnrt.check_density
// DENSITY: snnrt.list_hits %{{.*}}, %input_counts, %input_hits, %input_hit_count, %input_cells {maximum = 2 : i64, density = #qsnn.density<cell [1, 1], maximum 5>}

// SCATTER-NOT: window_lif
// SCATTER: snnrt.conv2d_scatter_values

// SOURCE: static bool read_events(uint8_t *arena, const uint16_t *indices, size_t count) {
// SOURCE-NEXT:   const snnrt_hit_list list = snnrt_list_events(indices, (uint32_t)count, 144, 2,
// SOURCE: return snnrt_window_lif_masks(
// SOURCE: snnrt_fill_rows((int16_t *)(void *)(network->arena + {{[0-9]+}}), 25, lif1_membrane_initial, 8);
qsnn.network @net(%frame: tensor<1x12x12xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<3> : tensor<3x1x1x1xi8>
  %c1 = qsnn.conv2d %frame, %w1 {layer = "conv1"} : (tensor<1x12x12xi8>, tensor<3x1x1x1xi8>) -> tensor<3x12x12xi16>
  %p1 = qsnn.max_pool2d %c1 kernel [2, 2] stride [2, 2] : (tensor<3x12x12xi16>) -> tensor<3x6x6xi16>
  %s1, %m1 = qsnn.lif %p1 leak 16384 : i32 threshold dense<[[[10]], [[11]], [[12]]]> : tensor<3x1x1xi32> reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif1"} : (tensor<3x6x6xi16>) -> (tensor<3x6x6xi1>, tensor<3x6x6xi16>)
  %w2 = qsnn.weight dense<1> : tensor<2x3x2x2xi8>
  %c2 = qsnn.conv2d %s1, %w2 {layer = "conv2"} : (tensor<3x6x6xi1>, tensor<2x3x2x2xi8>) -> tensor<2x5x5xi16>
  %p2 = qsnn.max_pool2d %c2 kernel [2, 2] stride [2, 2] : (tensor<2x5x5xi16>) -> tensor<2x2x2xi16>
  %s2, %m2 = qsnn.lif %p2 leak 29491 : i32 threshold 5 : i32 reset zero_before delayed compare ge overflow proven rounding nearest {layer = "lif2"} : (tensor<2x2x2xi16>) -> (tensor<2x2x2xi1>, tensor<2x2x2xi16>)
  %f = qsnn.reshape %s2 : (tensor<2x2x2xi1>) -> tensor<8xi1>
  %w3 = qsnn.weight dense<1> : tensor<2x8xi8>
  %c3 = qsnn.linear %f, %w3 : (tensor<8xi1>, tensor<2x8xi8>) -> tensor<2xi16>
  %s3, %m3 = qsnn.lif %c3 leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s3 : tensor<2xi1>
}
