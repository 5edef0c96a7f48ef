// SPDX-License-Identifier: Apache-2.0

/// How to reach the database and how long anything may take.
public struct PostgresConfiguration: Sendable {
    /// A libpq URI or keyword string; empty: libpq's `PG*` environment variables decide. What it says about time limits
    /// and keep-alives wins over the values below, except for the session's statement and lock limits.
    public var connectionString: String
    /// Shown in `pg_stat_activity` unless the connection string names another.
    public var applicationName: String
    /// For each address that the host name stands for; libpq makes 1 into 2.
    public var connectTimeoutSeconds = 5
    /// The server ends a statement after this; 0 for no limit.
    public var statementTimeoutMilliseconds = 15_000
    /// The server stops waiting for a row or table lock after this; 0 for no limit.
    public var lockTimeoutMilliseconds = 5_000
    /// The server ends a session that holds a transaction open without using it.
    public var idleTransactionTimeoutMilliseconds = 30_000
    /// How much longer than the statement limit a silent server is given before the connection counts as lost.
    public var answerMarginMilliseconds = 3_000
    public var keepalivesIdleSeconds = 10
    public var keepalivesIntervalSeconds = 5
    public var keepalivesCount = 3
    /// Unacknowledged data older than this breaks a TCP connection.
    public var tcpUserTimeoutMilliseconds = 15_000
    /// Every statement is to be planned as look-ups by index, whatever the statistics say. For statements that touch few
    /// rows of tables that grow fast: a plan made while a table was empty reads all of it once it is large.
    public var plansByIndex = false

    public init(connectionString: String, applicationName: String = "millrace") {
        self.connectionString = connectionString
        self.applicationName = applicationName
    }

    /// In libpq's order of precedence: later ones override earlier ones, `dbname` is expanded in its place.
    var connectionParameters: [(keyword: String, value: String)] {
        [
            ("connect_timeout", String(connectTimeoutSeconds)),
            ("keepalives", "1"),
            ("keepalives_idle", String(keepalivesIdleSeconds)),
            ("keepalives_interval", String(keepalivesIntervalSeconds)),
            ("keepalives_count", String(keepalivesCount)),
            ("tcp_user_timeout", String(tcpUserTimeoutMilliseconds)),
            // Probing for Kerberos costs a round trip and is never used here unless asked for.
            ("gssencmode", "disable"),
            ("dbname", connectionString),
            ("fallback_application_name", applicationName),
            ("client_encoding", "UTF8"),
        ]
    }

    private static let indexPlans = """
        ;
        SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET plan_cache_mode = force_generic_plan; SET jit = off
        """

    /// Sent once per connection. Not libpq's `options`: those belong to the user, and poolers refuse them.
    var sessionSettings: String {
        """
        SET statement_timeout = \(statementTimeoutMilliseconds);
        SET lock_timeout = \(lockTimeoutMilliseconds);
        SET idle_in_transaction_session_timeout = \(idleTransactionTimeoutMilliseconds);
        SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET bytea_output = 'hex';
        SET standard_conforming_strings = on; SET client_min_messages = warning
        """ + (plansByIndex ? Self.indexPlans : "")
    }
}
