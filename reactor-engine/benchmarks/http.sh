#!/usr/bin/env bash
# Measures HTTP and WebSocket, other servers beside us. See README.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
# The application of 'webflux' stands among the starter's tests, which nothing here may depend on.
if [ -z "${SKIP_BUILD:-}" ] && { [[ " $* " != *" --only "* ]] || [[ " $* " == *webflux* ]]; }; then
    (cd "$root" && mvn -q ${MVN_FLAGS:-} -pl starter-autoconfigure/autoconfigure -am test-compile \
        dependency:build-classpath -DincludeScope=test -Dmdep.outputFile=target/test-classpath)
fi
run io.solaster.benchmarks.http.HttpCompare "$@"
