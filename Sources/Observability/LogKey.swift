// SPDX-License-Identifier: Apache-2.0

/// The keys a structured log line may carry: a closed set, so that lines can be indexed.
public enum LogKey: String, Sendable {
    case request, flow, run, attempt, account, operation, topic, partition, offset, epoch, error, status, count
    case resource, path, address, role, worker, signal, milliseconds, key, sqlState, bucket, object, reason
    case principal, revision

    /// The name in the line. `role` already stands in every line, for the process; a field of that key is renamed, because
    /// a key stands once in an object.
    var outputName: String { self == .role ? "otherRole" : rawValue }
}
