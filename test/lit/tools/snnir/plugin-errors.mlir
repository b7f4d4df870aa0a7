// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snnir check %s --load-plugin %t/no_such.py 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: mkdir -p %t && echo "import no_such_module" > %t/broken.py && not snnir run %s --data d.npz --load-plugin %t/broken.py 2>&1 | filecheck %s --check-prefix=BROKEN
// RUN: not snnir run %s --data d.npz --load-plugin %t/broken.py --debug 2>&1 | filecheck %s --check-prefix=DEBUG
// RUN: not snnir validate %s --data d.npz --load-plugin %S/Inputs/threshold_plugin.py --load-plugin %S/Inputs/threshold_plugin.py 2>&1 | filecheck %s --check-prefix=CLASH
// RUN: not snnir compile %s --load-plugin %S/Inputs/threshold_plugin.py --pipeline mine-crash 2>&1 | filecheck %s --check-prefix=CRASH
// RUN: not snnir compile %s --load-plugin %S/Inputs/threshold_plugin.py --pipeline mine-halves 2>&1 | filecheck %s --check-prefix=HINT
// RUN: not snnir import m.py:build --input-shape 2 -o %t/net.mlir --load-plugin %t/broken.py 2>&1 | filecheck %s --check-prefix=IMPORT

// MISSING: snnir: error: cannot load the plug-in '{{.*}}no_such.py': there is no such file
// BROKEN: broken.py:1:1: error: the plug-in raised ModuleNotFoundError: No module named 'no_such_module'; run with --debug for the traceback
// BROKEN-NOT: Traceback
// DEBUG: broken.py:1:1: error:
// DEBUG-NEXT: Traceback (most recent call last):
// CLASH: threshold_plugin.py:{{[0-9]+}}:1: error: the plug-in defines the pass 'mine-scale-thresholds', which exists already; rename it
// CRASH: snnir: error: pass 'mine-crash' crashed: TypeError: a bug in the pass; run with --debug for the traceback
// HINT: <pipeline>:1:1: error: unknown pass 'mine-halves'; did you mean 'mine-halve'?
// IMPORT: snnir import: error: unrecognized arguments: --load-plugin
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %spikes, %membrane = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %spikes : tensor<2xi1>
}
