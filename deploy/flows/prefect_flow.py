"""The pipeline for Prefect: `python prefect_flow.py` runs it once, `python prefect_flow.py serve` at its times."""

import sys

import trustdesk_steps
from prefect import flow, get_run_logger, task


@task(retries=0)
def step(name):
    """A command; a failed one fails the task, and so what comes after it does not run."""
    done = trustdesk_steps.run(name)
    get_run_logger().info("%s: exit code %s. %s", name, done["code"], done["said"])
    return done


@task
def gate(retrained):
    """What `retrain` said of its candidate."""
    done = trustdesk_steps.gate(retrained)
    get_run_logger().info("gate: %s", done["said"])
    return done


@flow(name="trustdesk")
def trustdesk():
    """fetch, score, monitor, retrain, gate."""
    step("fetch")
    step("score")
    step("monitor")
    return gate(step("retrain"))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        # One run at a time; one that is due meanwhile waits for it.
        trustdesk.serve(name="trustdesk", cron="0 * * * *", limit=1)
    else:
        trustdesk()
