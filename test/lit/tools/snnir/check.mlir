// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snnir check %s | filecheck %s
// RUN: not snnir check %s --json | filecheck %s --check-prefix=JSON

// CHECK:      layer    kind        supported  reason
// CHECK:      fc       snn.linear  ok
// CHECK-NEXT: slow     snn.alpha   ok
// CHECK-NEXT: relay    snn.lif     ok
// CHECK-NEXT: current  snn.alpha   no         'snn.alpha' op has a beta of 1, so that tau is 0 and the membrane never moves; give it a beta below alpha
// CHECK:      1 of 4 layers are not supported

// JSON: "supported": false,
// JSON: "name": "current",
// JSON-NEXT: "kind": "snn.alpha",
// JSON-NEXT: "supported": false,
// JSON-NEXT: "reason": "'snn.alpha' op has a beta of 1, so that tau is 0 and the membrane never moves; give it a beta below alpha"
builtin.module attributes {snn.version = 1 : i64} {
  snn.network @net(%frame: tensor<4xf32>) -> tensor<2xi1>
      attributes {input = #snn<input event_counts>, readout = #snn<readout spike_count>, timesteps = 20 : i64} {
    %w = snn.weight dense<0.5> : tensor<2x4xf32>
    %0 = snn.linear %frame, %w {layer = "fc"} : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
    %1, %2, %3, %4 = snn.alpha %0 alpha 0.9 : f32 beta 0.8 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "slow"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
    %5, %6 = snn.lif %4 beta 0.9 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "relay"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
    %7, %8, %9, %10 = snn.alpha %6 alpha 0.9 : f32 beta 1.0 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "current"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
    snn.output %7 : tensor<2xi1>
  }
}
