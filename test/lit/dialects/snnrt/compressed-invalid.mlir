// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// LinearScatterPackedOp C1: the width.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_packed' op bits must be 4 or 2, got 3}}
snnrt.linear_scatter_packed %list, %count, %words, %current {bits = 3 : i64} : memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>

// -----

// LinearScatterPackedOp C2: the words of a row.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_packed' op 12 weights of 2 bits need 1 words for each input, got memref<5x2xi32>}}
snnrt.linear_scatter_packed %list, %count, %words, %current {bits = 2 : i64} : memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>

// -----

// LinearScatterSparseOp C1: panels.
%list, %count, %starts, %entries, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<1x6xi16>, memref<9xi16>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_sparse' op panel_outputs must be between 1 and 256, got 257}}
snnrt.linear_scatter_sparse %list, %count, %starts, %entries, %current {panel_outputs = 257 : i64} : memref<5xi16>, i32, memref<1x6xi16>, memref<9xi16>, memref<12xi16>

// -----

// LinearScatterSparseOp C2: starts of each panel.
%list, %count, %starts, %entries, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<1x6xi16>, memref<9xi16>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_sparse' op 12 outputs in panels of 8 need starts of 2 panels, got memref<1x6xi16>}}
snnrt.linear_scatter_sparse %list, %count, %starts, %entries, %current {panel_outputs = 8 : i64} : memref<5xi16>, i32, memref<1x6xi16>, memref<9xi16>, memref<12xi16>

// -----

// LinearScatterSparseOp C3: the entries.
%list, %count, %starts, %entries, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<1x6xi16>, memref<9xi8>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_sparse' op entries has element type i8, expected i16}}
snnrt.linear_scatter_sparse %list, %count, %starts, %entries, %current {panel_outputs = 16 : i64} : memref<5xi16>, i32, memref<1x6xi16>, memref<9xi8>, memref<12xi16>

// -----

// LinearScatterBlocksOp C1: whole blocks.
%list, %count, %starts, %blocks, %weights, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<6xi16>, memref<7xi8>, memref<7xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_blocks' op outputs must be a multiple of 4 and at most 1024, got 10}}
snnrt.linear_scatter_blocks %list, %count, %starts, %blocks, %weights, %current : memref<5xi16>, i32, memref<6xi16>, memref<7xi8>, memref<7xi32>, memref<10xi16>

// -----

// LinearScatterBlocksOp C2: starts.
%list, %count, %starts, %blocks, %weights, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<6xi32>, memref<7xi8>, memref<7xi32>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_blocks' op starts has element type i32, expected i16}}
snnrt.linear_scatter_blocks %list, %count, %starts, %blocks, %weights, %current : memref<5xi16>, i32, memref<6xi32>, memref<7xi8>, memref<7xi32>, memref<12xi16>

// -----

// LinearScatterBlocksOp C3: as many blocks as weights.
%list, %count, %starts, %blocks, %weights, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<6xi16>, memref<7xi8>, memref<8xi32>, memref<12xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_blocks' op blocks memref<7xi8> and weights memref<8xi32> differ in number}}
snnrt.linear_scatter_blocks %list, %count, %starts, %blocks, %weights, %current : memref<5xi16>, i32, memref<6xi16>, memref<7xi8>, memref<8xi32>, memref<12xi16>

// -----

// SparseConvolutionBase: the kernel.
%list, %count, %starts, %distances, %weights, %current = "test.op"() : () -> (memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi8>, memref<3x3x4xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_sparse' op kernel must be a height and a width, got [0, 3]}}
snnrt.conv2d_scatter_sparse %list, %count, %starts, %distances, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, kernel = array<i64: 0, 3>} : memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi8>, memref<3x3x4xi16>

// -----

// SparseConvolutionBase C1: a start for each element.
%list, %count, %starts, %distances, %weights, %current = "test.op"() : () -> (memref<32xi16>, i32, memref<10xi16>, memref<7xi16>, memref<7xi8>, memref<3x3x4xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_sparse' op 10 starts are not one more than the elements of kernels of 2x2}}
snnrt.conv2d_scatter_sparse %list, %count, %starts, %distances, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, kernel = array<i64: 2, 2>} : memref<32xi16>, i32, memref<10xi16>, memref<7xi16>, memref<7xi8>, memref<3x3x4xi16>

// -----

// SparseConvolutionBase C2: as many weights as distances.
%list, %count, %starts, %distances, %weights, %current = "test.op"() : () -> (memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<8xi8>, memref<3x3x4xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_sparse' op buffers have shapes (7,) and (8,), expected the same}}
snnrt.conv2d_scatter_sparse %list, %count, %starts, %distances, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, kernel = array<i64: 2, 2>} : memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<8xi8>, memref<3x3x4xi16>

// -----

// SparseConvolutionBase C2: words of blocks.
%list, %count, %starts, %distances, %weights, %current = "test.op"() : () -> (memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi8>, memref<3x3x4xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_blocks' op weights has element type i8, expected i32}}
snnrt.conv2d_scatter_blocks %list, %count, %starts, %distances, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, kernel = array<i64: 2, 2>} : memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi8>, memref<3x3x4xi16>

// -----

// SparseConvolutionBase C3: the size of the currents.
%list, %count, %starts, %distances, %weights, %current = "test.op"() : () -> (memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi8>, memref<2x3x4xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_sparse' op current has size (2, 3), expected (3, 3)}}
snnrt.conv2d_scatter_sparse %list, %count, %starts, %distances, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, kernel = array<i64: 2, 2>} : memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi8>, memref<2x3x4xi16>

// -----

// Conv2dScatterBlocksOp C4: whole blocks.
%list, %count, %starts, %distances, %weights, %current = "test.op"() : () -> (memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi32>, memref<3x3x6xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_blocks' op outputs of a group must be a multiple of 4, got 6}}
snnrt.conv2d_scatter_blocks %list, %count, %starts, %distances, %weights, %current {input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64, kernel = array<i64: 2, 2>} : memref<32xi16>, i32, memref<9xi16>, memref<7xi16>, memref<7xi32>, memref<3x3x6xi16>
