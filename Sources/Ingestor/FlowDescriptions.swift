// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import FlowStore
import HTTPServer
import JSON
import Observability
import PostgreSQL
import Threading

/// Answers DescribeFlow, the request that clients repeat most while they wait for a run: those that wait at the same moment
/// are read with one statement.
final class FlowDescriptions: Sendable {
    private struct Question: Sendable {
        let flow: FlowKey
        let region: String
        let exchange: HTTPExchange
    }

    private static let operation = "DescribeFlow"
    /// Beyond this many a larger statement saves nothing more.
    private static let atOnce = 32

    /// Some hundreds of definitions of the usual size.
    private static let definitionBytes = 2 << 20

    private let threads: ReaderThreads<Question>
    private let patienceMilliseconds: Int

    init(configuration: IngestorConfiguration, waiting: Int, answers: Answers, logger: Logger) {
        patienceMilliseconds = configuration.readPatienceMilliseconds
        let definitions = EchoedDefinitions(bytes: Self.definitionBytes)
        threads = ReaderThreads(
            name: "describer", database: configuration.database, threads: max(1, configuration.readers / 2),
            waiting: waiting, atOnce: Self.atOnce, statementMilliseconds: configuration.readStatementMilliseconds,
            logger: logger
        ) { questions, connection in
            Self.answer(questions, connection, definitions, answers)
        }
    }

    func start() { threads.start() }

    func shutdown() { threads.shutdown() }

    /// - Throws: 503 when too much waits already.
    func answer(_ input: JSONObject, _ caller: Caller, _ exchange: HTTPExchange) throws(APIError) {
        let flow = FlowKey(account: caller.account, name: input["flowName"]?.stringValue ?? "")
        let question = Question(flow: flow, region: caller.region, exchange: exchange)
        let deadline = MonotonicClock.milliseconds + patienceMilliseconds
        if !threads.submit(deadline: deadline, question) { throw .busy }
    }

    private static func answer(
        _ questions: [Question], _ connection: Result<PostgresConnection, PostgresError>,
        _ definitions: EchoedDefinitions, _ answers: Answers
    ) {
        let found: [FlowReader.Description?]
        do throws(PostgresError) {
            found = try FlowReader(try connection.get()).describe(questions.map { $0.flow })
        } catch {
            for question in questions {
                answers.failure(StoreReads.translated(error), to: question.exchange, operation: operation)
            }
            return
        }
        for (question, description) in zip(questions, found) {
            do throws(APIError) {
                guard let description else {
                    throw .notFound("Flow with name \(question.flow.name) does not exist.")
                }
                let output = try FlowResponses.describe(
                    description.flow, lastRun: description.lastRun, region: question.region, definitions: definitions)
                answers.success(
                    JSONValue.object(output).serialized(), to: question.exchange, operation: operation,
                    details: OutcomeDetails(description.flow))
            } catch {
                answers.failure(error, to: question.exchange, operation: operation)
            }
        }
    }
}
