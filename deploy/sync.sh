#!/bin/sh
# Brings the catalogue in line with providers.toml. The demo's page belongs to it while the demo's vendor runs.
set -eu
file=/etc/tracker/providers.toml
if getent hosts vendor >/dev/null; then
  cat "$file" /deploy/demo-providers.toml > /tmp/providers.toml
  file=/tmp/providers.toml
fi
exec tracker providers sync "$@" "$file"
