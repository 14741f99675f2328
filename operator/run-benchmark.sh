#!/usr/bin/env bash
# What the operator takes with many services, as a process of its own beside a small API server: how long until all are
# applied, CPU, heap and writes while nothing changes, and how long changes of 100 specs at once take to reach their
# StatefulSets. run-benchmark.sh [SERVICES] [IDLE-SECONDS] [ROUNDS], the last two 0 for the start alone; MVN_FLAGS=-o builds
# offline, SKIP_BUILD=1 not at all.
set -euo pipefail
module=operator
heap=
source "$(dirname "${BASH_SOURCE[0]}")/../reactor-engine/benchmarks/jdk.sh"
run io.solaster.operator.reconcile.RunBenchmark "$@"
