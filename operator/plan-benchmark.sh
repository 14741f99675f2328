#!/usr/bin/env bash
# How long it takes to plan 100 services on 1,000 nodes of 10 classes, each node with an occupancy of its own.
# plan-benchmark.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

java=
for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    if [[ -x "$home/bin/javac" && "$("$home/bin/javac" -version 2>&1 | tr -dc '0-9.' | cut -d. -f1)" -ge 25 ]]; then
        java="$home/bin/java"
        break
    fi
done
[[ -n "$java" ]] || { echo "plan-benchmark.sh: no JDK 25 or newer in JAVA_HOME or /usr/lib/jvm; install one" >&2; exit 1; }

mvn -q -B -ntp ${MVN_FLAGS:-} -pl operator -am test-compile dependency:build-classpath \
    -Dmdep.outputFile=target/classpath -Dmdep.includeScope=test
exec "$java" -cp "operator/target/classes:operator/target/test-classes:$(<operator/target/classpath)" \
    io.solaster.operator.benchmark.PlanBenchmark "${1:-60}"
