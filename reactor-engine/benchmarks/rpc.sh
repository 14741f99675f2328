#!/usr/bin/env bash
# What a call over lanes costs the server, beside a GET of the store: rpc.sh [rounds [requests [transport]]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.benchmarks.rpc.RpcCost "$@"
