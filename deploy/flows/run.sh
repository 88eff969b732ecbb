#!/bin/sh
# Runs the pipeline once by a scheduler, in an environment of its own and on a copy of the demo workspace:
#   deploy/flows/run.sh prefect|airflow FOLDER
# FOLDER gets the environment, the workspace and output-NAME.txt; TRUSTDESK_PYTHON is the Python of Trustdesk.
set -eu
name="${1:?prefect or airflow}"
folder="${2:?a folder for the environment, the workspace and the output}"
program="$(cd "$(dirname "$0")/../.." && pwd)"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
env="$folder/env-$name" home="$folder/home-$name"

case "$name" in
  prefect) set -- "prefect>=3.4,<4" ;;
  # AIRFLOW_CONSTRAINTS names its own list of versions; without it a structlog of later takes names away that it imports.
  airflow) set -- "apache-airflow==3.1.0" "structlog==25.4.0" ;;
  *) echo "prefect or airflow, not $name" >&2; exit 2 ;;
esac
[ -x "$env/bin/python" ] || python3 -m venv "$env"
if [ "$name" = airflow ] && [ -n "${AIRFLOW_CONSTRAINTS:-}" ]; then set -- "$@" --constraint "$AIRFLOW_CONSTRAINTS"; fi
"$env/bin/python" -m pip install --quiet "$@"

rm -rf "$home"
mkdir -p "$home/data" "$home/models" "$folder/arrivals" "$folder/scores"
cp -R "$program/models/." "$home/models/"
for each in demo glossary.csv salt.txt schema.toml; do cp -R "$program/data/$each" "$home/data/"; done
cp "$home/data/demo/users.csv.gz" "$folder/arrivals/"
touch -d "1 minute ago" "$folder/arrivals/users.csv.gz"

export TRUSTDESK_PROGRAM="$program" TRUSTDESK_HOME="$home" TRUSTDESK_ARRIVALS="$folder/arrivals"
export TRUSTDESK_USERS="$home/data/demo/users.csv.gz" TRUSTDESK_SCORES="$folder/scores"
export TRUSTDESK_PYTHON="${TRUSTDESK_PYTHON:-$program/.venv/bin/python}"
export PYTHONPATH="$program/deploy/flows" PYTHONDONTWRITEBYTECODE=1
export PREFECT_HOME="$folder/prefect" PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=180
export AIRFLOW_HOME="$folder/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=false
export AIRFLOW__CORE__DAGS_FOLDER="$program/deploy/flows"
output="$folder/output-$name.txt"
cd "$folder"
code=0
if [ "$name" = prefect ]; then
  "$env/bin/prefect" version >"$output" 2>&1
  "$env/bin/python" "$program/deploy/flows/prefect_flow.py" >>"$output" 2>&1 || code=$?
else
  "$env/bin/airflow" version >"$output" 2>&1
  "$env/bin/airflow" db migrate >"$folder/migrate.txt" 2>&1
  "$env/bin/airflow" dags test trustdesk >>"$output" 2>&1 || code=$?
fi
echo "exit code $code" >>"$output"
cat "$output"
exit "$code"
