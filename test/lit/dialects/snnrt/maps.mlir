// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: %spikes, %entries = "test.op"()
%spikes, %entries = "test.op"() : () -> (memref<3x2x5xi8>, memref<6x2xi32>)
// CHECK-NEXT: %count = snnrt.bytes_to_masks %spikes, %entries : (memref<3x2x5xi8>, memref<6x2xi32>) -> i32
%count = snnrt.bytes_to_masks %spikes, %entries : (memref<3x2x5xi8>, memref<6x2xi32>) -> i32

// CHECK-NEXT: %current, %membrane, %resets, %list, %masks = "test.op"()
%current, %membrane, %resets, %list, %masks = "test.op"() : () -> (memref<4x4x4xi16>, memref<2x2x4xi16>, memref<2x2x2xi16>, memref<16xi16>, memref<4x2xi32>)
// CHECK-NEXT: %listed = snnrt.map_lif_list %current, %membrane -> %list resets(%resets : memref<2x2x2xi16>)
// CHECK-SAME: current_shift = 3 : i64
%listed = snnrt.map_lif_list %current, %membrane -> %list resets(%resets : memref<2x2x2xi16>) {channels = 4 : i64, window = array<i64: 2, 2>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 3 : i32, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 4, 2, 2>, current_shift = 3 : i64} : memref<4x4x4xi16>, memref<2x2x4xi16> -> memref<16xi16>
// CHECK-NEXT: %masked = snnrt.map_lif_masks %current, %membrane -> %masks resets(%resets : memref<2x2x2xi16>)
%masked = snnrt.map_lif_masks %current, %membrane -> %masks resets(%resets : memref<2x2x2xi16>) {channels = 4 : i64, window = array<i64: 2, 2>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 4, 2, 2>} : memref<4x4x4xi16>, memref<2x2x4xi16> -> memref<4x2xi32>

// CHECK-NEXT: %pooled = "test.op"()
%pooled = "test.op"() : () -> (memref<2x2xi32>)
// CHECK-NEXT: %windows = snnrt.max_pool_masks %entries, %count, %pooled {window = array<i64: 2, 2>, output_size = array<i64: 1, 2>, lanes = 6 : i64} : (memref<6x2xi32>, i32, memref<2x2xi32>) -> i32
%windows = snnrt.max_pool_masks %entries, %count, %pooled {window = array<i64: 2, 2>, output_size = array<i64: 1, 2>, lanes = 6 : i64} : (memref<6x2xi32>, i32, memref<2x2xi32>) -> i32
