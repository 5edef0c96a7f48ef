// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import HTTPServer
import JSON
import PostgreSQL
import Threading

/// Answers requests from the store, on a reader's thread.
struct StoreReads: Sendable {
    /// An operation's output, and what its answer tells beside it.
    typealias Answer = (output: JSONObject, details: OutcomeDetails?)

    let pool: ReadPool
    let answers: Answers
    /// How long a read may wait for its turn.
    let patienceMilliseconds: Int

    /// - Throws: 503 when too much waits already.
    func answer(
        _ operation: String, _ exchange: HTTPExchange, _ read: @escaping @Sendable (PostgresConnection) throws -> Answer
    ) throws(APIError) {
        let deadline = MonotonicClock.milliseconds + patienceMilliseconds
        let accepted = pool.submit(deadline: deadline) { connection in
            do {
                let answer = try read(try connection.get())
                answers.success(
                    JSONValue.object(answer.output).serialized(), to: exchange, operation: operation,
                    details: answer.details)
            } catch let error as APIError {
                answers.failure(error, to: exchange, operation: operation)
            } catch let error as PostgresError {
                answers.failure(Self.translated(error), to: exchange, operation: operation)
            } catch {
                answers.failure(.internalServer(), to: exchange, operation: operation)
            }
        }
        if !accepted { throw .busy }
    }

    /// An error of the database as a client sees it.
    static func translated(_ error: PostgresError) -> APIError {
        switch error.kind {
        case .connection:
            .unavailable("The flow store cannot be reached. Please try again.", retryAfterSeconds: 2)
        case .timeout, .serialization:
            .unavailable("The flow store did not answer in time. Please try again.", retryAfterSeconds: 2)
        default:
            .internalServer()
        }
    }
}

extension APIError {
    /// 503: too much waits already.
    static var busy: APIError { .unavailable("The service is busy. Please try again.", retryAfterSeconds: 1) }
}
