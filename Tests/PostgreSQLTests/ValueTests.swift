// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import PostgreSQL

extension DatabaseTests {
    @Suite struct ValueTests {
        let connection: PostgresConnection

        init() throws { connection = try testDatabase.connect() }

        private func echo(_ type: String, _ value: SQLValue) throws -> SQLRows {
            try connection.execute(SQLStatement("echo \(type)", "SELECT $1::\(type)"), [value])
        }

        @Test(arguments: ["", "plain", "é, 漢字, 🦆", "quote ' \" \\ back", "NULL", "line\nbreak\ttab"])
        func text(_ text: String) throws {
            #expect(try echo("text", .text(text)).text(0, 0) == text)
        }

        @Test(arguments: [0, 1, -1, 9, 10, -10, 1_234_567_890, .max, .min] as [Int64])
        func int(_ number: Int64) throws {
            let rows = try echo("bigint", .int(number))
            #expect(rows.int(0, 0) == number)
            #expect(rows.text(0, 0) == String(number))
        }

        @Test func numbersThatAreNotIntegers() throws {
            for text in ["9223372036854775808", "-9223372036854775809", "1.5", "1e3", "-", "", "abc"] {
                #expect(try echo("text", .text(text)).int(0, 0) == nil)
            }
        }

        @Test func booleans() throws {
            #expect(try echo("boolean", .bool(true)).bool(0, 0) == true)
            #expect(try echo("boolean", .bool(false)).bool(0, 0) == false)
            #expect(try echo("text", .text("x")).bool(0, 0) == nil)
        }

        @Test func bytes() throws {
            let all = (0...255).map { UInt8($0) }
            #expect(try echo("bytea", .bytes(all)).bytes(0, 0) == all)
            #expect(try echo("bytea", .bytes([])).bytes(0, 0) == [])
            #expect(try echo("text", .text("abc")).bytes(0, 0) == Array("abc".utf8))
        }

        @Test func uuid() throws {
            let identifier = "0f8fad5b-d9cb-469f-a165-70867728950e"
            #expect(try echo("uuid", .uuid(identifier)).text(0, 0) == identifier)
        }

        @Test func nulls() throws {
            for type in ["text", "bigint", "boolean", "bytea", "text[]"] {
                let rows = try echo(type, .null)
                #expect(rows.isNull(0, 0))
                #expect(rows.text(0, 0) == nil)
                #expect(rows.int(0, 0) == nil)
                #expect(rows.bool(0, 0) == nil)
                #expect(rows.bytes(0, 0) == nil)
                #expect(rows.textArray(0, 0) == nil)
            }
        }

        /// Each element comes back as a row of its own, so that our reader of arrays cannot hide a fault of the writer.
        private func elements(_ type: String, _ value: SQLValue) throws -> SQLRows {
            let sql = "SELECT e, e IS NULL FROM unnest($1::\(type)[]) WITH ORDINALITY AS u(e, n) ORDER BY n"
            return try connection.execute(SQLStatement("unnest \(type)", sql), [value])
        }

        @Test func textArrays() throws {
            let odd: [String?] = [
                "", "a", nil, "NULL", "null", "a,b", "{}", "{\"x\"}", "\"", "\\", "\\\\\"", " lead and trail ", "é漢🦆",
                "new\nline", "'", "$1",
            ]
            let rows = try elements("text", .textArray(odd))
            #expect((0..<rows.count).map { rows.text($0, 0) } == odd)
            #expect(try echo("text[]", .textArray(odd)).textArray(0, 0) == odd)
            #expect(try elements("text", .textArray([])).isEmpty)
            #expect(try echo("text[]", .textArray([])).textArray(0, 0) == [])
        }

        @Test func otherArrays() throws {
            let numbers: [Int64?] = [0, .min, nil, .max]
            var rows = try elements("bigint", .intArray(numbers))
            #expect((0..<rows.count).map { rows.int($0, 0) } == numbers)
            let flags: [Bool?] = [true, nil, false]
            rows = try elements("boolean", .boolArray(flags))
            #expect((0..<rows.count).map { rows.bool($0, 0) } == flags)
            let blobs: [[UInt8]?] = [[], [0], nil, Array("\\x\"{},".utf8), (0...255).map { UInt8($0) }]
            rows = try elements("bytea", .bytesArray(blobs))
            #expect((0..<rows.count).map { rows.bytes($0, 0) } == blobs)
            let identifiers = ["0f8fad5b-d9cb-469f-a165-70867728950e", nil]
            rows = try elements("uuid", .textArray(identifiers))
            #expect((0..<rows.count).map { rows.text($0, 0) } == identifiers)
        }

        /// The text form would end there, silently.
        @Test func nullCharactersAreRefusedBeforeAnythingIsSent() throws {
            try testDatabase.makeTable("nul", "v text")
            let insert = SQLStatement("nul insert", "INSERT INTO nul VALUES ($1)")
            for refused in [SQLValue.text("a\u{0}b"), .uuid("\u{0}")] {
                let error = postgresError {
                    _ = try connection.pipeline([(insert, [.text("kept?")]), (insert, [refused])], transaction: false)
                }
                #expect(error?.kind == .permanent)
                #expect(error?.stepIndex == 1)
            }
            #expect(postgresError { _ = try echo("text[]", .textArray(["a", "\u{0}"])) }?.kind == .permanent)
            #expect(!connection.isBroken)
            #expect(try connection.value("SELECT count(*) FROM nul") == "0")
        }

        @Test func outsideTheTable() throws {
            let rows = try echo("text", .text("x"))
            #expect(rows.count == 1 && rows.columnCount == 1)
            #expect(rows.isNull(1, 0) && rows.isNull(0, 1) && rows.isNull(-1, -1))
            #expect(rows.text(1, 0) == nil && rows.text(0, 1) == nil)
        }

        @Test func affectedRows() throws {
            try testDatabase.makeTable("affected", "v bigint")
            let insert = SQLStatement("affected insert", "INSERT INTO affected SELECT unnest($1::bigint[])")
            #expect(try connection.execute(insert, [.intArray([1, 2, 3])]).affected == 3)
            let update = SQLStatement("affected update", "UPDATE affected SET v = v WHERE v > $1")
            #expect(try connection.execute(update, [.int(1)]).affected == 2)
            #expect(try connection.execute(update, [.int(9)]).affected == 0)
        }

        /// Larger than every socket buffer, both ways.
        @Test func hugeValues() throws {
            let text = String(repeating: "0123456789abcdef", count: 2 << 20)
            #expect(try echo("text", .text(text)).text(0, 0) == text)
            let bytes = [UInt8](repeating: 0xa5, count: 16 << 20)
            #expect(try echo("bytea", .bytes(bytes)).bytes(0, 0) == bytes)
            #expect(try echo("text", .text("after")).text(0, 0) == "after")
        }

        /// Rows outlive the connection they came from.
        @Test func rowsOutliveTheConnection() throws {
            let other = try testDatabase.connect()
            let series = SQLStatement("series", "SELECT i, 'row ' || i FROM generate_series(1, 1000) i")
            let rows = try other.execute(series)
            other.close()
            #expect(rows.count == 1000)
            #expect(rows.int(999, 0) == 1000)
            #expect(rows.text(999, 1) == "row 1000")
        }
    }
}
