// SPDX-License-Identifier: Apache-2.0
import CPostgreSQL

extension PostgresConnection {
    /// Runs one statement. Outside `transaction(_:)` it is a transaction of its own.
    /// - Parameter deadlineMilliseconds: from now; then the statement is cancelled and the connection given up. Without
    ///   it the statement limit of the configuration holds.
    public func execute(
        _ statement: SQLStatement, _ values: [SQLValue] = [], deadlineMilliseconds: Int? = nil
    ) throws(PostgresError) -> SQLRows {
        let rows = try run(
            [(statement, values)], begin: phase == .pending, commit: false, limitMilliseconds: deadlineMilliseconds)
        return rows[0]
    }

    /// Runs several statements in one round trip. They succeed or fail together; the error's `stepIndex` names the
    /// culprit, and what follows it is not run.
    ///
    /// With `transaction`, BEGIN and COMMIT travel along; without it the server's implicit transaction has the same
    /// effect, but should its commit fail (deferred constraints), libpq loses count and the connection is given up.
    /// Inside `transaction(_:)` both join it.
    public func pipeline(
        _ steps: [(SQLStatement, [SQLValue])], transaction: Bool, deadlineMilliseconds: Int? = nil
    ) throws(PostgresError) -> [SQLRows] {
        let isOwn = transaction && phase == .none
        return try run(
            steps, begin: isOwn || phase == .pending, commit: isOwn, limitMilliseconds: deadlineMilliseconds)
    }

    private enum Command {
        case begin
        case prepare(step: Int)
        case step(Int)
        case commit
        case prepareOwn(SQLStatement)
    }

    /// Sends everything, then one sync, and collects the answers.
    func run(
        _ steps: [(SQLStatement, [SQLValue])], begin: Bool, commit: Bool, limitMilliseconds: Int?
    ) throws(PostgresError) -> [SQLRows] {
        if isBroken { throw PostgresError.lost("the connection was lost before") }
        if phase == .finished { throw PostgresError(kind: .permanent, message: "the transaction has ended") }
        for (index, step) in steps.enumerated() {
            do throws(PostgresError) {
                try ParameterArena.check(step.1)
                if let text = prepared[step.0.name], text != step.0.text {
                    throw PostgresError(kind: .permanent, message: "two statements are named \(step.0.name)")
                }
            } catch {
                var error = error
                error.stepIndex = index
                throw error
            }
        }
        if PQpipelineStatus(handle) == PQ_PIPELINE_OFF, PQenterPipelineMode(handle) == 0 {
            throw lose(Self.lastMessage(handle))
        }
        let commands = try send(steps, begin: begin, commit: commit)
        let outcome = try collect(commands, steps: steps, limitMilliseconds: limitMilliseconds)
        if phase == .pending, begin { phase = PQtransactionStatus(handle) == PQTRANS_IDLE ? .pending : .open }
        guard let error = outcome.error else { return outcome.rows }
        if phase == .none, !isBroken, PQtransactionStatus(handle) != PQTRANS_IDLE { rollBack() }
        throw error
    }

    private func send(
        _ steps: [(SQLStatement, [SQLValue])], begin: Bool, commit: Bool
    ) throws(PostgresError) -> [Command] {
        var commands: [Command] = []
        commands.reserveCapacity(steps.count + 4)
        // Prepared by an earlier command of this pipeline.
        var underway: Set<String> = []
        func isPrepared(_ statement: SQLStatement) -> Bool {
            prepared[statement.name] != nil || !underway.insert(statement.name).inserted
        }
        if begin {
            if !isPrepared(.begin) {
                try send(prepare: .begin)
                commands.append(.prepareOwn(.begin))
            }
            try send(.begin, [])
            commands.append(.begin)
        }
        for (index, step) in steps.enumerated() {
            if !isPrepared(step.0) {
                try send(prepare: step.0)
                commands.append(.prepare(step: index))
            }
            try send(step.0, step.1)
            commands.append(.step(index))
        }
        if commit {
            if !isPrepared(.commit) {
                try send(prepare: .commit)
                commands.append(.prepareOwn(.commit))
            }
            try send(.commit, [])
            commands.append(.commit)
        }
        if PQpipelineSync(handle) == 0 { throw lose(Self.lastMessage(handle)) }
        return commands
    }

    private func send(prepare statement: SQLStatement) throws(PostgresError) {
        // Parameter types are the server's to infer.
        if PQsendPrepare(handle, statement.name, statement.text, 0, nil) == 0 { throw lose(Self.lastMessage(handle)) }
    }

    private func send(_ statement: SQLStatement, _ values: [SQLValue]) throws(PostgresError) {
        parameters.load(values)
        let sent = parameters.withParameters { count, pointers, lengths, formats in
            PQsendQueryPrepared(handle, statement.name, count, pointers, lengths, formats, 0)
        }
        if sent == 0 { throw lose(Self.lastMessage(handle)) }
    }

    /// Reads until the sync. A lost connection ends it early, which is an error unless COMMIT was already confirmed.
    private func collect(
        _ commands: [Command], steps: [(SQLStatement, [SQLValue])], limitMilliseconds: Int?
    ) throws(PostgresError) -> (rows: [SQLRows], error: PostgresError?) {
        var patience = patience(limitMilliseconds: limitMilliseconds)
        var rows: [SQLRows] = []
        rows.reserveCapacity(steps.count)
        var error: PostgresError?
        var index = 0
        var isSeparated = true
        var isCommitted = false
        while true {
            let next: OpaquePointer?
            do throws(PostgresError) {
                next = try nextResult(&patience)
            } catch let loss {
                if isCommitted { break }
                throw error ?? loss
            }
            guard let result = next else {
                if isSeparated || index >= commands.count {
                    // Two separators in a row: there is nothing more to come, the connection has ended.
                    let loss = lose(Self.lastMessage(handle))
                    if isCommitted { break }
                    throw error ?? loss
                }
                isSeparated = true
                index += 1
                continue
            }
            isSeparated = false
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                return (rows, error)
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                let answer = SQLRows(owning: result)
                guard index < commands.count else { continue }
                switch commands[index] {
                case .begin: break
                case .prepare(let step): prepared[steps[step].0.name] = steps[step].0.text
                case .prepareOwn(let statement): prepared[statement.name] = statement.text
                case .step: rows.append(answer)
                case .commit:
                    if answer.commandTag == "COMMIT" {
                        isCommitted = true
                    } else if error == nil {
                        error = PostgresError(kind: .permanent, message: "the transaction was rolled back")
                    }
                }
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                throw lose("COPY is not possible here")
            default:
                var stepIndex: Int?
                if index < commands.count {
                    switch commands[index] {
                    case .prepare(let step), .step(let step): stepIndex = step
                    case .begin, .commit, .prepareOwn: break
                    }
                }
                let failure = failure(result, stepIndex: stepIndex)
                PQclear(result)
                if error == nil && !isCommitted { error = failure }
                // An error in place of the sync: libpq 15 then drops the sync, or takes it for an answer to come.
                if PQstatus(handle) == CONNECTION_BAD || index >= commands.count {
                    isLost = true
                    if isCommitted { return (rows, nil) }
                    throw error ?? failure
                }
            }
        }
        return (rows, error)
    }
}

extension SQLStatement {
    static let begin = SQLStatement("millrace_begin", "BEGIN")
    static let commit = SQLStatement("millrace_commit", "COMMIT")
    static let rollback = SQLStatement("millrace_rollback", "ROLLBACK")
}
