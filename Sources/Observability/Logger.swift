// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Writes one JSON object per line to standard error. A value type that is free to copy; thread-safe, because one lock
/// per process keeps lines whole.
///
///     logger.info("flow stored", [.flow: name])
///     // {"time":"2026-11-21T06:52:03.127Z","level":"info","role":"controller","message":"flow stored","flow":"orders"}
///
/// Fields stand after the message, ordered by their names. A line that the descriptor does not take (a closed pipe, a
/// full disk) is lost: logging never fails its caller.
public struct Logger: Sendable {
    public let role: String
    public let level: LogLevel
    private let descriptor: Int32

    /// - Parameters:
    ///   - role: of the process, on each line.
    ///   - level: the least level that is written.
    ///   - descriptor: where lines go, standard error unless told otherwise; it stays open for as long as anyone logs.
    public init(role: String, level: LogLevel = .info, descriptor: Int32 = 2) {
        self.role = role
        self.level = level
        self.descriptor = descriptor
    }

    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        if level <= .debug { write(.debug, message(), fields()) }
    }

    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        if level <= .info { write(.info, message(), fields()) }
    }

    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        if level <= .warning { write(.warning, message(), fields()) }
    }

    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> [LogKey: String] = [:]) {
        write(.error, message(), fields())
    }

    /// Lines of one message that are written whatever the level: what an operator must be able to rely on. Several go
    /// out at once, but no more than a pipe takes whole.
    public func record(_ message: String, _ entries: [[LogKey: String]]) {
        let now = UTCTimestamp.nowMilliseconds
        var pending: [UInt8] = []
        for fields in entries {
            let line = Self.line(role: role, level: .info, message: message, fields: fields, milliseconds: now)
            if !pending.isEmpty && pending.count + line.count > Self.atomicBytes {
                put(pending)
                pending.removeAll(keepingCapacity: true)
            }
            pending += line
        }
        if !pending.isEmpty { put(pending) }
    }

    /// PIPE_BUF.
    private static let atomicBytes = 4096

    /// The bytes of a line, line feed included.
    static func line(
        role: String, level: LogLevel, message: String, fields: [LogKey: String], milliseconds: Int
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(contentsOf: "{\"time\":\"".utf8)
        UTCTimestamp.append(milliseconds: milliseconds, to: &line)
        line.append(contentsOf: "\",\"level\":\"".utf8)
        line.append(contentsOf: level.name.utf8)
        line.append(contentsOf: "\",\"role\":".utf8)
        JSONText.append(role, to: &line)
        line.append(contentsOf: ",\"message\":".utf8)
        JSONText.append(message, to: &line)
        if fields.count < 2 {
            for (key, value) in fields { append(key.outputName, value, to: &line) }
        } else {
            let ordered = fields.map { (name: $0.key.outputName, value: $0.value) }.sorted { $0.name < $1.name }
            for field in ordered { append(field.name, field.value, to: &line) }
        }
        line.append(contentsOf: "}\n".utf8)
        return line
    }

    private static func append(_ name: String, _ value: String, to line: inout [UInt8]) {
        line.append(contentsOf: ",\"".utf8)
        line.append(contentsOf: name.utf8)
        line.append(contentsOf: "\":".utf8)
        JSONText.append(value, to: &line)
    }

    private func write(_ level: LogLevel, _ message: String, _ fields: [LogKey: String]) {
        let line = Self.line(
            role: role, level: level, message: message, fields: fields, milliseconds: UTCTimestamp.nowMilliseconds)
        put(line)
    }

    private func put(_ line: [UInt8]) {
        // The lock is for pipes, where a write of more than 4096 bytes may be cut up by another thread's.
        Self.output.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
                    let written = Glibc.write(descriptor, start, rest.count)
                    if written < 0 && errno == EINTR { continue }
                    if written <= 0 { return }
                    rest = rest.dropFirst(written)
                }
            }
        }
    }

    private static let output = Mutex<Void>(())
}
