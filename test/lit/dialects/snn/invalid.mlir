// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// NetworkOpBase C1: arguments.
// expected-error @+1 {{'snn.network' op body arguments differ from the inputs of the signature}}
"snn.network"() <{sym_name = "n", function_type = (tensor<4xf32>) -> tensor<4xf32>, timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>}> ({
^bb0(%x: tensor<5xf32>):
  snn.output %x : tensor<5xf32>
}) : () -> ()

// -----

// NetworkOpBase C2: time steps.
// expected-error @+1 {{'snn.network' op timesteps must be positive, got 0}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 0 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<4xf32>
}

// -----

// NetworkOpBase C3: one frame.
// expected-error @+1 {{'snn.network' op expected one input frame; got 2 inputs}}
snn.network @n(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<4xf32>
}

// -----

// NetworkOpBase C3: a static shape.
// expected-error @+1 {{'snn.network' op the input frame must have a static shape and elements, got tensor<?xf32>}}
snn.network @n(%x: tensor<?xf32>) -> tensor<?xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<?xf32>
}

// -----

// NetworkOpBase C4: the terminator.
// expected-error @+1 {{'snn.network' op body must end with 'snn.output'}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  "test.termop"() : () -> ()
}

// -----

// NetworkOpBase C4: the result types.
// expected-error @+1 {{'snn.network' op 'snn.output' returns (tensor<4xf32>), the signature says (tensor<5xf32>)}}
snn.network @n(%x: tensor<4xf32>) -> tensor<5xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<4xf32>
}

// -----

// Networks return something.
// expected-error @+1 {{'snn.network' op a network must return at least one value}}
snn.network @n(%x: tensor<4xf32>) attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output
}

// -----

// NetworkOpBase C5: the population.
// expected-error @+1 {{'snn.network' op population 3 does not divide 4 output neurons}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, population = 3 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<4xf32>
}

// -----

// Attributes that cannot be left out.
// expected-error @+1 {{'snn.network' needs the attribute 'input'}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64} {
  snn.output %x : tensor<4xf32>
}

// -----

// No argument attributes.
// expected-error @+1 {{'snn.network' takes no argument attributes}}
snn.network @n(%x: tensor<4xf32> {test.a}) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<4xf32>
}

// -----

// LinearBase C1: ranks.
%a, %b = "test.op"() : () -> (tensor<3xf32>, tensor<3xf32>)
// expected-error @+1 {{'snn.linear' op input must have rank 1 and weight rank 2, got (3,) and (3,)}}
%r = "snn.linear"(%a, %b) : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>)

// -----

// LinearBase C2: columns.
%a, %b = "test.op"() : () -> (tensor<3xf32>, tensor<2x4xf32>)
// expected-error @+1 {{'snn.linear' op input features (3) do not match weight columns (4)}}
%r = "snn.linear"(%a, %b) : (tensor<3xf32>, tensor<2x4xf32>) -> (tensor<2xf32>)

// -----

// LinearBase C3: result.
%a, %b = "test.op"() : () -> (tensor<3xf32>, tensor<2x3xf32>)
// expected-error @+1 {{'snn.linear' op result shape (3,) should be (2,)}}
%r = "snn.linear"(%a, %b) : (tensor<3xf32>, tensor<2x3xf32>) -> (tensor<3xf32>)

// -----

// ConvolutionBase C1: ranks.
%a, %b = "test.op"() : () -> (tensor<3x4xf32>, tensor<2x3x1x1xf32>)
// expected-error @+1 {{'snn.conv2d' op input must have rank 3 and weight rank 4, got (3, 4), (2, 3, 1, 1)}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<3x4xf32>, tensor<2x3x1x1xf32>) -> (tensor<2x4x1xf32>)

// -----

// ConvolutionBase C2: groups divide the channels.
%a, %b = "test.op"() : () -> (tensor<3x4x4xf32>, tensor<2x1x1x1xf32>)
// expected-error @+1 {{'snn.conv2d' op groups (2) must divide 3 input and 2 output channels}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 2 : i64}> : (tensor<3x4x4xf32>, tensor<2x1x1x1xf32>) -> (tensor<2x4x4xf32>)

// -----

// ConvolutionBase C2: the weight has inputs / groups columns.
%a, %b = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>)
// expected-error @+1 {{'snn.conv2d' op weight has 4 input channels per group, expected 2 (4 channels in 2 groups)}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 2 : i64}> : (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>) -> (tensor<2x4x4xf32>)

// -----

// ConvolutionBase C3: one value per axis.
%a, %b = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>)
// expected-error @+1 {{'snn.conv2d' op stride has 1 values, expected 2 (one per spatial axis)}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>) -> (tensor<2x4x4xf32>)

// -----

// ConvolutionBase C3: positive strides.
%a, %b = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>)
// expected-error @+1 {{'snn.conv2d' op kernel, stride and dilation must be positive, padding not negative; got kernel (1, 1), stride (0, 1), dilation (1, 1) and padding (0, 0)}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 0, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>) -> (tensor<2x4x4xf32>)

// -----

// Strides are numbers of 64 bits.
%a, %b = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>)
// expected-error @+1 {{'snn.conv2d' op a number is beyond the range of its type}}
%r = snn.conv2d %a, %b stride [1, 9223372036854775808] : (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>) -> tensor<2x4x4xf32>

// -----

// ConvolutionBase C3: the kernel fits.
%a, %b = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x5x5xf32>)
// expected-error @+1 {{'snn.conv2d' op kernel (5, 5) does not fit input (4, 4) with padding (0, 0)}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xf32>, tensor<2x4x5x5xf32>) -> (tensor<2x1x1xf32>)

// -----

// ConvolutionBase C5: result shape.
%a, %b = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x3x3xf32>)
// expected-error @+1 {{'snn.conv2d' op result shape (2, 4, 4) should be (2, 2, 2)}}
%r = "snn.conv2d"(%a, %b) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xf32>, tensor<2x4x3x3xf32>) -> (tensor<2x4x4xf32>)

// -----

// Pool2dBase C1: rank.
%a = "test.op"() : () -> tensor<4x4xf32>
// expected-error @+1 {{'snn.max_pool2d' op input must have rank 3, got shape (4, 4)}}
%r = "snn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4xf32>) -> (tensor<2x2xf32>)

// -----

// Pool2dBase C2: the kernel fits.
%a = "test.op"() : () -> tensor<4x4x4xf32>
// expected-error @+1 {{'snn.max_pool2d' op kernel (5, 5) does not fit input (4, 4) with padding (0, 0)}}
%r = "snn.max_pool2d"(%a) <{kernel = array<i64: 5, 5>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xf32>) -> (tensor<4x1x1xf32>)

// -----

// Pool2dBase C3: padding.
%a = "test.op"() : () -> tensor<4x4x4xf32>
// expected-error @+1 {{'snn.max_pool2d' op padding (2, 2) exceeds half of kernel (2, 2)}}
%r = "snn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 2, 2>}> : (tensor<4x4x4xf32>) -> (tensor<4x4x4xf32>)

// -----

// Pool2dBase C4: result shape.
%a = "test.op"() : () -> tensor<4x4x4xf32>
// expected-error @+1 {{'snn.max_pool2d' op result shape (4, 4, 4) should be (4, 2, 2)}}
%r = "snn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xf32>) -> (tensor<4x4x4xf32>)

// -----

// ReshapeBase C1: elements.
%a = "test.op"() : () -> tensor<4x4xf32>
// expected-error @+1 {{'snn.reshape' op tensor<4x4xf32> and tensor<15xf32> have different numbers of elements}}
%r = "snn.reshape"(%a) : (tensor<4x4xf32>) -> (tensor<15xf32>)

// -----

// ReshapeBase C2: element types.
%a = "test.op"() : () -> tensor<4x4xf32>
// expected-error @+1 {{'snn.reshape' op tensor<4x4xf32> and tensor<16xi1> have different element types}}
%r = "snn.reshape"(%a) : (tensor<4x4xf32>) -> (tensor<16xi1>)

// -----

// Shapes of the operands of add.
%a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<3xf32>)
// expected-error @+1 {{'snn.add' op operands have shapes (4,) and (3,)}}
%r = "snn.add"(%a, %b) : (tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>)

// -----

// The result of add.
%a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
// expected-error @+1 {{'snn.add' op result shape (3,) should be (4,)}}
%r = "snn.add"(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> (tensor<3xf32>)

// -----

// Concatenation needs equal shapes beyond axis 0.
%a, %b = "test.op"() : () -> (tensor<2x3xf32>, tensor<2x4xf32>)
// expected-error @+1 {{'snn.concat' op operands [(2, 3), (2, 4)] differ beyond axis 0}}
%r = "snn.concat"(%a, %b) : (tensor<2x3xf32>, tensor<2x4xf32>) -> (tensor<4x3xf32>)

// -----

// Concatenation adds up axis 0.
%a, %b = "test.op"() : () -> (tensor<2x3xf32>, tensor<2x3xf32>)
// expected-error @+1 {{'snn.concat' op result shape (2, 6) should be (4, 3)}}
%r = "snn.concat"(%a, %b) : (tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2x6xf32>)

// -----

// Concatenation keeps the element type.
%a, %b = "test.op"() : () -> (tensor<2x3xf32>, tensor<2x3xi1>)
// expected-error @+1 {{'snn.concat' op operand has element type i1, expected f32}}
%r = "snn.concat"(%a, %b) : (tensor<2x3xf32>, tensor<2x3xi1>) -> (tensor<4x3xf32>)

// -----

// Concatenation of nothing.
// expected-error @+1 {{'snn.concat' op needs at least one operand}}
%r = "snn.concat"() : () -> (tensor<4x3xf32>)

// -----

// The bias of a linear layer (C3).
%a, %b, %c = "test.op"() : () -> (tensor<3xf32>, tensor<2x3xf32>, tensor<3xf32>)
// expected-error @+1 {{'snn.linear' op bias has shape (3,), expected (2,) for 2 outputs}}
%r = "snn.linear"(%a, %b, %c) : (tensor<3xf32>, tensor<2x3xf32>, tensor<3xf32>) -> (tensor<2xf32>)

// -----

// ConvolutionBase C4: the bias.
%a, %b, %c = "test.op"() : () -> (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>, tensor<3xf32>)
// expected-error @+1 {{'snn.conv2d' op bias has shape (3,), expected (2,) for 2 outputs}}
%r = "snn.conv2d"(%a, %b, %c) <{stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64}> : (tensor<4x4x4xf32>, tensor<2x4x1x1xf32>, tensor<3xf32>) -> (tensor<2x4x4xf32>)

// -----

// Weights are real.
// expected-error @+1 {{'snn.weight' op result 'result' at position 0 does not verify: expected f32, got i32}}
%w = "snn.weight"() <{value = dense<1> : tensor<2xi32>}> : () -> tensor<2xi32>

// -----

// Integers are no input.
%a, %b = "test.op"() : () -> (tensor<3xi8>, tensor<2x3xf32>)
// expected-error @+1 {{'snn.linear' op input has element type i8, expected f32 or i1}}
%r = "snn.linear"(%a, %b) : (tensor<3xi8>, tensor<2x3xf32>) -> (tensor<2xf32>)

// -----

// One-dimensional convolutions (C1).
%a, %b = "test.op"() : () -> (tensor<3x4x4xf32>, tensor<2x3x1xf32>)
// expected-error @+1 {{'snn.conv1d' op input must have rank 2 and weight rank 3, got (3, 4, 4), (2, 3, 1)}}
%r = "snn.conv1d"(%a, %b) <{stride = array<i64: 1>, padding = array<i64: 0>, dilation = array<i64: 1>, groups = 1 : i64}> : (tensor<3x4x4xf32>, tensor<2x3x1xf32>) -> (tensor<2x4xf32>)

// -----

// FlattenOp C3: rank 1.
%a = "test.op"() : () -> tensor<4x4xf32>
// expected-error @+1 {{'snn.flatten' op the result must have rank 1, got tensor<2x8xf32>}}
%r = "snn.flatten"(%a) : (tensor<4x4xf32>) -> (tensor<2x8xf32>)

// -----

// The maximum keeps the element type.
%a = "test.op"() : () -> tensor<4x4x4xi1>
// expected-error @+1 {{'snn.max_pool2d' op result has element type f32, expected i1}}
%r = "snn.max_pool2d"(%a) <{kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, padding = array<i64: 0, 0>}> : (tensor<4x4x4xi1>) -> (tensor<4x2x2xf32>)

// -----

// BatchNormOp C1: one value per channel.
%a, %b, %c, %d, %e = "test.op"() : () -> (tensor<4x2xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>)
// expected-error @+1 {{'snn.batch_norm' op variance has shape (3,), expected (4,)}}
%r = "snn.batch_norm"(%a, %b, %c, %d, %e) <{epsilon = 1.0 : f64}> : (tensor<4x2xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x2xf32>)

// -----

// BatchNormOp C2: result shape.
%a, %b, %c, %d, %e = "test.op"() : () -> (tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
// expected-error @+1 {{'snn.batch_norm' op result shape (4, 3) should be (4, 2)}}
%r = "snn.batch_norm"(%a, %b, %c, %d, %e) <{epsilon = 1.0 : f64}> : (tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x3xf32>)

// -----

// BatchNormOp C3: epsilon.
%a, %b, %c, %d, %e = "test.op"() : () -> (tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
// expected-error @+1 {{'snn.batch_norm' op epsilon must be positive, got 0.0}}
%r = "snn.batch_norm"(%a, %b, %c, %d, %e) <{epsilon = 0.0 : f64}> : (tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x2xf32>)

// -----

// ScaleOp: the factor broadcasts.
%a = "test.op"() : () -> tensor<4x2xf32>
// expected-error @+1 {{'snn.scale' op factor of shape (3,) does not broadcast to (4, 2)}}
%r = "snn.scale"(%a) <{factor = dense<1.0> : tensor<3xf32>}> : (tensor<4x2xf32>) -> (tensor<4x2xf32>)

// -----

// ScaleOp: the result.
%a = "test.op"() : () -> tensor<4x2xf32>
// expected-error @+1 {{'snn.scale' op result shape (4, 3) should be (4, 2)}}
%r = "snn.scale"(%a) <{factor = 1.0 : f32}> : (tensor<4x2xf32>) -> (tensor<4x3xf32>)

// -----

// NeuronBase C1: parameters broadcast.
%a = "test.op"() : () -> tensor<4x2xf32>
// expected-error @+1 {{'snn.lif' op beta of shape (3,) does not broadcast to the layer's shape (4, 2)}}
%r, %r1 = "snn.lif"(%a) <{beta = dense<1.0> : tensor<3xf32>, threshold = 1.0 : f32, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>}> : (tensor<4x2xf32>) -> (tensor<4x2xi1>, tensor<4x2xf32>)

// -----

// NeuronBase C2: result shapes.
%a = "test.op"() : () -> tensor<4x2xf32>
// expected-error @+1 {{'snn.lif' op result shape (4, 3) should be (4, 2)}}
%r, %r1 = "snn.lif"(%a) <{beta = 1.0 : f32, threshold = 1.0 : f32, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>}> : (tensor<4x2xf32>) -> (tensor<4x2xi1>, tensor<4x3xf32>)

// -----

// A synaptic neuron has three resets.
%a = "test.op"() : () -> tensor<4xf32>
// expected-error @+1 {{'snn.synaptic' op reset must be none, subtract or zero_after, not zero_before}}
%r, %r1, %r2 = "snn.synaptic"(%a) <{alpha = 1.0 : f32, beta = 1.0 : f32, threshold = 1.0 : f32, reset = #snn<reset zero_before>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>}> : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>)

// -----

// An alpha neuron has three resets.
%a = "test.op"() : () -> tensor<4xf32>
// expected-error @+1 {{'snn.alpha' op reset must be none, subtract or zero_after, not subtract_decayed}}
%r, %r1, %r2, %r3 = "snn.alpha"(%a) <{alpha = 1.0 : f32, beta = 1.0 : f32, threshold = 1.0 : f32, reset = #snn<reset subtract_decayed>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>}> : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)

// -----

// The reset of an alpha neuron is delayed.
%a = "test.op"() : () -> tensor<4xf32>
// expected-error @+1 {{'snn.alpha' op the reset of an alpha neuron is always delayed}}
%r, %r1, %r2, %r3 = "snn.alpha"(%a) <{alpha = 1.0 : f32, beta = 1.0 : f32, threshold = 1.0 : f32, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing immediate>, compare = #snn<compare gt>}> : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)

// -----

// AlphaOp C5: tau is finite.
%a = "test.op"() : () -> tensor<2xf32>
// expected-error @+1 {{'snn.alpha' op alpha and beta must differ, and alpha be above 0, for a finite tau; got alpha 0.75 and beta 0.75}}
%r, %r1, %r2, %r3 = snn.alpha %a alpha dense<[0.5, 0.75]> : tensor<2xf32> beta 0.75 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)

// -----

// AlphaOp C5: tau is a number.
%a = "test.op"() : () -> tensor<2xf32>
// expected-error @+1 {{'snn.alpha' op alpha and beta must differ, and alpha be above 0, for a finite tau; got alpha 0 and beta 0.5}}
%r, %r1, %r2, %r3 = snn.alpha %a alpha 0.0 : f32 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)

// -----

// ReadOp C1: the register exists.
// expected-error @+1 {{'snn.read' op no 'snn.register @nowhere' in this network}}
%r = snn.read @nowhere : tensor<4xf32>

// -----

// ReadOp C2: its type.
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.register @r : tensor<4xf32>
  // expected-error @+1 {{'snn.read' op @r holds tensor<4xf32>, not tensor<4xi1>}}
  %r = snn.read @r : tensor<4xi1>
  snn.output %x : tensor<4xf32>
}

// -----

// WriteOp C1: the register exists.
%a = "test.op"() : () -> tensor<4xf32>
// expected-error @+1 {{'snn.write' op no 'snn.register @nowhere' in this network}}
snn.write @nowhere, %a : tensor<4xf32>

// -----

// WriteOp C2: its type.
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.register @r : tensor<4xi1>
  // expected-error @+1 {{'snn.write' op @r holds tensor<4xi1>, not tensor<4xf32>}}
  snn.write @r, %x : tensor<4xf32>
  snn.output %x : tensor<4xf32>
}

// -----

// RegisterBase C1: one write.
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  // expected-error @+1 {{'snn.register' op @r is written more than once}}
  snn.register @r : tensor<4xf32>
  snn.write @r, %x : tensor<4xf32>
  snn.write @r, %x : tensor<4xf32>
  snn.output %x : tensor<4xf32>
}

// -----

// Unknown values of enumerations.
// expected-error @+1 {{Expected `none`, `subtract`, `subtract_decayed`, `zero_before`, or `zero_after`.}}
"test.op"() {a = #snn<reset later>} : () -> ()

// -----

// NeuronBase C3: decays.
%a = "test.op"() : () -> tensor<2xf32>
// expected-error @+1 {{'snn.li' op beta must be between 0 and 1, got 1.5}}
%r = snn.li %a beta dense<[0.5, 1.5]> : tensor<2xf32> : (tensor<2xf32>) -> tensor<2xf32>

// -----

// NeuronBase C3: no NaN.
%a = "test.op"() : () -> tensor<2xf32>
// expected-error @+1 {{'snn.lif' op threshold is NaN}}
%r:2 = snn.lif %a beta 0.5 : f32 threshold 0x7fc00000 : f32 reset none delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)

// -----

// NetworkOpBase C6: names of layers.
// expected-error @+1 {{'snn.network' op two neuron layers are named 'hidden'}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %u = snn.li %x beta 0.5 : f32 {layer = "hidden"} : (tensor<4xf32>) -> tensor<4xf32>
  %v = snn.li %u beta 0.5 : f32 {layer = "hidden"} : (tensor<4xf32>) -> tensor<4xf32>
  snn.output %v : tensor<4xf32>
}

// -----

// NetworkOpBase C6, also of layers without neurons.
// expected-error @+1 {{'snn.network' op the name of a layer must be a string that is not empty, got 5 : i64}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %s = snn.scale %x by 0.5 : f32 {layer = 5 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  %v = snn.li %s beta 0.5 : f32 {layer = "hidden"} : (tensor<4xf32>) -> tensor<4xf32>
  snn.output %v : tensor<4xf32>
}

// -----

// NetworkOpBase C6.
// expected-error @+1 {{'snn.network' op the name of a layer must be a string that is not empty, got ""}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %v = snn.li %x beta 0.5 : f32 {layer = ""} : (tensor<4xf32>) -> tensor<4xf32>
  snn.output %v : tensor<4xf32>
}

// -----

// RegisterBase C2: one register of a name.
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  snn.register @r : tensor<4xf32>
  // expected-error @+1 {{'snn.register' op @r is the name of another register, too}}
  snn.register @r : tensor<4xf32>
  snn.output %x : tensor<4xf32>
}

// -----

// NetworkOpBase C7: spikes are no membranes.
// expected-error @+1 {{'snn.network' op readout last_membrane needs membranes as the first output, got spikes of type tensor<4xi1>; choose spike_count or first_spike, or another output}}
snn.network @n(%x: tensor<4xi1>) -> tensor<4xi1> attributes {timesteps = 1 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>} {
  snn.output %x : tensor<4xi1>
}

// -----

// NetworkOpBase C7: membranes are no spikes.
// expected-error @+1 {{'snn.network' op readout first_spike needs spikes as the first output, got a membrane of type tensor<4xf32>; choose last_membrane, max_membrane or mean_membrane, or another output}}
snn.network @n(%x: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout first_spike>} {
  %m = snn.li %x beta 0.9 : f32 : (tensor<4xf32>) -> tensor<4xf32>
  snn.output %m : tensor<4xf32>
}

// -----

// NetworkOpBase C7: an output of something.
// expected-error @+1 {{'snn.network' op the first output must have elements, got tensor<0xf32>}}
snn.network @n(%x: tensor<4xf32>) -> tensor<0xf32> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %w = snn.weight dense<1.0> : tensor<0x4xf32>
  %c = snn.linear %x, %w : (tensor<4xf32>, tensor<0x4xf32>) -> tensor<0xf32>
  snn.output %c : tensor<0xf32>
}
