"""The pipeline for Airflow 3: put this file and trustdesk_steps.py into the folder of its DAGs."""

from datetime import datetime, timezone

import trustdesk_steps
from airflow.sdk import dag, task


@dag(
    dag_id="trustdesk",
    schedule="0 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 - Airflow has older Pythons
    catchup=False,
    max_active_runs=1,
)
def trustdesk():
    """fetch, score, monitor, retrain, gate."""

    @task(retries=0)
    def step(name):
        return trustdesk_steps.run(name)

    @task
    def gate(retrained):
        done = trustdesk_steps.gate(retrained)
        print(f"gate: {done['said']}")  # noqa: T201 - Airflow keeps it as the log of the task
        return done

    fetch, score, monitor, retrain = (
        step.override(task_id=name)(name) for name in ("fetch", "score", "monitor", "retrain")
    )
    fetch >> score >> monitor >> retrain
    gate(retrain)


found = trustdesk()

if __name__ == "__main__":
    found.test()
