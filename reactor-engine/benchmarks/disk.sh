#!/usr/bin/env bash
# What a disk gives, as YAML for solaster.engine.files.limits: disk.sh directory [seconds of each of four parts [megabytes]]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/jdk.sh"
run io.solaster.engine.file.MeasureDisk "$@"
