#!/bin/sh
# Gives an empty home the bundled demo, once, and runs `python -m app` with whatever it is given.
set -eu
program="$(cd "$(dirname "$0")/.." && pwd)"
home="${TRUSTDESK_HOME:-/var/lib/trustdesk}"
if [ ! -e "$home/data/schema.toml" ]; then
  mkdir -p "$home/data" "$home/models"
  cp -R "$program/models/." "$home/models/"
  cp -R "$program/data/demo" "$program/data/glossary.csv" "$home/data/"
  # The demo's model was split by the bundled salt. The schema comes last: with it the home is whole.
  cp "$program/data/salt.txt" "$home/data/"
  cp "$program/data/schema.toml" "$home/data/"
fi
# A Hugging Face Space says here under which name it is reached.
export TRUSTDESK_HOSTS="${TRUSTDESK_HOSTS:-${SPACE_HOST:-}}"
cd "$program"
exec python -m app "$@"
