// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

@testable import Observability

@Suite(.serialized)
struct LoggerTests {
    private func line(_ message: String, _ fields: [LogKey: String] = [:], role: String = "api") -> String {
        String(
            decoding: Logger.line(role: role, level: .info, message: message, fields: fields, milliseconds: 0),
            as: UTF8.self)
    }

    private func parse(_ line: String) throws -> [String: String] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }

    @Test
    func `A line has its members in order and its fields by name`() {
        #expect(
            line("flow stored", [.run: "r", .account: "a", .flow: "f"])
                == #"{"time":"1970-01-01T00:00:00.000Z","level":"info","role":"api","message":"flow stored","#
                + #""account":"a","flow":"f","run":"r"}"# + "\n")
    }

    @Test(arguments: [
        "", "plain", "quote \" back \\ slash /", "line\nfeed\r\nand\ttab", "\u{0}\u{1}\u{8}\u{C}\u{1F}\u{7F}",
        "é ü 日本 👩‍👩‍👧 e\u{301}", "\u{2028}\u{2029}\u{FEFF}\u{FFFD}", "\"}\n{\"level\":\"error\"", "\\u0041 \\n",
        String(repeating: "\"", count: 5000),
    ])
    func `Whatever a value holds, the line is one line of JSON that gives it back`(text: String) throws {
        let written = line(text, [.flow: text, .error: text], role: text)
        #expect(written.utf8.filter { $0 == 10 }.count == 1)
        #expect(written.utf8.last == 10)
        let members = try parse(written)
        for name in ["message", "flow", "error", "role"] {
            #expect(members[name].map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    @Test
    func `All ASCII characters come back`() throws {
        let text = String(decoding: UInt8(0)...127, as: UTF8.self)
        #expect(try parse(line(text))["message"] == text)
    }

    @Test
    func `A key stands once`() throws {
        let written = line("m", [.role: "worker"], role: "api")
        #expect(written.ranges(of: "\"role\"").count == 1)
        #expect(try parse(written)["otherRole"] == "worker")
    }

    @Test
    func `Only lines of the level and above are written, and messages below are not even made`() throws {
        let made = Atomic<Int>(0)
        let text = { (text: String) -> String in
            made.wrappingAdd(1, ordering: .relaxed)
            return text
        }
        let written = try capture(level: .warning) { logger in
            logger.debug(text("d"), [.flow: text("d")])
            logger.info(text("i"), [.flow: text("i")])
            logger.warning(text("w"))
            logger.error(text("e"))
        }
        let lines = written.split(separator: "\n").map(String.init)
        #expect(try lines.map { try parse($0)["level"] } == ["warning", "error"])
        #expect(made.load(ordering: .relaxed) == 2)
    }

    @Test
    func `Lines of several threads stay whole, also long ones in a pipe`() throws {
        let long = String(repeating: "x", count: 10_000)
        let written = try capture(level: .info) { logger in
            let threads = (0..<4).map { number in
                Thread {
                    for _ in 0..<50 { logger.info(long, [.worker: String(number)]) }
                }
            }
            let group = threads.map { thread in (thread, thread.start()) }
            while !group.allSatisfy(\.0.isFinished) { usleep(1000) }
        }
        let lines = written.split(separator: "\n").map(String.init)
        #expect(lines.count == 200)
        for line in lines { #expect(try parse(line)["message"] == long) }
    }

    @Test
    func `What is recorded is written at any level, whole and in order`() throws {
        let names = (0..<300).map { "flow\($0)" } + [String(repeating: "x", count: 10_000), "last"]
        let written = try capture(level: .error) { logger in
            logger.record("audit", names.map { [.flow: $0] })
            logger.record("audit", [])
        }
        let lines = try written.split(separator: "\n").map { try parse(String($0)) }
        #expect(lines.map { $0["flow"] } == names)
        #expect(lines.allSatisfy { $0["message"] == "audit" && $0["level"] == "info" })
    }

    @Test
    func `A descriptor that takes nothing loses the line and nothing else`() {
        Logger(role: "api", descriptor: -1).error("lost")
    }

    @Test
    func `Levels have names`() {
        for level in LogLevel.allCases { #expect(LogLevel(name: level.name) == level) }
        #expect(LogLevel(name: "warn") == .warning)
        #expect(LogLevel(name: "Info") == nil)
        #expect(LogLevel(name: "") == nil)
    }

    /// What a logger writes into a pipe.
    private func capture(level: LogLevel, _ body: (Logger) -> Void) throws -> String {
        let pipe = Pipe()
        let reader = Mutex(Data())
        let input = pipe.fileHandleForReading
        let thread = Thread {
            let data = (try? input.readToEnd()) ?? Data()
            reader.withLock { $0 = data }
        }
        thread.start()
        body(Logger(role: "test", level: level, descriptor: pipe.fileHandleForWriting.fileDescriptor))
        try pipe.fileHandleForWriting.close()
        while !thread.isFinished { usleep(1000) }
        return String(decoding: reader.withLock { $0 }, as: UTF8.self)
    }
}
