#!/usr/bin/env bash
# Receiving by io_uring's buffer rings, beside receiving without and epoll, in plain Netty: rings.sh [seconds [rounds]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.BufferRings "$@"
