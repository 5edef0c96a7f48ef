// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Glibc

/// A topic that a consumer reads: its names in both forms and the next offset to read of each partition, kept as array
/// elements because they change with every message.
final class TopicPositions {
    /// Without the prefix.
    let name: String
    /// Whole name as a C string, owned.
    private let wholeName: UnsafeMutablePointer<CChar>
    private var next: [Int64] = []

    init(name: String, wholeName: String) {
        self.name = name
        self.wholeName = strdup(wholeName)
    }

    deinit { free(wholeName) }

    /// Compares names, not handles: librdkafka may reuse the address of a topic for another.
    func matches(_ topic: UnsafePointer<CChar>) -> Bool { strcmp(topic, wholeName) == 0 }

    /// The next offset to read, or a logical start; nil when the partition was never set.
    func position(_ partition: Int32) -> Int64? {
        let index = Int(partition)
        guard next.indices.contains(index), next[index] != Int64(RD_KAFKA_OFFSET_INVALID) else { return nil }
        return next[index]
    }

    func set(_ partition: Int32, _ offset: Int64) {
        let index = Int(partition)
        guard index >= 0 else { return }
        while next.count <= index { next.append(Int64(RD_KAFKA_OFFSET_INVALID)) }
        next[index] = offset
    }
}
