#!/usr/bin/env bash
# Makes every figure of the README again: builds once, then runs Redis and us in turn. See README.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.store.Compare "$@"
