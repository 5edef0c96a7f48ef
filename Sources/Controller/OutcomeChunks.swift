// SPDX-License-Identifier: Apache-2.0
import FlowDomain

/// Cuts the outcomes of a batch into messages of a moderate size.
struct OutcomeChunks: Sequence {
    private static let limit = 200
    private let outcomes: [Outcome]

    init(_ outcomes: [Outcome]) { self.outcomes = outcomes }

    func makeIterator() -> AnyIterator<[Outcome]> {
        var index = 0
        return AnyIterator {
            if index >= outcomes.count { return nil }
            let end = Swift.min(index + Self.limit, outcomes.count)
            defer { index = end }
            return Array(outcomes[index..<end])
        }
    }
}
