// SPDX-License-Identifier: Apache-2.0
public import JSON

/// A hint, on the topic `runs`, that a run is queued: a worker with a free slot tries to claim it. Losing one costs a
/// delay, never the run.
public struct RunOffer: Sendable, Equatable {
    public let runID: String

    public init(runID: String) { self.runID = runID }

    public func encoded() -> JSONValue { .object(["run": .string(runID)]) }

    public init(decoding value: JSONValue) throws(MessageError) {
        runID = try MessageFields(value).uuid("run")
    }
}
