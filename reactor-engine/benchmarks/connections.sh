#!/usr/bin/env bash
# How evenly shards come by the connections of one client host: connections.sh [connections [shards [rounds]]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.ConnectionSpread "$@"
