// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// BufferOp C1: alignment.
// expected-error @+1 {{'snnrt.buffer' op alignment must be a power of two, got 3}}
%b = snnrt.buffer "b" state {alignment = 3 : i64} : memref<4xi8>

// -----

// BufferOp C1: offset.
// expected-error @+1 {{'snnrt.buffer' op offset 6 is not a multiple of the alignment 4}}
%b = snnrt.buffer "b" state {offset = 6 : i64} : memref<4xi8>

// -----

// ConstantOp C1: the value fills the buffer.
// expected-error @+1 {{'snnrt.constant' op tensor<4xi8> does not fill memref<5xi8>}}
%c = snnrt.constant "c" dense<1> : tensor<4xi8> : memref<5xi8>

// -----

// ViewOp C1: elements.
%a = "test.op"() : () -> memref<4x4xi8>
// expected-error @+1 {{'snnrt.view' op memref<4x4xi8> and memref<15xi8> are not the same memory}}
%r = "snnrt.view"(%a) : (memref<4x4xi8>) -> (memref<15xi8>)

// -----

// ViewOp C1: element types.
%a = "test.op"() : () -> memref<4x4xi8>
// expected-error @+1 {{'snnrt.view' op memref<4x4xi8> and memref<16xi16> are not the same memory}}
%r = "snnrt.view"(%a) : (memref<4x4xi8>) -> (memref<16xi16>)

// -----

// SpikeListOp: bytes.
%a, %b = "test.op"() : () -> (memref<4xi16>, memref<4xi16>)
// expected-error @+1 {{'snnrt.spike_list' op values has element type i16, expected i8}}
%r = "snnrt.spike_list"(%a, %b) : (memref<4xi16>, memref<4xi16>) -> (i32)

// -----

// SpikeListOp: 16-bit indices.
%a, %b = "test.op"() : () -> (memref<4xi8>, memref<4xi32>)
// expected-error @+1 {{'snnrt.spike_list' op list has element type i32, expected i16}}
%r = "snnrt.spike_list"(%a, %b) : (memref<4xi8>, memref<4xi32>) -> (i32)

// -----

// SpikeListOp C1: room.
%a, %b = "test.op"() : () -> (memref<4xi8>, memref<3xi16>)
// expected-error @+1 {{'snnrt.spike_list' op a list of 3 does not hold 4 indices of 16 bits}}
%r = "snnrt.spike_list"(%a, %b) : (memref<4xi8>, memref<3xi16>) -> (i32)

// -----

// SpikeListOp C1: indices.
%a, %b = "test.op"() : () -> (memref<65537xi8>, memref<65537xi16>)
// expected-error @+1 {{'snnrt.spike_list' op a list of 65537 does not hold 65537 indices of 16 bits}}
%r = "snnrt.spike_list"(%a, %b) : (memref<65537xi8>, memref<65537xi16>) -> (i32)

// -----

// Convolution: weights.
%a, %b, %c, %d = "test.op"() : () -> (memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<4x4x5xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter' op weights for 2 inputs and 4 outputs in each of 1 groups do not fi}}
"snnrt.conv2d_scatter"(%a, %b, %c, %d) <{input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<4x4x5xi16>) -> ()

// -----

// Convolution: size.
%a, %b, %c, %d = "test.op"() : () -> (memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<4x4x4xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter' op current has size (4, 4), expected (2, 2)}}
"snnrt.conv2d_scatter"(%a, %b, %c, %d) <{input_size = array<i64: 4, 4>, stride = array<i64: 2, 2>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<4x4x4xi16>) -> ()

// -----

// Convolution: rank.
%a, %b, %c, %d = "test.op"() : () -> (memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<64xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter' op current must have rank 3, got shape (64,)}}
"snnrt.conv2d_scatter"(%a, %b, %c, %d) <{input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (memref<32xi16>, i32, memref<2x3x3x4xi8>, memref<64xi16>) -> ()

// -----

// Convolution of values.
%a, %b, %c, %d, %e = "test.op"() : () -> (memref<32xi16>, i32, memref<32xi8>, memref<2x3x3x4xi8>, memref<4x4x5xi16>)
// expected-error @+1 {{'snnrt.conv2d_scatter_values' op weights for 2 inputs and 4 outputs in each of 1 groups do}}
"snnrt.conv2d_scatter_values"(%a, %b, %c, %d, %e) <{input_size = array<i64: 4, 4>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (memref<32xi16>, i32, memref<32xi8>, memref<2x3x3x4xi8>, memref<4x4x5xi16>) -> ()

// -----

// Linear: weights.
%a, %b, %c, %d = "test.op"() : () -> (memref<32xi16>, i32, memref<32x3xi8>, memref<4xi16>)
// expected-error @+1 {{'snnrt.linear_scatter' op weights memref<32x3xi8> do not fit the current memref<4xi16>}}
"snnrt.linear_scatter"(%a, %b, %c, %d) : (memref<32xi16>, i32, memref<32x3xi8>, memref<4xi16>) -> ()

// -----

// Linear of values: weights.
%a, %b, %c, %d, %e = "test.op"() : () -> (memref<32xi16>, i32, memref<32xi8>, memref<32x3xi8>, memref<4xi16>)
// expected-error @+1 {{'snnrt.linear_scatter_values' op weights memref<32x3xi8> do not fit the current memref<4xi}}
"snnrt.linear_scatter_values"(%a, %b, %c, %d, %e) : (memref<32xi16>, i32, memref<32xi8>, memref<32x3xi8>, memref<4xi16>) -> ()

// -----

// MaxPool2dOp: element types.
%a, %b = "test.op"() : () -> (memref<4x4x2xi8>, memref<2x2x2xi16>)
// expected-error @+1 {{'snnrt.max_pool2d' op output has element type i16, expected i8}}
"snnrt.max_pool2d"(%a, %b) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<2x2x2xi16>) -> ()

// -----

// MaxPool2dOp: size.
%a, %b = "test.op"() : () -> (memref<4x4x2xi8>, memref<4x4x2xi8>)
// expected-error @+1 {{'snnrt.max_pool2d' op output has shape (4, 4, 2), expected (2, 2, 2)}}
"snnrt.max_pool2d"(%a, %b) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<4x4x2xi8>) -> ()

// -----

// SumPool2dOp: size.
%a, %b = "test.op"() : () -> (memref<4x4x2xi8>, memref<4x4x2xi8>)
// expected-error @+1 {{'snnrt.sum_pool2d' op output has shape (4, 4, 2), expected (2, 2, 2)}}
"snnrt.sum_pool2d"(%a, %b) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<4x4x2xi8>) -> ()

// -----

// LIFOp C1: shapes.
%a, %b, %c, %d, %e = "test.op"() : () -> (memref<4xi16>, memref<4xi16>, memref<5xi8>, memref<1xi32>, memref<1xi32>)
// expected-error @+1 {{'snnrt.lif' op buffers have shapes (4,) and (5,), expected the same}}
"snnrt.lif"(%a, %b, %c, %d, %e) <{reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (memref<4xi16>, memref<4xi16>, memref<5xi8>, memref<1xi32>, memref<1xi32>) -> ()

// -----

// LIFOp C2: extents.
%a, %b, %c, %d, %e = "test.op"() : () -> (memref<2x4xi16>, memref<2x4xi16>, memref<2x4xi8>, memref<1xi32>, memref<2xi32>)
// expected-error @+1 {{'snnrt.lif' op a parameter has 2 elements, expected one of {8, 1, 4}}}
"snnrt.lif"(%a, %b, %c, %d, %e) <{reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (memref<2x4xi16>, memref<2x4xi16>, memref<2x4xi8>, memref<1xi32>, memref<2xi32>) -> ()

// -----

// LIOp: shapes.
%a, %b, %c = "test.op"() : () -> (memref<4xi16>, memref<5xi16>, memref<1xi32>)
// expected-error @+1 {{'snnrt.li' op buffers have shapes (4,) and (5,), expected the same}}
"snnrt.li"(%a, %b, %c) <{shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (memref<4xi16>, memref<5xi16>, memref<1xi32>) -> ()

// -----

// LIOp: extents.
%a, %b, %c = "test.op"() : () -> (memref<4xi16>, memref<4xi16>, memref<2xi32>)
// expected-error @+1 {{'snnrt.li' op a parameter has 2 elements, expected one of {1, 4}}}
"snnrt.li"(%a, %b, %c) <{shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (memref<4xi16>, memref<4xi16>, memref<2xi32>) -> ()

// -----

// AlphaOp C1: shapes.
%a, %b, %c, %d = "test.op"() : () -> (memref<4xi16>, memref<5xi16>, memref<4xi8>, memref<1xi32>)
// expected-error @+1 {{'snnrt.alpha' op buffers have shapes (4,) and (5,), expected the same}}
"snnrt.alpha"(%a, %b, %a, %a, %c, %d, %d, %d) <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0>, reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (memref<4xi16>, memref<5xi16>, memref<4xi16>, memref<4xi16>, memref<4xi8>, memref<1xi32>, memref<1xi32>, memref<1xi32>) -> ()

// -----

// AlphaOp C2: extents.
%a, %b, %c, %d = "test.op"() : () -> (memref<4xi16>, memref<4xi8>, memref<1xi32>, memref<2xi32>)
// expected-error @+1 {{'snnrt.alpha' op a parameter has 2 elements, expected one of {1, 4}}}
"snnrt.alpha"(%a, %a, %a, %a, %b, %c, %d, %c) <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0>, reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (memref<4xi16>, memref<4xi16>, memref<4xi16>, memref<4xi16>, memref<4xi8>, memref<1xi32>, memref<2xi32>, memref<1xi32>) -> ()

// -----

// AddOp: shapes.
%a, %b, %c = "test.op"() : () -> (memref<4xi8>, memref<5xi8>, memref<4xi8>)
// expected-error @+1 {{'snnrt.add' op buffers have shapes (5,) and (4,), expected the same}}
"snnrt.add"(%a, %b, %c) : (memref<4xi8>, memref<5xi8>, memref<4xi8>) -> ()

// -----

// AddOp: element types.
%a, %b, %c = "test.op"() : () -> (memref<4xi8>, memref<4xi8>, memref<4xi16>)
// expected-error @+1 {{'snnrt.add' op operand has element type i8, expected i16}}
"snnrt.add"(%a, %b, %c) : (memref<4xi8>, memref<4xi8>, memref<4xi16>) -> ()

// -----

// ScaleOp: extents.
%a, %b, %c = "test.op"() : () -> (memref<4xi8>, memref<2xi32>, memref<4xi16>)
// expected-error @+1 {{'snnrt.scale' op a parameter has 2 elements, expected one of {1, 4}}}
"snnrt.scale"(%a, %b, %c) : (memref<4xi8>, memref<2xi32>, memref<4xi16>) -> ()

// -----

// ConcatChannelsOp: channels.
%a, %b, %c = "test.op"() : () -> (memref<2x4xi8>, memref<2x4xi8>, memref<2x7xi8>)
// expected-error @+1 {{'snnrt.concat_channels' op output has shape (2, 7), expected 8 channels}}
"snnrt.concat_channels"(%a, %b, %c) : (memref<2x4xi8>, memref<2x4xi8>, memref<2x7xi8>) -> ()

// -----

// WidenOp: element types.
%a, %b = "test.op"() : () -> (memref<4xi16>, memref<4xi16>)
// expected-error @+1 {{'snnrt.widen' op input has element type i16, expected i8}}
"snnrt.widen"(%a, %b) : (memref<4xi16>, memref<4xi16>) -> ()

// -----

// WidenOp: shapes.
%a, %b = "test.op"() : () -> (memref<4xi8>, memref<5xi16>)
// expected-error @+1 {{'snnrt.widen' op buffers have shapes (4,) and (5,), expected the same}}
"snnrt.widen"(%a, %b) : (memref<4xi8>, memref<5xi16>) -> ()

// -----

// Im2ColOp C1: columns.
%a, %b = "test.op"() : () -> (memref<4x4x2xi8>, memref<16x17xi8>)
// expected-error @+1 {{'snnrt.im2col' op columns have shape (16, 17), expected (16, 18)}}
"snnrt.im2col"(%a, %b) <{kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<4x4x2xi8>, memref<16x17xi8>) -> ()

// -----

// ReadMembraneOp: the reduction.
%a, %b = "test.op"() : () -> (memref<4xi16>, memref<4xi32>)
// expected-error @+1 {{'snnrt.read_membrane' op reduction must be last, max or sum, not min}}
"snnrt.read_membrane"(%a, %b) <{reduction = "min"}> : (memref<4xi16>, memref<4xi32>) -> ()

// -----

// NetworkOpBase C3: one frame.
// expected-error @+1 {{'snnrt.network' op expected one input frame; got 2 inputs}}
snnrt.network @n(%x: memref<4xi8>, %y: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C7: the maximum.
// expected-error @+1 {{'snnrt.network' op input_maximum must be between 1 and 127, got 128}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 128 : i64} {
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C9: a unit of the output.
// expected-error @+1 {{'snnrt.network' op output_scale must be positive, got -1.0}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, output_scale = -1.0 : f32} {
  snnrt.output %x : memref<4xi8>
}

// -----

// MarkEventsOp C1: a bit for each element.
%f, %c, %m = "test.op"() : () -> (memref<1x6x6xi8>, memref<36xi8>, memref<1xi32>)
// expected-error @+1 {{'snnrt.mark_events' op 36 counts and 1 words of marks do not fit a frame of 36}}
snnrt.mark_events %f, %c, %m {maximum = 1 : i64} : memref<1x6x6xi8>, memref<36xi8>, memref<1xi32>

// -----

// TileLIFBase C2: rows of a tile.
%s, %n, %w, %c, %m, %e, %r = "test.op"() : () -> (memref<36x2xi32>, i32, memref<4x3x3x4xi8>, memref<4x4x4xi16>, memref<2x2x4xi16>, memref<4x2xi32>, memref<2x2x2xi16>)
// expected-error @+1 {{'snnrt.tile_lif_masks' op 1 x 2 windows of (2, 2) do not fit memref<4x4x4xi16>}}
%count = snnrt.tile_lif_masks %w, %c, %m -> %e spikes(%s : memref<36x2xi32>) spike_count(%n : i32) resets(%r : memref<2x2x2xi16>) {window = array<i64: 2, 2>, channels = 4 : i64, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 4, 2, 2>, input_size = array<i64: 6, 6>, padding = array<i64: 0, 0>, tile_rows = 1 : i64} : memref<4x3x3x4xi8>, memref<4x4x4xi16>, memref<2x2x4xi16> -> memref<4x2xi32>

// -----

// TileLIFBase: one input.
%w, %c, %m, %e, %r = "test.op"() : () -> (memref<4x3x3x4xi8>, memref<2x4x4xi16>, memref<2x2x4xi16>, memref<4x2xi32>, memref<2x2x2xi16>)
// expected-error @+1 {{'snnrt.tile_lif_masks' op needs either counts and marks or spikes and their number}}
%count = snnrt.tile_lif_masks %w, %c, %m -> %e resets(%r : memref<2x2x2xi16>) {window = array<i64: 2, 2>, channels = 4 : i64, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 4, 2, 2>, input_size = array<i64: 6, 6>, padding = array<i64: 0, 0>, tile_rows = 1 : i64} : memref<4x3x3x4xi8>, memref<2x4x4xi16>, memref<2x2x4xi16> -> memref<4x2xi32>

// -----

snnrt.network @net(%frame: memref<2x9x9xi8>) -> memref<162xi16> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  %counts = snnrt.buffer "counts" state : memref<162xi8>
  %hits = snnrt.buffer "hits" transient : memref<162xi16>
  %hit_count = snnrt.buffer "hit_count" transient : memref<1xi32>
  // expected-error @+1 {{'snnrt.list_hits' op density needs cells, and cells need it}}
  snnrt.list_hits %frame, %counts, %hits, %hit_count {density = #qsnn.density<cell [4, 3], maximum 128>, maximum = 9 : i64} : memref<2x9x9xi8>, memref<162xi8>, memref<162xi16>, memref<1xi32>
  snnrt.output %hits : memref<162xi16>
}

// -----

snnrt.network @net(%frame: memref<2x9x9xi8>) -> memref<162xi16> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  %counts = snnrt.buffer "counts" state : memref<162xi8>
  %hits = snnrt.buffer "hits" transient : memref<162xi16>
  %hit_count = snnrt.buffer "hit_count" transient : memref<1xi32>
  %cells = snnrt.buffer "cells" transient : memref<3x2xi16>
  // expected-error @+1 {{'snnrt.list_hits' op cells have shape (3, 2), expected (3, 3)}}
  snnrt.list_hits %frame, %counts, %hits, %hit_count, %cells {density = #qsnn.density<cell [4, 3], maximum 128>, maximum = 9 : i64} : memref<2x9x9xi8>, memref<162xi8>, memref<162xi16>, memref<1xi32>, memref<3x2xi16>
  snnrt.output %hits : memref<162xi16>
}
