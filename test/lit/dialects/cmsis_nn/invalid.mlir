// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// ConvolveWrapperS16Op C1: element types.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi8>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s16' op input has element type i8, expected i16}}
"cmsis_nn.convolve_wrapper_s16"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<4x4x2xi8>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>) -> ()

// -----

// ConvolveWrapperS16Op C2: shapes.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<2x4x4xi16>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s16' op filter memref<4x3x3x2xi8> does not lead from memref<4x4}}
"cmsis_nn.convolve_wrapper_s16"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<2x4x4xi16>) -> ()

// -----

// ConvolveWrapperS16Op C2: channels.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi16>, memref<4x3x3x1xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s16' op filter memref<4x3x3x1xi8> does not lead from memref<4x4}}
"cmsis_nn.convolve_wrapper_s16"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<4x4x2xi16>, memref<4x3x3x1xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>) -> ()

// -----

// ConvolveWrapperS16Op C2: ranks.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<64xi16>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s16' op filter memref<4x3x3x2xi8> does not lead from memref<4x4}}
"cmsis_nn.convolve_wrapper_s16"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<64xi16>) -> ()

// -----

// ConvolveWrapperS16Op C2: rank of the input.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<32xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s16' op input must have rank 3, got shape (32,)}}
"cmsis_nn.convolve_wrapper_s16"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<32xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi16>) -> ()

// -----

// ConvolveWrapperS16Op C3: scratch.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<71xi8>, memref<4x4x4xi16>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s16' op scratch memref<71xi8> is smaller than 72 bytes}}
"cmsis_nn.convolve_wrapper_s16"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>}> : (memref<4x4x2xi16>, memref<4x3x3x2xi8>, memref<4xi32>, memref<4xi32>, memref<71xi8>, memref<4x4x4xi16>) -> ()

// -----

// VecMatMulResultAccS8Op: element types.
%a, %b, %c, %d = "test.op"() : () -> (memref<8xi8>, memref<3x8xi8>, memref<3xi32>, memref<3xi32>)
// expected-error @+1 {{'cmsis_nn.vec_mat_mul_result_acc_s8' op output has element type i32, expected i16}}
"cmsis_nn.vec_mat_mul_result_acc_s8"(%a, %b, %c, %d) : (memref<8xi8>, memref<3x8xi8>, memref<3xi32>, memref<3xi32>) -> ()

// -----

// VecMatMulResultAccS8Op: shapes.
%a, %b, %c, %d = "test.op"() : () -> (memref<8xi8>, memref<3x7xi8>, memref<3xi32>, memref<3xi16>)
// expected-error @+1 {{'cmsis_nn.vec_mat_mul_result_acc_s8' op filter memref<3x7xi8> does not lead from memref<8x}}
"cmsis_nn.vec_mat_mul_result_acc_s8"(%a, %b, %c, %d) : (memref<8xi8>, memref<3x7xi8>, memref<3xi32>, memref<3xi16>) -> ()

// -----

// VecMatMulResultAccS8Op: ranks.
%a, %b, %c, %d = "test.op"() : () -> (memref<8xi8>, memref<24xi8>, memref<3xi32>, memref<3xi16>)
// expected-error @+1 {{'cmsis_nn.vec_mat_mul_result_acc_s8' op filter must have rank 2, got shape (24,)}}
"cmsis_nn.vec_mat_mul_result_acc_s8"(%a, %b, %c, %d) : (memref<8xi8>, memref<24xi8>, memref<3xi32>, memref<3xi16>) -> ()

// -----

// MatMultNtTS8S32Op: element types.
%a, %b, %c = "test.op"() : () -> (memref<8xi8>, memref<3x8xi8>, memref<3xi16>)
// expected-error @+1 {{'cmsis_nn.mat_mult_nt_t_s8_s32' op output has element type i16, expected i32}}
"cmsis_nn.mat_mult_nt_t_s8_s32"(%a, %b, %c) : (memref<8xi8>, memref<3x8xi8>, memref<3xi16>) -> ()

// -----

// MatMultNtTS8S32Op: shapes.
%a, %b, %c = "test.op"() : () -> (memref<2x8xi8>, memref<3x8xi8>, memref<3xi32>)
// expected-error @+1 {{'cmsis_nn.mat_mult_nt_t_s8_s32' op filter memref<3x8xi8> does not lead from memref<2x8xi8>}}
"cmsis_nn.mat_mult_nt_t_s8_s32"(%a, %b, %c) : (memref<2x8xi8>, memref<3x8xi8>, memref<3xi32>) -> ()

// -----

// MatMultNtTS8S32Op: ranks.
%a, %b, %c = "test.op"() : () -> (memref<8xi8>, memref<24xi8>, memref<3xi32>)
// expected-error @+1 {{'cmsis_nn.mat_mult_nt_t_s8_s32' op filter must have rank 2, got shape (24,)}}
"cmsis_nn.mat_mult_nt_t_s8_s32"(%a, %b, %c) : (memref<8xi8>, memref<24xi8>, memref<3xi32>) -> ()

// -----

// MaxPoolOp: element types.
%a, %b = "test.op"() : () -> (memref<4x4x2xi32>, memref<2x2x2xi32>)
// expected-error @+1 {{'cmsis_nn.max_pool' op input has element type i32, expected i8 or i16}}
"cmsis_nn.max_pool"(%a, %b) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi32>, memref<2x2x2xi32>) -> ()

// -----

// MaxPoolOp: the output's element type.
%a, %b = "test.op"() : () -> (memref<4x4x2xi8>, memref<2x2x2xi16>)
// expected-error @+1 {{'cmsis_nn.max_pool' op output has element type i16, expected i8}}
"cmsis_nn.max_pool"(%a, %b) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<2x2x2xi16>) -> ()

// -----

// MaxPoolOp: size.
%a, %b = "test.op"() : () -> (memref<4x4x2xi8>, memref<4x4x2xi8>)
// expected-error @+1 {{'cmsis_nn.max_pool' op output has shape (4, 4, 2), expected (2, 2, 2)}}
"cmsis_nn.max_pool"(%a, %b) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<4x4x2xi8>) -> ()

// -----

// ConvolveWrapperS4Op C1: element types.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi16>, memref<36xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s4' op input has element type i16, expected i8}}
"cmsis_nn.convolve_wrapper_s4"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, kernel = array<i64: 3, 3>}> : (memref<4x4x2xi16>, memref<36xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>) -> ()

// -----

// ConvolveWrapperS4Op C2: bytes of the filter.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi8>, memref<35xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s4' op filter memref<35xi8> does not lead from memref<4x4}}
"cmsis_nn.convolve_wrapper_s4"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, kernel = array<i64: 3, 3>}> : (memref<4x4x2xi8>, memref<35xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>) -> ()

// -----

// ConvolveWrapperS4Op C2: rank of the filter.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi8>, memref<4x9xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s4' op filter must have rank 1, got shape (4, 9)}}
"cmsis_nn.convolve_wrapper_s4"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, kernel = array<i64: 3, 3>}> : (memref<4x4x2xi8>, memref<4x9xi8>, memref<4xi32>, memref<4xi32>, memref<72xi8>, memref<4x4x4xi8>) -> ()

// -----

// ConvolveWrapperS4Op C3: scratch.
%a, %b, %c, %d, %e, %f = "test.op"() : () -> (memref<4x4x2xi8>, memref<36xi8>, memref<4xi32>, memref<4xi32>, memref<71xi8>, memref<4x4x4xi8>)
// expected-error @+1 {{'cmsis_nn.convolve_wrapper_s4' op scratch memref<71xi8> is smaller than 72 bytes}}
"cmsis_nn.convolve_wrapper_s4"(%a, %b, %c, %d, %e, %f) <{stride = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilation = array<i64: 1, 1>, kernel = array<i64: 3, 3>}> : (memref<4x4x2xi8>, memref<36xi8>, memref<4xi32>, memref<4xi32>, memref<71xi8>, memref<4x4x4xi8>) -> ()

// -----

// FullyConnectedS4Op: element types.
%a, %b, %c = "test.op"() : () -> (memref<7xi8>, memref<11xi8>, memref<3xi16>)
// expected-error @+1 {{'cmsis_nn.fully_connected_s4' op output has element type i16, expected i8}}
"cmsis_nn.fully_connected_s4"(%a, %b, %c) : (memref<7xi8>, memref<11xi8>, memref<3xi16>) -> ()

// -----

// FullyConnectedS4Op: bytes of the filter, an odd number of weights.
%a, %b, %c = "test.op"() : () -> (memref<7xi8>, memref<10xi8>, memref<3xi8>)
// expected-error @+1 {{'cmsis_nn.fully_connected_s4' op filter memref<10xi8> does not lead from memref<7xi8> to memref<3xi8>}}
"cmsis_nn.fully_connected_s4"(%a, %b, %c) : (memref<7xi8>, memref<10xi8>, memref<3xi8>) -> ()

// -----

// FullyConnectedS4Op: ranks.
%a, %b, %c = "test.op"() : () -> (memref<7xi8>, memref<3x4xi8>, memref<3xi8>)
// expected-error @+1 {{'cmsis_nn.fully_connected_s4' op filter must have rank 1, got shape (3, 4)}}
"cmsis_nn.fully_connected_s4"(%a, %b, %c) : (memref<7xi8>, memref<3x4xi8>, memref<3xi8>) -> ()

// -----

// AvgPoolOp C1: element types.
%a, %b, %c = "test.op"() : () -> (memref<4x4x2xi32>, memref<8xi8>, memref<2x2x2xi32>)
// expected-error @+1 {{'cmsis_nn.avgpool' op input has element type i32, expected i8 or i16}}
"cmsis_nn.avgpool"(%a, %b, %c) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi32>, memref<8xi8>, memref<2x2x2xi32>) -> ()

// -----

// AvgPoolOp C1: the output's element type.
%a, %b, %c = "test.op"() : () -> (memref<4x4x2xi8>, memref<8xi8>, memref<2x2x2xi16>)
// expected-error @+1 {{'cmsis_nn.avgpool' op output has element type i16, expected i8}}
"cmsis_nn.avgpool"(%a, %b, %c) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<8xi8>, memref<2x2x2xi16>) -> ()

// -----

// AvgPoolOp C2: size.
%a, %b, %c = "test.op"() : () -> (memref<4x4x2xi8>, memref<8xi8>, memref<4x4x2xi8>)
// expected-error @+1 {{'cmsis_nn.avgpool' op output has shape (4, 4, 2), expected (2, 2, 2)}}
"cmsis_nn.avgpool"(%a, %b, %c) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<8xi8>, memref<4x4x2xi8>) -> ()

// -----

// AvgPoolOp C3: scratch.
%a, %b, %c = "test.op"() : () -> (memref<4x4x2xi8>, memref<7xi8>, memref<2x2x2xi8>)
// expected-error @+1 {{'cmsis_nn.avgpool' op scratch memref<7xi8> is smaller than 8 bytes}}
"cmsis_nn.avgpool"(%a, %b, %c) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (memref<4x4x2xi8>, memref<7xi8>, memref<2x2x2xi8>) -> ()
