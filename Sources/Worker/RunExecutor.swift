// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Connectors
import FlowDomain
import FlowStore
import Glibc
import JSON
import Observability
import RoleSupport
import Threading

/// Executes claimed runs, one step at a time; one executor for each slot.
final class RunExecutor {
    /// How far an attempt has come.
    private enum Step {
        case finished(AttemptResult)
        case staged(OutputManifest)
    }

    private let configuration: WorkerConfiguration
    private let ledger: WriteLedger
    private let metrics: WorkerMetrics
    private let conclusion: RunConclusion
    private let logger: Logger
    private let stop: StopSignal
    /// One to read by and one to write by: each holds its own connection.
    private var reader: (any ObjectStore)?
    private var writer: (any ObjectStore)?

    init(
        configuration: WorkerConfiguration, ledger: WriteLedger, conclusion: RunConclusion, metrics: WorkerMetrics,
        logger: Logger, stop: StopSignal
    ) {
        self.configuration = configuration
        self.ledger = ledger
        self.conclusion = conclusion
        self.metrics = metrics
        self.logger = logger
        self.stop = stop
    }

    /// Executes a run up to its staged output, or to its end.
    /// - Parameters:
    ///   - staged: called on the ledger's thread once the manifest, the point of no return, is stored or refused; the
    ///     run is then to be published.
    ///   - done: called once the end is written, where there is nothing to publish.
    func execute(
        _ handle: RunHandle, staged: @escaping @Sendable (StagedRun) -> Void, done: @escaping @Sendable () -> Void
    ) {
        let began = MonotonicClock.nanoseconds
        switch attempt(handle) {
        case .finished(let result):
            metrics.seconds.observe(Double(MonotonicClock.nanoseconds - began) / 1e9)
            conclusion.conclude(handle, result, done: done)
        case .staged(let manifest):
            ledger.submit(
                .manifest(
                    runID: handle.run.runID, attempt: handle.run.attempt, manifest: manifest.encoded(),
                    figures: manifest.figures)
            ) { stored in
                staged(StagedRun(handle: handle, manifest: manifest, stored: stored, began: began))
            }
        }
    }

    /// Completes what was staged and hands the run's end to the ledger; `done` runs once that is written.
    func publish(_ run: StagedRun, done: @escaping @Sendable () -> Void) {
        let result: AttemptResult
        do {
            result = try publish(run)
        } catch {
            result = AttemptFailure(permanent: "The run's output cannot be completed: \(error)").result
        }
        metrics.seconds.observe(Double(MonotonicClock.nanoseconds - run.began) / 1e9)
        conclusion.conclude(run.handle, result, done: done)
    }

    private func publish(_ run: StagedRun) throws -> AttemptResult {
        let (handle, manifest) = (run.handle, run.manifest)
        switch run.stored {
        case .done, .ended:
            pauseForTests()
            return try complete(manifest, handle)
        case .cancelled:
            let (_, writer) = try stores(for: handle, isCancelled: handle.briefly())
            for file in manifest.files where !writer.isCancelled() {
                try? writer.abortUpload(bucket: file.bucket, key: file.key, uploadID: file.uploadID)
            }
            return .end(.canceled, manifest.figures, message: RunConclusion.canceledMessage)
        case .fenced:
            // Whether an earlier try of the write was committed is unknown: the uploads are left to the sweeper, which
            // spares those of a manifest.
            return .lost
        }
    }

    private func attempt(_ handle: RunHandle) -> Step {
        let run = handle.run
        do {
            if handle.isStale { return .finished(.lost) }
            if let text = run.manifest { return .finished(try complete(OutputManifest(decoding: text), handle)) }
            if run.state == .cancelStarted || handle.isCancelled {
                return .finished(.end(.canceled, RunFigures(), message: RunConclusion.canceledMessage))
            }
            // An attempt whose worker died counts as failed when it is taken over.
            if run.failures > 0,
                case .giveUp(let message) = configuration.attempts.afterFailure(
                    failures: run.failures, reason: run.lastError ?? "the run failed", jitter: 0)
            {
                return .finished(.end(.error, RunFigures(), message: message))
            }
            guard let text = run.definition else {
                return .finished(.end(.canceled, RunFigures(), message: "The flow was deleted."))
            }
            return try transfer(text, handle)
        } catch let failure as AttemptFailure {
            return .finished(failure.result)
        } catch let error as ObjectStoreError {
            if error.code == .cancelled { return .finished(.giveBack) }
            return .finished(AttemptFailure(error, at: .destination).result)
        } catch {
            return .finished(.end(.error, RunFigures(), message: "The run's plan cannot be read: \(error)"))
        }
    }

    private func transfer(_ definitionText: String, _ handle: RunHandle) throws -> Step {
        let definition: FlowDefinition
        do {
            definition = try FlowDefinition(stored: definitionText)
        } catch {
            throw AttemptFailure(permanent: "The flow's definition cannot be read: \(error)")
        }
        if let problem = RunSupport.problem(definition) { throw AttemptFailure(permanent: problem) }
        let (reader, writer) = try stores(for: handle) { handle.shouldStop }
        let output = try StagedOutput(
            definition, handle: handle, store: writer, uploads: UploadRecords(ledger: ledger, handle: handle),
            attempts: configuration.attempts)
        var transfer = try FlowTransfer(definition: definition, handle: handle, reader: reader, output: output)
        let manifest: OutputManifest
        do {
            manifest = try transfer.run()
        } catch {
            writer.isCancelled = handle.briefly()
            output.abort()
            throw error
        }
        handle.report(manifest.figures)
        if !manifest.files.isEmpty { return .staged(manifest) }
        if handle.isCancelled {
            return .finished(.end(.canceled, manifest.figures, message: RunConclusion.canceledMessage))
        }
        return .finished(
            .end(.successful, manifest.figures, message: manifest.message, destinations: manifest.destinations))
    }

    private func complete(_ manifest: OutputManifest, _ handle: RunHandle) throws -> AttemptResult {
        let (_, writer) = try stores(for: handle) { handle.isStale }
        return OutputPublisher(store: writer, handle: handle, attempts: configuration.attempts).complete(manifest)
    }

    private func stores(
        for handle: RunHandle, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> (any ObjectStore, any ObjectStore) {
        let reader = try reader ?? ObjectStoreFactory.make(configuration.objectStores, logger: logger)
        let writer = try writer ?? ObjectStoreFactory.make(configuration.objectStores, logger: logger)
        self.reader = reader
        self.writer = writer
        reader.isCancelled = isCancelled
        writer.isCancelled = isCancelled
        writer.uploadOwner = UploadOwner(runID: handle.run.runID, attempt: handle.run.attempt)
        return (reader, writer)
    }

    private func pauseForTests() {
        guard let path = configuration.pauseAfterManifest else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        let text = "\(getpid())\n"
        _ = text.withCString { write(file, $0, strlen($0)) }
        close(file)
        while access(path, F_OK) == 0 && !stop.isRaised { stop.wait(milliseconds: 20) }
    }
}
