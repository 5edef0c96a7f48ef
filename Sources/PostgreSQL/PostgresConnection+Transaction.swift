// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL

extension PostgresConnection {
    /// A transaction whose later statements depend on earlier answers. BEGIN travels with the first statement, so that n
    /// round trips of `body` cost n + 1, or n when the last one is `pipelineAndCommit`. Rolls back when `body` throws.
    /// Inside another `transaction` it joins that one.
    public func transaction<Answer>(_ body: (PostgresConnection) throws -> Answer) throws -> Answer {
        guard phase == .none else { return try body(self) }
        phase = .pending
        defer { phase = .none }
        let answer: Answer
        do {
            answer = try body(self)
        } catch {
            if phase == .open && !isBroken { rollBack() }
            throw error
        }
        if phase == .open {
            if isBroken { throw PostgresError.lost("the connection was lost during the transaction") }
            if PQtransactionStatus(handle) != PQTRANS_INTRANS {
                rollBack()
                throw PostgresError(kind: .permanent, message: "the transaction had failed before its end")
            }
            _ = try run([], begin: false, commit: true, limitMilliseconds: nil)
        }
        return answer
    }

    /// Inside `transaction(_:)`: runs the last statements and COMMIT in one round trip. No statement may follow.
    public func pipelineAndCommit(
        _ steps: [(SQLStatement, [SQLValue])], deadlineMilliseconds: Int? = nil
    ) throws(PostgresError) -> [SQLRows] {
        switch phase {
        case .none: return try pipeline(steps, transaction: true, deadlineMilliseconds: deadlineMilliseconds)
        case .pending, .open, .finished:
            let rows = try run(
                steps, begin: phase == .pending, commit: true, limitMilliseconds: deadlineMilliseconds)
            phase = .finished
            return rows
        }
    }

    /// Ends a failed or abandoned transaction; a connection that cannot even do that is given up.
    func rollBack() {
        let interrupted = phase
        phase = .none
        defer { phase = interrupted }
        do throws(PostgresError) {
            _ = try run([(.rollback, [])], begin: false, commit: false, limitMilliseconds: nil)
        } catch {
            isLost = true
        }
        if PQtransactionStatus(handle) != PQTRANS_IDLE { isLost = true }
    }
}
