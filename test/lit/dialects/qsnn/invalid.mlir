// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// NetworkOpBase C1: arguments.
// expected-error @+1 {{'qsnn.network' op body arguments differ from the inputs of the signature}}
"qsnn.network"() <{sym_name = "n", function_type = (tensor<4xi8>) -> tensor<4xi8>, timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64}> ({
^bb0(%x: tensor<5xi8>):
  qsnn.output %x : tensor<5xi8>
}) : () -> ()

// -----

// NetworkOpBase C2: time steps.
// expected-error @+1 {{'qsnn.network' op timesteps must be positive, got 0}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 0 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// NetworkOpBase C3: one frame.
// expected-error @+1 {{'qsnn.network' op expected one input frame; got 2 inputs}}
qsnn.network @n(%x: tensor<4xi8>, %y: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// NetworkOpBase C3: a static shape.
// expected-error @+1 {{'qsnn.network' op the input frame must have a static shape and elements, got tensor<?xi8>}}
qsnn.network @n(%x: tensor<?xi8>) -> tensor<?xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<?xi8>
}

// -----

// NetworkOpBase C4: the terminator.
// expected-error @+1 {{'qsnn.network' op body must end with 'qsnn.output'}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  "test.termop"() : () -> ()
}

// -----

// NetworkOpBase C4: the result types.
// expected-error @+1 {{'qsnn.network' op 'qsnn.output' returns (tensor<4xi8>), the signature says (tensor<5xi8>)}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<5xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// Networks return something.
// expected-error @+1 {{'qsnn.network' op a network must return at least one value}}
qsnn.network @n(%x: tensor<4xi8>) attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output
}

// -----

// NetworkOpBase C5: the population.
// expected-error @+1 {{'qsnn.network' op population 3 does not divide 4 output neurons}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, population = 3 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// Attributes that cannot be left out.
// expected-error @+1 {{'qsnn.network' needs the attribute 'input'}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// No argument attributes.
// expected-error @+1 {{'qsnn.network' takes no argument attributes}}
qsnn.network @n(%x: tensor<4xi8> {test.a}) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// NetworkOp C6: the frame.
// expected-error @+1 {{'qsnn.network' op the frame has element type i16, expected i1 or i8}}
qsnn.network @n(%x: tensor<4xi16>) -> tensor<4xi16> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64} {
  qsnn.output %x : tensor<4xi16>
}

// -----

// NetworkOp C7: the maximum of a byte.
// expected-error @+1 {{'qsnn.network' op input_maximum must be between 1 and 127, got 128}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 128 : i64} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// NetworkOp C9: a unit of the output.
// expected-error @+1 {{'qsnn.network' op output_scale must be positive, got 0.0}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, output_scale = 0.0 : f32} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// NetworkOp C7: the maximum of a spike.
// expected-error @+1 {{'qsnn.network' op input_maximum must be between 1 and 1, got 2}}
qsnn.network @n(%x: tensor<4xi1>) -> tensor<4xi1> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  qsnn.output %x : tensor<4xi1>
}

// -----

// NetworkOp: no maximum.
// expected-error @+1 {{'qsnn.network' op property 'input_maximum' expected in operation 'qsnn.network'}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// LinearBase C1: ranks.
%a, %b = "test.op"() : () -> (tensor<3xi8>, tensor<3xi8>)
// expected-error @+1 {{'qsnn.linear' op input must have rank 1 and weight rank 2, got (3,) and (3,)}}
%r = "qsnn.linear"(%a, %b) : (tensor<3xi8>, tensor<3xi8>) -> (tensor<3xi16>)

// -----

// LinearBase C2: columns.
%a, %b = "test.op"() : () -> (tensor<3xi8>, tensor<2x4xi8>)
// expected-error @+1 {{'qsnn.linear' op input features (3) do not match weight columns (4)}}
%r = "qsnn.linear"(%a, %b) : (tensor<3xi8>, tensor<2x4xi8>) -> (tensor<2xi16>)

// -----

// LinearBase C3: result.
%a, %b = "test.op"() : () -> (tensor<3xi8>, tensor<2x3xi8>)
// expected-error @+1 {{'qsnn.linear' op result shape (3,) should be (2,)}}
%r = "qsnn.linear"(%a, %b) : (tensor<3xi8>, tensor<2x3xi8>) -> (tensor<3xi16>)

// -----

// ConvolutionBase C1: ranks.
%a, %b = "test.op"() : () -> (tensor<3x4xi8>, tensor<2x3x1x1xi8>)
// expected-error @+1 {{'qsnn.conv2d' op input must have rank 3 and weight rank 4, got (3, 4), (2, 3, 1, 1)}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<3x4xi8>, tensor<2x3x1x1xi8>) -> (tensor<2x4x1xi16>)

// -----

// ConvolutionBase C2: groups divide the channels.
%a, %b = "test.op"() : () -> (tensor<3x4x4xi8>, tensor<2x1x1x1xi8>)
// expected-error @+1 {{'qsnn.conv2d' op groups (2) must divide 3 input and 2 output channels}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 2 : i64}> : (tensor<3x4x4xi8>, tensor<2x1x1x1xi8>) -> (tensor<2x4x4xi16>)

// -----

// ConvolutionBase C2: the weight has inputs / groups columns.
%a, %b = "test.op"() : () -> (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>)
// expected-error @+1 {{'qsnn.conv2d' op weight has 4 input channels per group, expected 2 (4 channels in 2 groups}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 2 : i64}> : (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>) -> (tensor<2x4x4xi16>)

// -----

// ConvolutionBase C3: one value per axis.
%a, %b = "test.op"() : () -> (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>)
// expected-error @+1 {{'qsnn.conv2d' op stride has 1 values, expected 2 (one per spatial axis)}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>) -> (tensor<2x4x4xi16>)

// -----

// ConvolutionBase C3: positive strides.
%a, %b = "test.op"() : () -> (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>)
// expected-error @+1 {{'qsnn.conv2d' op kernel, stride and dilation must be positive, padding not negative; got kernel (1, 1), stride (0, 1), dilation (1, 1) and padding (0, 0)}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 0, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>) -> (tensor<2x4x4xi16>)

// -----

// ConvolutionBase C3: the kernel fits.
%a, %b = "test.op"() : () -> (tensor<4x4x4xi8>, tensor<2x4x5x5xi8>)
// expected-error @+1 {{'qsnn.conv2d' op kernel (5, 5) does not fit input (4, 4) with padding (0, 0)}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xi8>, tensor<2x4x5x5xi8>) -> (tensor<2x1x1xi16>)

// -----

// ConvolutionBase C5: result shape.
%a, %b = "test.op"() : () -> (tensor<4x4x4xi8>, tensor<2x4x3x3xi8>)
// expected-error @+1 {{'qsnn.conv2d' op result shape (2, 4, 4) should be (2, 2, 2)}}
%r = "qsnn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xi8>, tensor<2x4x3x3xi8>) -> (tensor<2x4x4xi16>)

// -----

// Pool2dBase C1: rank.
%a = "test.op"() : () -> tensor<4x4xi8>
// expected-error @+1 {{'qsnn.max_pool2d' op input must have rank 3, got shape (4, 4)}}
%r = "qsnn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4xi8>) -> (tensor<2x2xi8>)

// -----

// Pool2dBase C2: the kernel fits.
%a = "test.op"() : () -> tensor<4x4x4xi8>
// expected-error @+1 {{'qsnn.max_pool2d' op kernel (5, 5) does not fit input (4, 4) with padding (0, 0)}}
%r = "qsnn.max_pool2d"(%a) <{kernel = array<i64: 5, 5>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xi8>) -> (tensor<4x1x1xi8>)

// -----

// Pool2dBase C3: padding.
%a = "test.op"() : () -> tensor<4x4x4xi8>
// expected-error @+1 {{'qsnn.max_pool2d' op padding (2, 2) exceeds half of kernel (2, 2)}}
%r = "qsnn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 2, 2>}> : (tensor<4x4x4xi8>) -> (tensor<4x4x4xi8>)

// -----

// Pool2dBase C4: result shape.
%a = "test.op"() : () -> tensor<4x4x4xi8>
// expected-error @+1 {{'qsnn.max_pool2d' op result shape (4, 4, 4) should be (4, 2, 2)}}
%r = "qsnn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xi8>) -> (tensor<4x4x4xi8>)

// -----

// ReshapeBase C1: elements.
%a = "test.op"() : () -> tensor<4x4xi8>
// expected-error @+1 {{'qsnn.reshape' op tensor<4x4xi8> and tensor<15xi8> have different numbers of elements}}
%r = "qsnn.reshape"(%a) : (tensor<4x4xi8>) -> (tensor<15xi8>)

// -----

// ReshapeBase C2: element types.
%a = "test.op"() : () -> tensor<4x4xi8>
// expected-error @+1 {{'qsnn.reshape' op tensor<4x4xi8> and tensor<16xi1> have different element types}}
%r = "qsnn.reshape"(%a) : (tensor<4x4xi8>) -> (tensor<16xi1>)

// -----

// Shapes of the operands of add.
%a, %b = "test.op"() : () -> (tensor<4xi8>, tensor<3xi8>)
// expected-error @+1 {{'qsnn.add' op operands have shapes (4,) and (3,)}}
%r = "qsnn.add"(%a, %b) : (tensor<4xi8>, tensor<3xi8>) -> (tensor<4xi16>)

// -----

// The result of add.
%a, %b = "test.op"() : () -> (tensor<4xi8>, tensor<4xi8>)
// expected-error @+1 {{'qsnn.add' op result shape (3,) should be (4,)}}
%r = "qsnn.add"(%a, %b) : (tensor<4xi8>, tensor<4xi8>) -> (tensor<3xi16>)

// -----

// Concatenation needs equal shapes beyond axis 0.
%a, %b = "test.op"() : () -> (tensor<2x3xi8>, tensor<2x4xi8>)
// expected-error @+1 {{'qsnn.concat' op operands [(2, 3), (2, 4)] differ beyond axis 0}}
%r = "qsnn.concat"(%a, %b) : (tensor<2x3xi8>, tensor<2x4xi8>) -> (tensor<4x3xi8>)

// -----

// Concatenation adds up axis 0.
%a, %b = "test.op"() : () -> (tensor<2x3xi8>, tensor<2x3xi8>)
// expected-error @+1 {{'qsnn.concat' op result shape (2, 6) should be (4, 3)}}
%r = "qsnn.concat"(%a, %b) : (tensor<2x3xi8>, tensor<2x3xi8>) -> (tensor<2x6xi8>)

// -----

// Concatenation keeps the element type.
%a, %b = "test.op"() : () -> (tensor<2x3xi8>, tensor<2x3xi1>)
// expected-error @+1 {{'qsnn.concat' op operand has element type i1, expected i8}}
%r = "qsnn.concat"(%a, %b) : (tensor<2x3xi8>, tensor<2x3xi1>) -> (tensor<4x3xi8>)

// -----

// Concatenation of nothing.
// expected-error @+1 {{'qsnn.concat' op needs at least one operand}}
%r = "qsnn.concat"() : () -> (tensor<4x3xi8>)

// -----

// The bias of a linear layer (C3).
%a, %b, %c = "test.op"() : () -> (tensor<3xi8>, tensor<2x3xi8>, tensor<3xi32>)
// expected-error @+1 {{'qsnn.linear' op bias has shape (3,), expected (2,) for 2 outputs}}
%r = "qsnn.linear"(%a, %b, %c) : (tensor<3xi8>, tensor<2x3xi8>, tensor<3xi32>) -> (tensor<2xi16>)

// -----

// ConvolutionBase C4: the bias.
%a, %b, %c = "test.op"() : () -> (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>, tensor<3xi32>)
// expected-error @+1 {{'qsnn.conv2d' op bias has shape (3,), expected (2,) for 2 outputs}}
%r = "qsnn.conv2d"(%a, %b, %c) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xi8>, tensor<2x4x1x1xi8>, tensor<3xi32>) -> (tensor<2x4x4xi16>)

// -----

// WeightOp C1: widths.
// expected-error @+1 {{'qsnn.weight' op weights have 2, 4, 8, 16 or 32 bits, not 3}}
%w = qsnn.weight dense<1> : tensor<2xi3>

// -----

// WeightOp C1: values within the width.
// expected-error @+1 {{'qsnn.weight' op a value does not fit 4 bits}}
%w = qsnn.weight dense<"0x0708"> : tensor<2xi4>

// -----

// Weights are integers.
// expected-error @+1 {{'qsnn.weight' op result 'result' at position 0 does not verify: expected integer_type, got f32}}
%w = "qsnn.weight"() <{value = dense<1.0> : tensor<2xf32>}> : () -> tensor<2xf32>

// -----

// Sums of 32 bits are no input.
%a, %b = "test.op"() : () -> (tensor<3xi32>, tensor<2x3xi8>)
// expected-error @+1 {{'qsnn.linear' op input has element type i32, expected i1 or i8 or i16}}
%r = "qsnn.linear"(%a, %b) : (tensor<3xi32>, tensor<2x3xi8>) -> (tensor<2xi32>)

// -----

// Convolutions read at most bytes.
%a, %b = "test.op"() : () -> (tensor<3x4x4xi16>, tensor<2x3x1x1xi8>)
// expected-error @+1 {{'qsnn.conv2d' op input has element type i16, expected i1 or i8}}
%r = "qsnn.conv2d"(%a, %b) : (tensor<3x4x4xi16>, tensor<2x3x1x1xi8>) -> (tensor<2x4x4xi32>)

// -----

// Wide weights.
%a, %b = "test.op"() : () -> (tensor<3xi8>, tensor<2x3xi16>)
// expected-error @+1 {{'qsnn.linear' op weight has element type i16, expected i2 or i4 or i8}}
%r = "qsnn.linear"(%a, %b) : (tensor<3xi8>, tensor<2x3xi16>) -> (tensor<2xi32>)

// -----

// Narrow biases.
%a, %b, %c = "test.op"() : () -> (tensor<3xi8>, tensor<2x3xi8>, tensor<2xi16>)
// expected-error @+1 {{'qsnn.linear' op bias has element type i16, expected i32}}
%r = "qsnn.linear"(%a, %b, %c) : (tensor<3xi8>, tensor<2x3xi8>, tensor<2xi16>) -> (tensor<2xi32>)

// -----

// Narrow sums.
%a, %b = "test.op"() : () -> (tensor<3xi8>, tensor<2x3xi8>)
// expected-error @+1 {{'qsnn.linear' op result has element type i8, expected i16 or i32}}
%r = "qsnn.linear"(%a, %b) : (tensor<3xi8>, tensor<2x3xi8>) -> (tensor<2xi8>)

// -----

// The maximum keeps the element type.
%a = "test.op"() : () -> tensor<4x4x4xi8>
// expected-error @+1 {{'qsnn.max_pool2d' op result has element type i16, expected i8}}
%r = "qsnn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xi8>) -> (tensor<4x2x2xi16>)

// -----

// Sums are no spikes.
%a = "test.op"() : () -> tensor<4x4x4xi1>
// expected-error @+1 {{'qsnn.sum_pool2d' op result has element type i1, expected i8 or i16 or i32}}
%r = "qsnn.sum_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xi1>) -> (tensor<4x2x2xi1>)

// -----

// ScaleOp C1: the factor broadcasts.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.scale' op factor of shape (3,) does not broadcast to (4, 2)}}
%r = "qsnn.scale"(%a) <{factor = dense<1> : tensor<3xi32>}> : (tensor<4x2xi8>) -> (tensor<4x2xi16>)

// -----

// ScaleOp C2: the result.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.scale' op result shape (4, 3) should be (4, 2)}}
%r = "qsnn.scale"(%a) <{factor = 1 : i32}> : (tensor<4x2xi8>) -> (tensor<4x3xi16>)

// -----

// NeuronBase C1: membranes.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op membrane has element type i8, expected i16 or i32}}
%r = "qsnn.li"(%a) <{leak = 1 : i32, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x2xi8>)

// -----

// NeuronBase C2: parameters broadcast.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op bias of shape (3,) does not broadcast to the layer's shape (4, 2)}}
%r = "qsnn.li"(%a) <{bias = dense<1> : tensor<3xi32>, leak = 1 : i32, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x2xi16>)

// -----

// NeuronBase C3: leaks.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op leak factors must be between 0 and 32768}}
%r = "qsnn.li"(%a) <{leak = 32769 : i32, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x2xi16>)

// -----

// NeuronBase C3: leaks, also in tensors.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op leak factors must be between 0 and 32768}}
%r = "qsnn.li"(%a) <{leak = dense<[0, -1]> : tensor<2xi32>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x2xi16>)

// -----

// NeuronBase C4: shifts.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op shift must be between 0 and 16, got 17}}
%r = "qsnn.li"(%a) <{leak = 1 : i32, shift = 17 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x2xi16>)

// -----

// NeuronBase C5: result shapes.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op result shape (4, 3) should be (4, 2)}}
%r = "qsnn.li"(%a) <{leak = 1 : i32, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x3xi16>)

// -----

// Parameters are 32-bit integers.
%a = "test.op"() : () -> tensor<4x2xi8>
// expected-error @+1 {{'qsnn.li' op attribute 'leak': expected i32, got i16}}
%r = "qsnn.li"(%a) <{leak = 1 : i16, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<4x2xi8>) -> (tensor<4x2xi16>)

// -----

// Unknown values of enumerations.
// expected-error @+1 {{Expected `nearest`, or `floor`.}}
"test.op"() {a = #qsnn<rounding up>} : () -> ()

// -----

// NetworkOp C8: real values have no density.
// expected-error @+1 {{'qsnn.network' op input_density is about counts and spikes, the input has real values}}
qsnn.network @n(%x: tensor<4xi8>) -> tensor<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_density = #qsnn.density<cell [], maximum 5>} {
  qsnn.output %x : tensor<4xi8>
}

// -----

// NetworkOp C8: the shape of a cell.
// expected-error @+1 {{'qsnn.network' op input_density has cells with 1 extents, but the frame has 2 spatial axes}}
qsnn.network @n(%x: tensor<1x4x4xi8>) -> tensor<1x4x4xi8> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_density = #qsnn.density<cell [2], maximum 5>} {
  qsnn.output %x : tensor<1x4x4xi8>
}

// -----

// InputDensityAttr C1.
qsnn.network @n(%x: tensor<1x4x4xi8>) -> tensor<1x4x4xi8> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64,
  // expected-error @+1 {{cell extents must be positive, got (2, 0)}}
  input_density = #qsnn.density<cell [2, 0], maximum 5>} {
  qsnn.output %x : tensor<1x4x4xi8>
}

// -----

// InputDensityAttr C2.
qsnn.network @n(%x: tensor<1x4x4xi8>) -> tensor<1x4x4xi8> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64,
  // expected-error @+1 {{a cell has at most two extents, got (2, 2, 2)}}
  input_density = #qsnn.density<cell [2, 2, 2], maximum 5>} {
  qsnn.output %x : tensor<1x4x4xi8>
}

// -----

// InputDensityAttr C3.
qsnn.network @n(%x: tensor<1x4x4xi8>) -> tensor<1x4x4xi8> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64,
  // expected-error @+1 {{maximum must be between 1 and 32767, got 0}}
  input_density = #qsnn.density<cell [2, 2], maximum 0>} {
  qsnn.output %x : tensor<1x4x4xi8>
}

// -----

// RegisterOp holds spikes.
// expected-error @+1 {{'qsnn.register' op attribute 'type': expected i1, got i8}}
qsnn.register @r : tensor<2xi8>
"test.op"() : () -> ()

// -----

// RegisterBase C1: one write.
qsnn.network @n(%x: tensor<2xi1>) -> tensor<2xi1> attributes {timesteps = 1 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  // expected-error @+1 {{'qsnn.register' op @r is written more than once}}
  qsnn.register @r : tensor<2xi1>
  qsnn.write @r, %x : tensor<2xi1>
  qsnn.write @r, %x : tensor<2xi1>
  qsnn.output %x : tensor<2xi1>
}

// -----

// ReadOp C1: the register exists.
// expected-error @+1 {{'qsnn.read' op no 'qsnn.register @nowhere' in this network}}
%r = qsnn.read @nowhere : tensor<4xi1>

// -----

// WriteOp C2: its type.
qsnn.network @n(%x: tensor<2xi1>) -> tensor<2xi1> attributes {timesteps = 1 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  qsnn.register @r : tensor<1xi1>
  // expected-error @+1 {{'qsnn.write' op @r holds tensor<1xi1>, not tensor<2xi1>}}
  qsnn.write @r, %x : tensor<2xi1>
  qsnn.output %x : tensor<2xi1>
}

// -----

// AlphaOp C3: both leaks.
%a = "test.op"() : () -> tensor<2xi8>
// expected-error @+1 {{'qsnn.alpha' op leak factors must be between 0 and 32768}}
%r:4 = "qsnn.alpha"(%a) <{excitatory_leak = 9 : i32, threshold = 1 : i32, inhibitory_leak = -1 : i32, reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)

// -----

// AlphaOp C6: resets.
%a = "test.op"() : () -> tensor<2xi8>
// expected-error @+1 {{'qsnn.alpha' op reset must be none, subtract or zero_after, not zero_before}}
%r:4 = "qsnn.alpha"(%a) <{excitatory_leak = 9 : i32, threshold = 1 : i32, inhibitory_leak = 8 : i32, reset = #snn<reset zero_before>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)

// -----

// AlphaOp C7: what a subtraction takes.
%a = "test.op"() : () -> tensor<2xi8>
// expected-error @+1 {{'qsnn.alpha' op recall belongs to reset subtract, and only there}}
%r:4 = "qsnn.alpha"(%a) <{excitatory_leak = 9 : i32, threshold = 1 : i32, inhibitory_leak = 8 : i32, decrement = 1 : i32, reset = #snn<reset subtract>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)

// -----

// AlphaOp C7: what other resets do not.
%a = "test.op"() : () -> tensor<2xi8>
// expected-error @+1 {{'qsnn.alpha' op decrement belongs to reset subtract, and only there}}
%r:4 = "qsnn.alpha"(%a) <{excitatory_leak = 9 : i32, threshold = 1 : i32, inhibitory_leak = 8 : i32, decrement = 1 : i32, reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)

// -----

// AlphaOp C8: large factors.
%a = "test.op"() : () -> tensor<2xi8>
// expected-error @+1 {{'qsnn.alpha' op recall factors must be at most 1048576 in magnitude}}
%r:4 = "qsnn.alpha"(%a) <{excitatory_leak = 9 : i32, threshold = 1 : i32, inhibitory_leak = 8 : i32, decrement = 1 : i32, recall = -1048577 : i32, reset = #snn<reset subtract>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi16>, tensor<2xi16>)

// -----

// AlphaOp C9: types.
%a = "test.op"() : () -> tensor<2xi8>
// expected-error @+1 {{'qsnn.alpha' op states must have one type, got tensor<2xi32> and tensor<2xi16>}}
%r:4 = "qsnn.alpha"(%a) <{excitatory_leak = 9 : i32, threshold = 1 : i32, inhibitory_leak = 8 : i32, reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>}> : (tensor<2xi8>) -> (tensor<2xi1>, tensor<2xi16>, tensor<2xi32>, tensor<2xi16>)

// -----

// RegisterBase C2: one register of a name.
qsnn.network @n(%x: tensor<2xi1>) -> tensor<2xi1> attributes {timesteps = 1 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  qsnn.register @r : tensor<2xi1>
  // expected-error @+1 {{'qsnn.register' op @r is the name of another register, too}}
  qsnn.register @r : tensor<2xi1>
  qsnn.output %x : tensor<2xi1>
}
