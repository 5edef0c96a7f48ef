// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Synchronization

/// Definitions as DescribeFlow shows them, made once for each revision of a flow. A revision never changes, so nothing here
/// can be out of date: only the work of making it again is saved. Thread-safe.
final class EchoedDefinitions: Sendable {
    fileprivate struct Key: Hashable, Sendable {
        let flowUUID: String
        let revision: Int64
    }

    /// What was used lately, and what was used before that: when the first is full it takes the place of the second.
    fileprivate struct Generations: Sendable {
        var young: [Key: JSONObject] = [:]
        var old: [Key: JSONObject] = [:]
        /// Of the definitions in `young`, as they are stored.
        var youngBytes = 0
    }

    private let generations = Mutex(Generations())
    private let generationBytes: Int

    /// - Parameter bytes: of stored definitions that are kept at most; in memory each takes a few times as much.
    init(bytes: Int) { generationBytes = bytes / 2 }

    /// The definition part of DescribeFlow's answer.
    func echoed(_ flow: FlowRecord) throws(APIError) -> JSONObject {
        let key = Key(flowUUID: flow.uuid, revision: flow.revision)
        let bytes = flow.definition?.utf8.count ?? 0
        if let known = generations.withLock({ $0.recall(key, bytes, limit: generationBytes) }) { return known }
        guard let text = flow.definition, let input = try? JSONValue.parse(Array(text.utf8)).objectValue else {
            throw .internalServer("The flow's definition cannot be read.")
        }
        let made = FlowRendering.echoedDefinition(input)
        generations.withLock { $0.keep(made, key, bytes, limit: generationBytes) }
        return made
    }

    /// Definitions that are at hand.
    var count: Int { generations.withLock { $0.young.count + $0.old.count } }
}

extension EchoedDefinitions.Generations {
    fileprivate mutating func recall(_ key: EchoedDefinitions.Key, _ bytes: Int, limit: Int) -> JSONObject? {
        if let found = young[key] { return found }
        guard let found = old.removeValue(forKey: key) else { return nil }
        keep(found, key, bytes, limit: limit)
        return found
    }

    fileprivate mutating func keep(_ value: JSONObject, _ key: EchoedDefinitions.Key, _ bytes: Int, limit: Int) {
        // One that would fill a generation alone is made each time.
        guard bytes <= limit, young[key] == nil else { return }
        if youngBytes + bytes > limit {
            old = young
            young = [:]
            youngBytes = 0
        }
        young[key] = value
        youngBytes += bytes
    }
}
