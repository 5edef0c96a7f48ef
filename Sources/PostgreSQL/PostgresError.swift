// SPDX-License-Identifier: Apache-2.0

/// Why the database did not do what was asked. `description` carries no values of rows or parameters.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the caller can do about it.
    public enum Kind: Sendable, Equatable {
        /// The server or the way to it failed, or it lacks resources. **The outcome of the last commit or of a statement
        /// outside a transaction is unknown**; retry what is keyed.
        case connection
        /// Lost against a concurrent transaction (40001, 40P01, 55P03): rolled back, retry the whole transaction.
        case serialization
        /// A row with that key exists; the name of the constraint.
        case unique(String)
        /// Nothing was done: the statement was stopped (57014), or no connection became free in time.
        case timeout
        /// Will fail again: wrong data or wrong SQL.
        case permanent
    }

    public let kind: Kind
    /// Five characters as in PostgreSQL's appendix A; nil when the failure is on our side of the connection.
    public let sqlState: String?
    /// The server's primary message, cleaned of values.
    public let message: String
    /// The server's detail, which may quote rows: for debugging only.
    public let detail: String?
    public let constraint: String?
    /// Which step of a pipeline failed, counted from 0; nil for its BEGIN, its COMMIT and lost connections.
    public internal(set) var stepIndex: Int?

    public init(
        kind: Kind, sqlState: String? = nil, message: String, detail: String? = nil, constraint: String? = nil,
        stepIndex: Int? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.constraint = constraint
        self.stepIndex = stepIndex
    }

    /// What the server answered.
    init(sqlState: String, message: String, detail: String?, constraint: String?, stepIndex: Int?) {
        self.init(
            kind: Self.classify(sqlState: sqlState, message: message, constraint: constraint), sqlState: sqlState,
            message: Self.withoutValues(message, sqlState: sqlState), detail: detail, constraint: constraint,
            stepIndex: stepIndex)
    }

    static func lost(_ message: String) -> PostgresError { PostgresError(kind: .connection, message: message) }

    /// Whether the same request may succeed later.
    public var isRetriable: Bool {
        switch kind {
        case .connection, .serialization, .timeout: true
        case .unique, .permanent: false
        }
    }

    public var description: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState)" } else { text += " (PostgreSQL client" }
        if let constraint { text += ", constraint \(constraint)" }
        if let stepIndex { text += ", step \(stepIndex)" }
        return text + ")"
    }

    /// The classes of PostgreSQL's appendix A.
    static func classify(sqlState: String, message: String, constraint: String?) -> Kind {
        switch sqlState {
        case "40001", "40P01", "55P03": return .serialization
        case "23505": return .unique(constraint ?? "")
        case "57014": return .timeout
        // Outcome unknown; idle limits; and a server that became a standby.
        case "40003", "25P03", "25006": return .connection
        default: break
        }
        if invalidatesStatements(sqlState: sqlState, message: message) { return .connection }
        switch sqlState.prefix(2) {
        // Connection, resources (disk, memory, too many connections), operator intervention, input and output.
        case "08", "53", "57", "58": return .connection
        default: return .permanent
        }
    }

    /// The connection's prepared statements are gone (a pooler in between) or no longer fit a changed table: a fresh
    /// connection cures it.
    static func invalidatesStatements(sqlState: String, message: String) -> Bool {
        sqlState == "26000" || (sqlState == "0A000" && message.hasPrefix("cached plan must not change"))
    }

    /// Only data exceptions quote values in the primary message: `invalid input syntax for type uuid: "…"`.
    static func withoutValues(_ message: String, sqlState: String) -> String {
        guard sqlState.hasPrefix("22") else { return message }
        var cleaned = ""
        var isQuoted = false
        for character in message {
            if character == "\"" {
                if !isQuoted { cleaned += "\"…\"" }
                isQuoted.toggle()
            } else if !isQuoted {
                if character == ":" { break }
                cleaned.append(character)
            }
        }
        return cleaned
    }
}
