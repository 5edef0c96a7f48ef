# SPDX-License-Identifier: Apache-2.0
"""A Celery application with one empty task; where it runs comes from the environment."""

import os

from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_BROKER"], backend=os.environ["BENCH_RESULTS"])
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task
def empty(value):
    return value
