// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// BytesToMasksOp C1: masks and coordinates of every position.
%spikes, %entries = "test.op"() : () -> (memref<3x2x33xi8>, memref<6x2xi32>)
// expected-error @+1 {{'snnrt.bytes_to_masks' op entries of type memref<6x2xi32>, expected shape (6, 3)}}
%count = snnrt.bytes_to_masks %spikes, %entries : (memref<3x2x33xi8>, memref<6x2xi32>) -> i32

// -----

// MapLIFListOp: nothing marks which currents differ from none.
%current, %membrane, %resets, %list, %touched = "test.op"() : () -> (memref<2x2x4xi16>, memref<2x2x4xi16>, memref<2x2x2xi16>, memref<16xi16>, memref<2xi32>)
// expected-error @+1 {{'snnrt.map_lif_list' op takes neither touched nor calm nor initial}}
%listed = snnrt.map_lif_list %current, %membrane -> %list touched(%touched : memref<2xi32>) resets(%resets : memref<2x2x2xi16>) {channels = 4 : i64, window = array<i64: 1, 1>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 4, 2, 2>} : memref<2x2x4xi16>, memref<2x2x4xi16> -> memref<16xi16>

// -----

// MapLIFListOp C1: room for every neuron.
%current, %membrane, %resets, %list = "test.op"() : () -> (memref<2x2x4xi16>, memref<2x2x4xi16>, memref<2x2x2xi16>, memref<15xi16>)
// expected-error @+1 {{'snnrt.map_lif_list' op memref<15xi16> does not hold 16 16-bit indices}}
%listed = snnrt.map_lif_list %current, %membrane -> %list resets(%resets : memref<2x2x2xi16>) {channels = 4 : i64, window = array<i64: 1, 1>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 4, 2, 2>} : memref<2x2x4xi16>, memref<2x2x4xi16> -> memref<15xi16>

// -----

// MaxPoolMasksOp C1: two masks and a site.
%entries, %count, %pooled = "test.op"() : () -> (memref<6x2xi32>, i32, memref<2x3xi32>)
// expected-error @+1 {{'snnrt.max_pool_masks' op entries of type memref<6x2xi32>, expected rows of 3}}
%windows = snnrt.max_pool_masks %entries, %count, %pooled {window = array<i64: 2, 2>, output_size = array<i64: 1, 2>, lanes = 34 : i64} : (memref<6x2xi32>, i32, memref<2x3xi32>) -> i32

// -----

// MaxPoolMasksOp C2: room for every window.
%entries, %count, %pooled = "test.op"() : () -> (memref<6x3xi32>, i32, memref<1x3xi32>)
// expected-error @+1 {{'snnrt.max_pool_masks' op pooled of type memref<1x3xi32>, expected shape (2, 3)}}
%windows = snnrt.max_pool_masks %entries, %count, %pooled {window = array<i64: 2, 2>, output_size = array<i64: 1, 2>, lanes = 34 : i64} : (memref<6x3xi32>, i32, memref<1x3xi32>) -> i32
