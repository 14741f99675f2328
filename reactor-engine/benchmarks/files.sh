#!/usr/bin/env bash
# Random reads of 4 KiB, 64 outstanding, beside a FileChannel on a pool: files.sh [directory [seconds [rounds [direct]]]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.FileReads "$@"
