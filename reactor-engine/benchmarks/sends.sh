#!/usr/bin/env bash
# Large answers and idle connections, beside nginx and redis-server: sends.sh [--quick] [--only files,values,idle] [--rounds n]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
ulimit -n "$(ulimit -H -n)"
heap="-Xms256m -Xmx512m"
run io.solaster.benchmarks.sends.Sends "$@"
