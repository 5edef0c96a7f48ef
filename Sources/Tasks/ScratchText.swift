// SPDX-License-Identifier: Apache-2.0
internal import Records

/// Room for one decoded value at a time, kept from value to value. Owns its memory; one thread.
final class ScratchText {
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity = 4096

    init() { storage = .allocate(capacity: capacity + RecordBatch.arenaSlack) }

    deinit { storage.deallocate() }

    /// The value decoded last.
    var bytes: UnsafePointer<UInt8> { UnsafePointer(storage) }

    /// Decodes the content of a JSON string; answers its length.
    func decode(_ source: UnsafePointer<UInt8>, _ count: Int) -> Int {
        if count > capacity {
            storage.deallocate()
            capacity = count
            storage = .allocate(capacity: capacity + RecordBatch.arenaSlack)
        }
        return JSONText.decode(source, count, into: storage)
    }
}
