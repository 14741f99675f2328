#!/usr/bin/env bash
# How long it takes to plan 100 services on 1,000 nodes of 10 classes, each node with an occupancy of its own.
# plan-benchmark.sh [ROUNDS]. MVN_FLAGS=-o builds offline, SKIP_BUILD=1 not at all.
set -euo pipefail
module=operator
heap=-Xmx512m
source "$(dirname "${BASH_SOURCE[0]}")/../reactor-engine/benchmarks/jdk.sh"
run io.solaster.operator.benchmark.PlanBenchmark "${1:-60}"
