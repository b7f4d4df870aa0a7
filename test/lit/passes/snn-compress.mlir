// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-compress{size=large calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefixes=CHECK,LARGE
// RUN: snn-opt %s -p 'snn-compress{size=small calibration="%S/../Inputs/osbc_calibration.npz"}' | filecheck %s --check-prefixes=CHECK,SMALL
// RUN: snn-opt %s -p 'snn-compress{calibration="%S/../Inputs/osbc_calibration.npz" samples=4},snn-lower{bits=4}' --dump-pass-pipeline 2>&1 | filecheck %s --check-prefixes=DUMP,LOWERED
// RUN: not snn-opt %s -p 'snn-fold-scale,snn-compress{size=tiny}' 2>&1 | filecheck %s --check-prefix=SIZE
// RUN: not snn-opt %s -p 'snn-compress{size=small bits=3 calibration="c.npz"}' 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not snn-opt %s -p 'snn-compress' 2>&1 | filecheck %s --check-prefix=REQUIRED
// RUN: snn-opt --list-passes='^snn-compress$' | filecheck %s --check-prefix=HELP

// The batch normalisation is folded and the neuron that never fires is gone, at every size.
// CHECK-LABEL: snn.network @net
// CHECK-NOT: snn.batch_norm
// LARGE: snn.weight {{.*}} : tensor<2x8xf32> {scale = {{.*}}, bits = 8 : i64}
// SMALL: snn.weight {{.*}} : tensor<2x8xf32> {scale = {{.*}}, bits = 4 : i64}
// CHECK: snn.lif {{.*}} -> (tensor<2xi1>, tensor<2xf32>)

// DUMP: Pass Manager with 15 passes:
// DUMP-NEXT: builtin.module(snn-fold-batch-norm,snn-fold-scale,snn-prune-silent{calibration="{{.*}}" samples=4},snn-measure-activity{calibration="{{.*}}" samples=4},snn-osbc-prune{calibration="{{.*}}" sparsity=0.9 samples=4},snn-osbc-quantize{calibration="{{.*}}" samples=4},snn-match-rates{calibration="{{.*}}" samples=4},snn-fold-batch-norm,snn-fold-scale,convert-snn-to-qsnn{bits=4},qsnn-prune-silent,convert-qsnn-to-kernels,kernels-hoist-static-input,kernels-batch-timesteps,kernels-plan-memory)

// LOWERED: snnrt.network @net

// SIZE: <pipeline>:1:16: error: option 'size' of 'snn-compress' expects small | medium | large, got tiny
// OPTION: <pipeline>:1:1: error: unknown option 'bits' of 'snn-compress'; it has calibration, size, samples, device
// REQUIRED: <pipeline>:1:1: error: option 'calibration' of 'snn-compress' must be given

// HELP: Pipelines:
// HELP-NEXT: snn-compress: Compress a network to one of three sizes, on calibration data.
// HELP: size=<small | medium | large> how far to go: small, medium or large (default: medium)

snn.network @net(%frame: tensor<2x2x2xf32>) -> tensor<2xi1> attributes {timesteps = 6 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %flat = snn.flatten %frame : (tensor<2x2x2xf32>) -> tensor<8xf32>
  %weight = snn.weight dense<[[0.5, 0.25, 0.125, 0.5, 0.25, 0.0, 0.5, 0.25], [-0.25, 0.5, 0.25, 0.125, 0.5, 0.25, 0.0, 0.5], [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]]> : tensor<3x8xf32>
  %current = snn.linear %flat, %weight : (tensor<8xf32>, tensor<3x8xf32>) -> tensor<3xf32>
  %mean = snn.weight dense<0.25> : tensor<3xf32>
  %one = snn.weight dense<1.0> : tensor<3xf32>
  %norm = snn.batch_norm %current, %mean, %one, %one, %mean epsilon 1.0e-5 : f32 : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %spikes, %membrane = snn.lif %norm beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "hidden"} : (tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>)
  %readers = snn.weight dense<[[1.0, -0.5, 1.0], [-0.5, 1.0, 1.0]]> : tensor<2x3xf32>
  %sums = snn.linear %spikes, %readers : (tensor<3xi1>, tensor<2x3xf32>) -> tensor<2xf32>
  %out, %out_membrane = snn.lif %sums beta 0.5 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "output"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}
