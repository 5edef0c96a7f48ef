// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL
import Glibc
import Threading

extension PostgresConnection {
    /// How long this session waits for the server: as long as the server itself allows a statement, and a little more.
    func patience(limitMilliseconds: Int?) -> Patience {
        let allowed = configuration.statementTimeoutMilliseconds
        return Patience(
            limitMilliseconds: limitMilliseconds,
            stallMilliseconds: allowed > 0 ? allowed + configuration.answerMarginMilliseconds : nil)
    }

    /// The next result, or nil where libpq separates the answers to two commands. Sends and reads at the same time:
    /// otherwise both sides could fill their sockets and wait for each other.
    func nextResult(_ patience: inout Patience) throws(PostgresError) -> OpaquePointer? {
        while true {
            let unsent = PQflush(handle)
            if PQisBusy(handle) == 0 || PQsocket(handle) < 0 { return PQgetResult(handle) }
            if unsent < 0 { throw lose(Self.lastMessage(handle)) }
            try awaitSocket(&patience, writing: unsent > 0)
        }
    }

    private func awaitSocket(_ patience: inout Patience, writing: Bool) throws(PostgresError) {
        while true {
            let now = MonotonicClock.milliseconds
            let remaining = patience.expiry - now
            if remaining <= 0 {
                if patience.isCancelled { throw lose("the database did not answer in time") }
                patience.cancelled(now: now, marginMilliseconds: configuration.answerMarginMilliseconds)
                cancellation.cancel()
                continue
            }
            var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN | (writing ? POLLOUT : 0)), revents: 0)
            let ready = poll(&entry, 1, Int32(clamping: remaining))
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            if ready < 0 { throw lose("poll failed with errno \(errno)") }
            // A failure to read closes the socket, which the caller sees; what had arrived before is still interpreted.
            if Int32(entry.revents) & ~POLLOUT != 0, PQconsumeInput(handle) == 0, PQsocket(handle) >= 0 {
                throw lose(Self.lastMessage(handle))
            }
            patience.progressed(now: MonotonicClock.milliseconds)
            return
        }
    }

    /// The error that a result carries. Marks the connection when it is beyond use.
    func failure(_ result: OpaquePointer, stepIndex: Int?) -> PostgresError {
        func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        guard let sqlState = field(millrace_pg_diag_sqlstate) else {
            // libpq made this result itself.
            return lose(Self.lastMessage(handle))
        }
        let error = PostgresError(
            sqlState: sqlState, message: field(millrace_pg_diag_message_primary) ?? "",
            detail: field(millrace_pg_diag_message_detail), constraint: field(millrace_pg_diag_constraint_name),
            stepIndex: stepIndex)
        let severity = field(millrace_pg_diag_severity) ?? ""
        // After FATAL the server hangs up; on a read-only server and with stale statements only a new session helps.
        if severity == "FATAL" || severity == "PANIC" || sqlState == "25006"
            || PostgresError.invalidatesStatements(sqlState: sqlState, message: error.message)
        {
            isLost = true
        }
        return error
    }
}
