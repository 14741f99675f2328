#!/usr/bin/env bash
# How long it takes to plan 100 services on 1,000 nodes of 10 classes, each node with an occupancy of its own.
# plan-benchmark.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

mvn -q -B -ntp -pl operator -am test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath \
    -Dmdep.includeScope=test
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp "operator/target/classes:operator/target/test-classes:$(<operator/target/classpath)" \
    io.solaster.operator.benchmark.PlanBenchmark "${1:-60}"
