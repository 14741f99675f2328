#!/usr/bin/env bash
# Runs JMH benchmarks: jmh.sh CommandBenchmark -prof gc
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
exec "$java" -cp "$classpath" org.openjdk.jmh.Main "$@"
