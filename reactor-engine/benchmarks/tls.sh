#!/usr/bin/env bash
# TLS beside plain Netty with tcnative, and plain requests during a storm of handshakes: tls.sh [seconds [rounds]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.engine.TlsCompare "$@"
