#!/usr/bin/env bash
# UDP echo of 64 bytes, CPU of the server per packet, beside plain Netty: udp.sh [seconds a round [rounds]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.UdpEcho "$@"
