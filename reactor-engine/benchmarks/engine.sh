#!/usr/bin/env bash
# Measures the engine's parts, Netty and bare threads beside them. See README.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.EngineSpeed "$@"
