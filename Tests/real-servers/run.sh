#!/usr/bin/env bash
# Runs all tests against real servers.   Tests/real-servers/run.sh
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
status=0
for script in Tests/real-servers/*.sh; do
  [[ $(basename "$script") == run.sh || $(basename "$script") == common.sh ]] && continue
  "$script" || status=1
done
exit "$status"
