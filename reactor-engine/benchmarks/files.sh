#!/usr/bin/env bash
# A file's random reads of 4 KiB or, with 'write', sequential writes of 64 KiB, 64 outstanding, beside a FileChannel on a pool and
# fio: files.sh [directory [seconds [rounds [write] [direct] [only=NAME]]]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.FileSpeed "$@"
