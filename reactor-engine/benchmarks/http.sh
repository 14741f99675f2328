#!/usr/bin/env bash
# Measures HTTP and WebSocket, other servers beside us. See README.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.HttpCompare "$@"
