// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: snnrt.network @net(%frame: memref<2x9x9xi8>) -> memref<3x3xi16> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_density = #qsnn.density<cell [4, 3], maximum 128>} {
snnrt.network @net(%frame: memref<2x9x9xi8>) -> memref<3x3xi16> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_density = #qsnn.density<cell [4, 3], maximum 128>} {
  %cells = snnrt.buffer "cells" transient : memref<3x3xi16>
  // CHECK: snnrt.check_density %frame, %cells {density = #qsnn.density<cell [4, 3], maximum 128>} : memref<2x9x9xi8>, memref<3x3xi16>
  snnrt.check_density %frame, %cells {density = #qsnn.density<cell [4, 3], maximum 128>} : memref<2x9x9xi8>, memref<3x3xi16>
  %counts = snnrt.buffer "counts" state : memref<162xi8>
  %hits = snnrt.buffer "hits" transient : memref<162xi16>
  %hit_count = snnrt.buffer "hit_count" transient : memref<1xi32>
  // CHECK: snnrt.list_hits %frame, %counts, %hits, %hit_count, %cells {density = #qsnn.density<cell [4, 3], maximum 128>, maximum = 9 : i64}
  snnrt.list_hits %frame, %counts, %hits, %hit_count, %cells {density = #qsnn.density<cell [4, 3], maximum 128>, maximum = 9 : i64} : memref<2x9x9xi8>, memref<162xi8>, memref<162xi16>, memref<1xi32>, memref<3x3xi16>
  snnrt.output %cells : memref<3x3xi16>
}
