#!/usr/bin/env bash
# How long it takes to plan 100 services on 1,000 nodes of 10 classes, each node with an occupancy of its own.
# plan-benchmark.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

mvn -q -B -ntp -pl operator -am test-compile
# What it runs with: Maven's own idea of the test class path, which needs no download once the tests were compiled.
mvn -q -B -ntp -pl operator -am test -Dtest=PlanBenchmarkTest -Dplan-benchmark.rounds="${1:-60}" \
    -Dsurefire.failIfNoSpecifiedTests=false
