// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --test-mark=value=7 --cse --pass-statistics --timing --remarks --remarks-output=%t.jsonl 2>&1 >/dev/null | filecheck %s
// RUN: filecheck %s --input-file %t.jsonl --check-prefix=JSON
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --test-mark --remarks=no-such-pass 2>&1 >/dev/null | filecheck %s --check-prefix=NONE --allow-empty

// CHECK: reports.mlir:23:1: remark: 'test.op' op marked with 7 [test-mark]
// CHECK: Pass statistics report
// CHECK: test-mark
// CHECK-NEXT: (S) 2 ops marked
// CHECK-NEXT: cse
// CHECK: Execution time report
// CHECK: Total Execution Time: {{[0-9.]+}} seconds
// CHECK: Parser
// CHECK-NEXT: test-mark
// CHECK-NEXT: cse
// CHECK: Total

// JSON: {"pass": "test-mark", "op": "test.op", "message": "'test.op' op marked with 7", "file": "{{.*}}reports.mlir", "line": 23, "column": 1, "metrics": {"value": 7}}
// JSON-NEXT: {{.*}}"line": 24

// NONE-NOT: remark

"test.op"() : () -> ()
"test.op"() : () -> ()
