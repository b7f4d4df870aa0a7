// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// LinearDotOp C1: bytes are multiplied.
%values, %pairs, %words, %current = "test.op"() : () -> (memref<5xi16>, memref<4xi32>, memref<20xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_dot' op values has element type i16, expected i8}}
snnrt.linear_dot %values, %pairs, %words, %current : memref<5xi16>, memref<4xi32>, memref<20xi32>, memref<10xi16>

// -----

// LinearDotOp C2: a word of weights for each four values and output.
%values, %pairs, %words, %current = "test.op"() : () -> (memref<5xi8>, memref<4xi32>, memref<10xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_dot' op weights have shape (10,), expected (20,)}}
snnrt.linear_dot %values, %pairs, %words, %current : memref<5xi8>, memref<4xi32>, memref<10xi32>, memref<10xi16>

// -----

// LinearDotOp C2: two words for each four values.
%values, %pairs, %words, %current = "test.op"() : () -> (memref<5xi8>, memref<2xi32>, memref<20xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_dot' op pairs have shape (2,), expected (4,)}}
snnrt.linear_dot %values, %pairs, %words, %current : memref<5xi8>, memref<2xi32>, memref<20xi32>, memref<10xi16>

// -----

// LinearDotOp C3: one row of currents.
%values, %pairs, %words, %current = "test.op"() : () -> (memref<5xi8>, memref<4xi32>, memref<20xi32>, memref<1x10xi16>)
// expected-error @+1 {{'snnrt.linear_dot' op current must have rank 1, got shape (1, 10)}}
snnrt.linear_dot %values, %pairs, %words, %current : memref<5xi8>, memref<4xi32>, memref<20xi32>, memref<1x10xi16>

// -----

// Conv2dDotOp C3: the size of the currents.
%values, %strip, %pairs, %words, %current = "test.op"() : () -> (memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x4x3xi32>)
// expected-error @+1 {{'snnrt.conv2d_dot' op current has size (3, 4), expected (3, 3)}}
snnrt.conv2d_dot %values, %strip, %pairs, %words, %current {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>} : memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x4x3xi32>

// -----

// Conv2dDotOp C4: rows of the kernel have no gaps.
%values, %strip, %pairs, %words, %current = "test.op"() : () -> (memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x2x3xi32>)
// expected-error @+1 {{'snnrt.conv2d_dot' op the dilation along a row must be 1, got 2}}
snnrt.conv2d_dot %values, %strip, %pairs, %words, %current {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 2>} : memref<5x6x2xi8>, memref<48xi8>, memref<12xi32>, memref<18xi32>, memref<3x2x3xi32>

// -----

// Conv2dDotOp C5: what a row of outputs reads.
%values, %strip, %pairs, %words, %current = "test.op"() : () -> (memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<3x3x3xi32>)
// expected-error @+1 {{'snnrt.conv2d_dot' op strip has shape (36,), expected (48,)}}
snnrt.conv2d_dot %values, %strip, %pairs, %words, %current {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>} : memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<3x3x3xi32>

// -----

// Conv2dDotPool2dOp C3: the currents of one row of windows.
%image, %strip, %pairs, %words, %rows, %pooled = "test.op"() : () -> (memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<3x2x3xi32>, memref<1x1x3xi32>)
// expected-error @+1 {{'snnrt.conv2d_dot_pool2d' op current of type memref<3x2x3xi32> does not fit windows of (2, 2) to memref<1x1x3xi32>}}
snnrt.conv2d_dot_pool2d %image, %strip, %pairs, %words, %rows, %pooled {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>, window = array<i64: 2, 2>, sum = true} : memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<3x2x3xi32>, memref<1x1x3xi32>

// -----

// Conv2dDotPool2dOp C3: the convolution gives 3 rows, two windows take 4.
%image, %strip, %pairs, %words, %rows, %pooled = "test.op"() : () -> (memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<2x2x3xi32>, memref<2x1x3xi32>)
// expected-error @+1 {{'snnrt.conv2d_dot_pool2d' op current has size (4, 2), expected (3, 3)}}
snnrt.conv2d_dot_pool2d %image, %strip, %pairs, %words, %rows, %pooled {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>, window = array<i64: 2, 2>, sum = true} : memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<2x2x3xi32>, memref<2x1x3xi32>

// -----

// Conv2dDotPool2dOp C6: a maximum has the type of the currents.
%image, %strip, %pairs, %words, %rows, %pooled = "test.op"() : () -> (memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<2x2x3xi16>, memref<1x1x3xi32>)
// expected-error @+1 {{'snnrt.conv2d_dot_pool2d' op output has element type i32, expected i16}}
snnrt.conv2d_dot_pool2d %image, %strip, %pairs, %words, %rows, %pooled {kernel = array<i64: 3, 3>, stride = array<i64: 1, 2>, padding = array<i64: 0, 1>, dilation = array<i64: 1, 1>, window = array<i64: 2, 2>, sum = false} : memref<5x6x2xi8>, memref<36xi8>, memref<12xi32>, memref<18xi32>, memref<2x2x3xi16>, memref<1x1x3xi32>

// -----

// LinearCountsOp C1: values of 16 bits.
%counts, %quads, %sums = "test.op"() : () -> (memref<5xi8>, memref<15xi32>, memref<10xi32>)
// expected-error @+1 {{'snnrt.linear_counts' op values has element type i8, expected i16}}
snnrt.linear_counts %counts, %quads, %sums : memref<5xi8>, memref<15xi32>, memref<10xi32>

// -----

// LinearCountsOp C2: a word for each input and four outputs.
%counts, %quads, %sums = "test.op"() : () -> (memref<5xi16>, memref<10xi32>, memref<10xi32>)
// expected-error @+1 {{'snnrt.linear_counts' op weights have shape (10,), expected (15,)}}
snnrt.linear_counts %counts, %quads, %sums : memref<5xi16>, memref<10xi32>, memref<10xi32>

// -----

// LinearCountsOp C2: no maps.
%counts, %quads, %sums = "test.op"() : () -> (memref<1x5xi16>, memref<15xi32>, memref<10xi32>)
// expected-error @+1 {{'snnrt.linear_counts' op values must have rank 1, got shape (1, 5)}}
snnrt.linear_counts %counts, %quads, %sums : memref<1x5xi16>, memref<15xi32>, memref<10xi32>
