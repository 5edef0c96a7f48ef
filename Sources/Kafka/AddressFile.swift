import CRdKafka
import Glibc

// SPDX-License-Identifier: Apache-2.0
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The file by which the embedded broker tells other processes where it listens.
struct AddressFile: Codable, Equatable {
    let brokers: String
    let epoch: String
    let pid: Int32

    /// What changes when the file is replaced.
    struct Stamp: Equatable {
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    var endpoint: KafkaEndpoint { KafkaEndpoint(brokers: brokers, epoch: epoch, embedded: true) }

    /// nil when there is no such file or it is not ours.
    static func read(_ path: String) -> AddressFile? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return try? JSONDecoder().decode(AddressFile.self, from: Data(bytes[..<count]))
    }

    /// Replaces the file in one step: a reader sees the old or the new one, never a part.
    func write(_ path: String) throws(KafkaError) {
        let bytes: Data
        do {
            bytes = try JSONEncoder().encode(self)
        } catch {
            throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, "the address file could not be encoded")
        }
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw AddressFile.failure("open", temporary) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let synced = fsync(descriptor)
        close(descriptor)
        guard written == bytes.count, synced == 0, rename(temporary, path) == 0 else {
            let failure = AddressFile.failure("write", path)
            unlink(temporary)
            throw failure
        }
    }

    private static func failure(_ verb: String, _ path: String) -> KafkaError {
        let text = String(cString: strerror(errno))
        return KafkaError(RD_KAFKA_RESP_ERR__FS, "cannot \(verb) the address file \(path): \(text)")
    }
}
