#!/usr/bin/env bash
# Makes every figure of the README again: builds once, then runs Redis and us in turn. See README.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
exec "$java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Xms128m -Xmx128m \
    -XX:+UseSerialGC -Dsolaster.root="$root" -cp "$classpath" io.solaster.benchmarks.Compare "$@"
