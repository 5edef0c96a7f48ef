# SPDX-License-Identifier: Apache-2.0
"""A procrastinate application with one empty task; its database comes from the environment."""

import os

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_DATABASE"], max_size=20))


@app.task(name="empty")
async def empty(value):
    return value
