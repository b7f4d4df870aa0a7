// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-finetune-rates{data="%S/../Inputs/training.npz" epochs=10 batch=8 learning-rate=0.1 device=cpu held-out=0.25}' --split-input-file --verify-diagnostics | filecheck %s
// RUN: snn-opt %s -p 'snn-finetune-rates{data="%S/../Inputs/training.npz" epochs=10 batch=8 learning-rate=0.1 device=cpu held-out=0.25}' --split-input-file --pass-statistics 2>&1 | filecheck %s --check-prefix=STATISTICS
// RUN: snn-opt %s -p 'snn-finetune-rates{data="%S/../Inputs/training.npz" epochs=10 batch=8 learning-rate=0.1 device=cpu held-out=0.25 whole-spikes=true}' --split-input-file --verify-diagnostics | filecheck %s

// The weights take both classes for the same at first. Zeros stay, the second layer stays on its
// grid of quarters with 4 bits, thresholds keep their values, and rates that were measured before
// are erased.
// CHECK-LABEL: snn.network @pruned
// CHECK-NEXT: %first = snn.weight dense<{{\[\[[^,]+, [^,]+, 0.000000e\+00, [^,]+\], \[0.000000e\+00, [^,]+, [^,]+, [^,]+\]\]}}> : tensor<2x4xf32> {note = "kept"}
// CHECK: beta 9.000000e-01 : f32 threshold 5.000000e-01 : f32 {{.*}} {layer = "hidden"}
// CHECK: %second = snn.weight dense<{{\[\[-?(0.000|1.000|1.250|1.500|1.750|2.500|5.000|7.500)000e[+-]0[01], .*}}> : tensor<2x2xf32> {scale = dense<2.500000e-01> : tensor<2xf32>, bits = 4 : i64}
// STATISTICS: snn-finetune-rates
// STATISTICS-NEXT: (S) 10 parameters trained
// STATISTICS-NEXT: (S) 2 zeros kept
// expected-remark @below {{on 10 held-out samples, trained by rates on 30, epoch}}
snn.network @pruned(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %first = snn.weight dense<[[0.4, 0.4, 0.0, 0.6], [0.0, 0.6, 0.4, 0.4]]> : tensor<2x4xf32> {note = "kept"}
  %0 = snn.linear %frame, %first : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %hidden, %membrane = snn.lif %0 beta 0.9 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "hidden", rate = 5.000000e-01 : f32} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %second = snn.weight dense<[[0.5, 1.0], [1.0, 0.75]]> : tensor<2x2xf32> {scale = dense<0.25> : tensor<2xf32>, bits = 4 : i64}
  %1 = snn.linear %hidden, %second : (tensor<2xi1>, tensor<2x2xf32>) -> tensor<2xf32>
  %out, %state = snn.lif %1 beta 0.9 : f32 threshold 0.5 : f32 reset zero_before delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}

// -----

// CHECK-LABEL: snn.network @no_weights
// expected-remark @below {{kept: it has nothing to train}}
snn.network @no_weights(%frame: tensor<4xf32>) -> tensor<4xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %out, %state = snn.lif %frame beta 0.5 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output %out : tensor<4xi1>
}
