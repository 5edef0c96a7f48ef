# SPDX-License-Identifier: Apache-2.0
"""Fills a store by SQL with more than a client could create: indexes, constraints and triggers are those of production,
the rows copies of what the service itself wrote."""

import datetime


def copy_flow(connection, name, count):
    """Multiplies one flow's rows in every table that belongs to flows, with new uuids and names `copy-0000001`…"""
    connection.execute(
        "CREATE TEMP TABLE copies AS "
        "SELECT number, gen_random_uuid() AS copy FROM generate_series(1, %s) number", [count])
    (uuid,) = connection.execute("SELECT uuid FROM flows WHERE name = %s", [name]).fetchone()
    for table, key in (("flows", "uuid"), ("flow_definitions", "flow_uuid"), ("flow_activity", "flow_uuid")):
        values = {key: "copies.copy", **({"name": _NAME} if table == "flows" else {})}
        columns = _columns(connection, table)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {', '.join(values.get(column, f'original.{column}') for column in columns)} "
            f"FROM {table} original, copies WHERE original.{key} = %s", [uuid])


_NAME = "'copy-' || lpad(copies.number::text, 7, '0')"


def fill_history(connection, run_id, per_flow, busy_flow, busy_count):
    """Ended runs of the last 85 days, in the order in which they ended: `per_flow` of each flow that `copy_flow` made,
    and `busy_count` of one flow. All are copies of the run `run_id`; the past months get the partitions that a service
    of that age has."""
    (now,) = connection.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'").fetchone()
    begin = now - datetime.timedelta(days=85)
    _prepare_months(connection, begin)
    (flows,) = connection.execute("SELECT count(*) FROM copies").fetchone()
    window = now - datetime.timedelta(minutes=1) - begin
    # One round of all flows after the other: the heap's order is that of time, as it is when runs end one by one.
    for lap in range(per_flow):
        _insert_runs(
            connection, run_id, "copies.copy", _NAME, "copies", [],
            begin + window * lap / per_flow, window / per_flow / flows, "copies.number")
    (uuid,) = connection.execute("SELECT uuid FROM flows WHERE name = %s", [busy_flow]).fetchone()
    _insert_runs(
        connection, run_id, "%s::uuid", "%s::text", "generate_series(1, %s) AS series (number)", [uuid, busy_flow, busy_count],
        begin, window / busy_count, "series.number")


def _insert_runs(connection, run_id, uuid, name, source, parameters, begin, step, number):
    ended = "(%s::timestamp AT TIME ZONE 'UTC' + " + number + " * %s::interval)"
    moment = [begin, step]
    values = {
        "run_id": ("gen_random_uuid()", []), "flow_uuid": (uuid, parameters[:1]), "flow_name": (name, parameters[1:2]),
        "queued_at": (f"{ended} - interval '1 second'", moment), "started_at": (f"{ended} - interval '0.9 seconds'", moment),
        "ended_at": (ended, moment),
    }
    columns = _columns(connection, "run_history")
    chosen = [values.get(column, (f"original.{column}", [])) for column in columns]
    connection.execute(
        f"INSERT INTO run_history ({', '.join(columns)}) SELECT {', '.join(text for text, _ in chosen)} "
        f"FROM {source}, (SELECT * FROM run_history WHERE run_id = %s) original",
        [value for _, more in chosen for value in more] + parameters[2:] + [run_id])


def _prepare_months(connection, begin):
    """The partitions of the past months, named and bounded as millrace_prepare_history does."""
    month = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        following = (month + datetime.timedelta(days=32)).replace(day=1)
        table = f"run_history_{month:%Y_%m}"
        if connection.execute("SELECT to_regclass(%s)", [table]).fetchone()[0]:
            return
        connection.execute(
            f"CREATE TABLE {table} PARTITION OF run_history FOR VALUES FROM ('{month}+00') TO ('{following}+00')")
        month = following


def settle(connection):
    """What autovacuum does within minutes, done at once; like autovacuum, it leaves partitioned parents alone."""
    tables = [row[0] for row in connection.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")]
    for table in tables:
        connection.execute(f"VACUUM (ANALYZE) {table}")


def _columns(connection, table):
    return [row[0] for row in connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", [table])]
