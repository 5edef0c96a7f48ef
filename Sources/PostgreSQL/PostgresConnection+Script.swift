// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL

extension PostgresConnection {
    /// Runs several statements, separated by semicolons and without parameters, as migrations need it. Without BEGIN of
    /// their own, and outside `transaction(_:)`, they are one transaction.
    /// - Parameter deadlineMilliseconds: replaces the session's statement limit, which is too short for a migration.
    public func script(_ sql: String, deadlineMilliseconds: Int = 600_000) throws(PostgresError) {
        if isBroken { throw PostgresError.lost("the connection was lost before") }
        if phase == .finished { throw PostgresError(kind: .permanent, message: "the transaction has ended") }
        if sql.utf8.contains(0) {
            throw PostgresError(kind: .permanent, sqlState: "22021", message: "text contains U+0000")
        }
        if phase == .pending {
            _ = try run([], begin: true, commit: false, limitMilliseconds: nil)
        }
        try simpleQuery("SET statement_timeout = \(max(1, deadlineMilliseconds))", limitMilliseconds: nil)
        do throws(PostgresError) {
            try simpleQuery(sql, limitMilliseconds: deadlineMilliseconds + configuration.answerMarginMilliseconds)
        } catch {
            // Inside transaction(_:) its rollback also takes back the limit.
            if phase == .none, !isBroken {
                if PQtransactionStatus(handle) != PQTRANS_IDLE { rollBack() }
                try? restoreLimit()
            }
            throw error
        }
        try restoreLimit()
    }

    private func restoreLimit() throws(PostgresError) {
        if isBroken { return }
        try simpleQuery(
            "SET statement_timeout = \(configuration.statementTimeoutMilliseconds)", limitMilliseconds: nil)
    }

    /// The simple query protocol; answers other than errors are dropped.
    func simpleQuery(_ sql: String, limitMilliseconds: Int?) throws(PostgresError) {
        if PQpipelineStatus(handle) != PQ_PIPELINE_OFF, PQexitPipelineMode(handle) == 0 {
            throw lose(Self.lastMessage(handle))
        }
        guard PQsendQuery(handle, sql) == 1 else { throw lose(Self.lastMessage(handle)) }
        // A script moves as a whole: only its own deadline counts.
        var patience =
            limitMilliseconds.map { Patience(limitMilliseconds: $0, stallMilliseconds: nil) }
            ?? patience(limitMilliseconds: nil)
        var error: PostgresError?
        while let result = try nextResult(&patience) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: throw lose("COPY is not possible here")
            default: if error == nil { error = failure(result, stepIndex: nil) }
            }
        }
        if PQstatus(handle) == CONNECTION_BAD {
            isLost = true
            throw error ?? PostgresError.lost(Self.lastMessage(handle))
        }
        if let error { throw error }
    }
}
