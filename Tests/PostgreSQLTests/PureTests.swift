// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import PostgreSQL

@Suite struct PureTests {
    @Test(arguments: [
        ("40001", PostgresError.Kind.serialization), ("40P01", .serialization), ("55P03", .serialization),
        ("23505", .unique("c")), ("57014", .timeout), ("57P01", .connection), ("57P03", .connection),
        ("08006", .connection), ("53300", .connection), ("53100", .connection), ("58030", .connection),
        ("25006", .connection), ("40003", .connection), ("26000", .connection), ("23503", .permanent),
        ("22P02", .permanent), ("42601", .permanent), ("0A000", .permanent),
    ])
    func classification(sqlState: String, kind: PostgresError.Kind) {
        #expect(PostgresError.classify(sqlState: sqlState, message: "m", constraint: "c") == kind)
    }

    @Test func backoffGrowsAndForgets() {
        var backoff = ConnectBackoff()
        let error = PostgresError.lost("down")
        var delays: [Int] = []
        for _ in 0..<20 {
            backoff.failed(error, now: 1_000, jitter: 1)
            delays.append(backoff.nextAttempt - 1_000)
        }
        #expect(delays.prefix(4) == [50, 100, 200, 400])
        #expect(delays.last == 500)
        #expect(backoff.lastFailure == error)
        backoff.succeeded()
        #expect(backoff.nextAttempt == 0)
        #expect(backoff.lastFailure == nil)
    }

    @Test func patienceGrowsWithProgressUpToItsLimit() {
        var patience = Patience(limitMilliseconds: 100, stallMilliseconds: 30, now: 1_000)
        #expect(patience.expiry == 1_030)
        patience.progressed(now: 1_020)
        #expect(patience.expiry == 1_050)
        patience.progressed(now: 1_090)
        #expect(patience.expiry == 1_100)
        patience.cancelled(now: 1_100, marginMilliseconds: 5)
        patience.progressed(now: 1_104)
        #expect(patience.isCancelled)
        #expect(patience.expiry == 1_105)
    }

    @Test func patienceWithoutLimits() {
        var patience = Patience(limitMilliseconds: nil, stallMilliseconds: nil, now: 1_000)
        patience.progressed(now: 2_000)
        #expect(patience.expiry > 1 << 60)
        #expect(Patience(limitMilliseconds: .max, stallMilliseconds: .max, now: 1_000).expiry > 1 << 60)
        #expect(Patience(limitMilliseconds: -5, stallMilliseconds: nil, now: 1_000).expiry == 1_000)
    }

    @Test(
        arguments: [
            ("{}", []), ("{a}", ["a"]), ("{\"\"}", [""]), ("{NULL,\"NULL\"}", [nil, "NULL"]), ("{a,b}", ["a", "b"]),
            ("{\"a\\\"b\",\"\\\\\"}", ["a\"b", "\\"]), ("[0:1]={x,y}", ["x", "y"]), ("", []),
        ] as [(String, [String?])])
    func arrayLiterals(text: String, elements: [String?]) {
        let parsed = Array(text.utf8).withUnsafeBytes { ArrayLiteral.parse($0) }
        #expect(parsed == elements)
    }

    @Test func whatTheUserSaysWins() {
        var configuration = PostgresConfiguration(connectionString: "postgresql://host/db?connect_timeout=1")
        configuration.connectTimeoutSeconds = 9
        let keywords = configuration.connectionParameters.map(\.keyword)
        let position = keywords.firstIndex(of: "dbname")
        #expect(keywords.firstIndex(of: "connect_timeout").map { $0 < position ?? 0 } == true)
    }
}
