// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Tasks
import TestSupport
import Testing

@testable import Worker

extension WorkerDatabaseTests {
    /// A class, to close the ledger.
    @Suite(.serialized) final class StagedOutputTests {
        private let store = MemoryObjectStore()
        private let ledger: WriteLedger
        private static let run = "00000000-0000-4000-8000-000000000001"

        init() throws {
            ledger = WriteLedger(database: try testDatabase.configuration(), logger: testLogger)
            ledger.start()
        }

        deinit { ledger.shutdown() }

        private func make(
            _ buckets: [String], _ formats: [JSONObject] = [], failures: Int = 0
        ) throws -> (output: StagedOutput, transfer: Transfer, handle: RunHandle) {
            let handle = RunsInHandTests.handle(Self.run, failures: failures)
            let definition = try OutputPublisherTests.definition(buckets, formats: formats)
            let output = try StagedOutput(
                definition, handle: handle, store: store, uploads: UploadRecords(ledger: ledger, handle: handle),
                attempts: AttemptPolicy(maximumFailures: 3))
            let plan = try TransferPlan(tasks: definition.tasks, input: .csv, outputs: output.formats)
            return (output, Transfer(plan: plan), handle)
        }

        /// Stages these objects of the source, as `FlowTransfer` does.
        private func stage(
            _ inputs: [String], _ output: StagedOutput, _ transfer: inout Transfer
        ) throws -> OutputManifest {
            output.begin(hasSeveralInputs: inputs.count > 1)
            for (index, text) in inputs.enumerated() {
                if index > 0 { try output.beginFurtherInput(&transfer) }
                transfer.beginInput(name: "\(index)")
                try Array(text.utf8).withUnsafeBytes { try transfer.consume($0) }
                try output.flush(&transfer)
                try transfer.endInput()
            }
            try transfer.finish()
            try output.finish(&transfer)
            return output.manifest(transfer.counters, message: "done")
        }

        private func text(_ key: String) -> String {
            (store.parts[key] ?? [:]).sorted { $0.key < $1.key }.map { String(decoding: $0.value, as: UTF8.self) }
                .joined()
        }

        private func failure(_ body: () throws -> Void) -> AttemptResult? {
            do {
                try body()
                return nil
            } catch {
                return (error as? AttemptFailure)?.result
            }
        }

        private static let single: JSONObject = ["aggregationConfig": ["aggregationType": "SingleFile"]]

        /// Four destinations, three kinds of output: only the last two share one.
        @Test func eachDestinationHasItsFormatAndFiles() throws {
            var (output, transfer, _) = try make(
                ["a", "b", "c", "d"],
                [
                    ["fileType": "CSV"], Self.single,
                    ["prefixConfig": ["prefixType": "FILENAME", "prefixFormat": "YEAR"]],
                ])
            #expect(output.formats.count == 3)
            let manifest = try stage(["id\n1\n2\n", "id\n3\n"], output, &transfer)
            let names = ["-1", "-2", "", "-1-1970", "-2-1970", "-1", "-2"]
            #expect(manifest.files.map(\.key) == names.map { "orders/\(Self.run)\($0)" })
            #expect(manifest.files.map(\.bucket) == ["a", "a", "b", "c", "c", "d", "d"])
            #expect(manifest.files.map(\.destination) == [0, 0, 1, 2, 2, 3, 3])
            #expect(text("orders/\(Self.run)") == "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n")
            #expect(text("orders/\(Self.run)-2-1970") == "{\"id\":\"3\"}\n")
            let bytes: [Int64] = [7, 5, 33, 22, 11, 22, 11]
            #expect(manifest.files.map(\.bytes) == bytes && manifest.figures.bytesWritten == bytes.reduce(0, +))
            #expect(manifest.figures.records == 3 && manifest.destinations.map(\.records) == [3, 3, 3, 3])
            #expect(store.calls.filter { $0.hasPrefix("begin a/") }.allSatisfy { $0.hasSuffix("text/csv") })
        }

        @Test func oneDestinationHasNoResultOfItsOwn() throws {
            var (output, transfer, _) = try make(["a"])
            let manifest = try stage(["id\n1\n"], output, &transfer)
            #expect(manifest.destinations.isEmpty && manifest.files.map(\.bucket) == ["a"])
        }

        @Test func aDestinationThatFailsForGoodFailsAlone() throws {
            store.faults = ["begin b/": .noSuchBucket]
            var (output, transfer, _) = try make(["a", "b", "c"], [["fileType": "CSV"]])
            let manifest = try stage(["id\n1\n", "id\n2\n"], output, &transfer)
            #expect(manifest.files.map(\.bucket) == ["a", "a", "c", "c"])
            #expect(manifest.destinations.map { $0.failure == nil } == [true, false, true])
            #expect(manifest.destinations[1].failure?.contains("NoSuchBucket") == true)
            #expect(manifest.figures.bytesWritten == 10 + 22)
        }

        /// What it has staged is thrown away at once, and no other's.
        @Test func whatAFailedDestinationHadStagedIsAborted() throws {
            store.faults = ["begin b/orders/\(Self.run)-2": .accessDenied]
            var (output, transfer, _) = try make(["a", "b"], [["fileType": "CSV"]])
            _ = try stage(["id\n1\n", "id\n2\n", "id\n3\n"], output, &transfer)
            #expect(store.calls.filter { $0.hasPrefix("abort") }.count == 1)
            #expect(store.calls.filter { $0.hasPrefix("begin b/") }.count == 1)
            #expect(store.calls.filter { $0.hasPrefix("begin a/") }.count == 3)
        }

        @Test func whereAllFailTheRunFails() throws {
            store.faults = ["begin": .noSuchBucket]
            var (output, transfer, _) = try make(["a", "b"])
            guard
                case .end(.error, RunFigures(), let message, let destinations)? = failure({
                    _ = try stage(["id\n1\n"], output, &transfer)
                })
            else {
                Issue.record("no end")
                return
            }
            #expect(message.contains("Destination 1 of 2 (s3://a)") && message.contains("Destination 2 of 2 (s3://b)"))
            #expect(destinations.allFailed && destinations.count == 2)
        }

        @Test func whatMayPassEndsTheAttemptUntilTheLast() throws {
            store.faults = ["part 1": .unreachable]
            var (output, transfer, _) = try make(["a", "b"], [["fileType": "CSV"], Self.single], failures: 1)
            guard case .retry? = failure({ _ = try stage(["id\n1\n", "id\n2\n"], output, &transfer) }) else {
                Issue.record("no retry")
                return
            }
            store.faults = ["part 1 of orders/\(Self.run)-1": .unreachable]
            (output, transfer, _) = try make(["a", "b"], [["fileType": "CSV"], Self.single], failures: 2)
            let manifest = try stage(["id\n1\n", "id\n2\n"], output, &transfer)
            #expect(manifest.files.map(\.bucket) == ["b"])
            #expect(manifest.destinations[0].failure?.contains("(gave up after 3 attempts)") == true)
        }

        /// A column that appears late has no place in the one CSV file, but in the other formats.
        @Test func aFormatThatCannotHoldTheRecordsFailsAlone() throws {
            let csv: JSONObject = ["fileType": "CSV", "aggregationConfig": ["aggregationType": "SingleFile"]]
            var (output, transfer, _) = try make(["a", "b"], [csv])
            let manifest = try stage(["id\n1\n", "id,b\n2,3\n"], output, &transfer)
            #expect(manifest.files.map(\.bucket) == ["b", "b"])
            #expect(manifest.destinations[0].failure?.hasPrefix("The records cannot be written: ") == true)
        }

        @Test(arguments: [true, false]) func anInterruptionIsForAll(_ isCancel: Bool) throws {
            store.faults = ["begin b/": .cancelled]
            var (output, transfer, handle) = try make(["a", "b"])
            isCancel ? handle.cancel() : handle.yield()
            let result = failure { _ = try stage(["id\n1\n"], output, &transfer) }
            switch result {
            case .end(.canceled, _, _, []): #expect(isCancel)
            case .giveBack: #expect(!isCancel)
            default: Issue.record("\(String(describing: result))")
            }
        }

        /// CreateFlow refuses this where it can tell; a definition of an older version may hold it.
        @Test func destinationsOfOnePlaceAreRefused() throws {
            let result = failure { _ = try make(["a", "b", "a"]) }
            guard case .end(.error, _, let message, _) = result else {
                Issue.record("\(String(describing: result))")
                return
            }
            #expect(message == "Destinations 1 and 3 of the flow write to the same place: s3://a/orders/")
        }
    }
}
