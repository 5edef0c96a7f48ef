// SPDX-License-Identifier: Apache-2.0

/// What a server is doing, for metrics.
public struct HTTPServerStatistics: Sendable, Equatable {
    /// Open connections.
    public let connections: Int
    /// Exchanges that were handed to the handler and whose response is not sent.
    public let activeExchanges: Int
    /// Of these, how many wait for an answer without a thread.
    public let suspendedExchanges: Int
    /// Exchanges handed to the handler since the start.
    public let exchanges: Int
    /// Connections cut off since the start because they were overdue, idle ones included.
    public let cutOffConnections: Int
    /// Bytes of request bodies in memory.
    public let bufferedBodyBytes: Int
}
