// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPServer
import Observability
import RoleSupport
import Threading

/// What a role offers to the process that runs it.
struct RunningRole {
    let readiness: @Sendable () -> [(name: String, ready: Bool, detail: String)]
    /// Tells the role to stop and waits for its end.
    let shutdown: (_ deadlineMilliseconds: Int) -> Void
}

/// Runs roles until SIGTERM or SIGINT: signals, health and metrics, and an orderly end within a deadline.
struct RoleProcess {
    /// Left of the deadline for each role that is still to stop.
    private static let leastMilliseconds = 1_000

    let logger: Logger
    let metrics = MetricsRegistry()

    /// Blocks the signals that end the process in this and all threads to come: `run` waits for them. A broken pipe is an
    /// error of its write, not the end of the process.
    static func prepareSignals() {
        signal(SIGPIPE, SIG_IGN)
        var signals = stopSignals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private static var stopSignals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }

    /// - Parameter roles: started already. They stop one after the other, in this order: whoever needs another to finish
    ///   comes before it.
    /// - Returns: the exit status: 0 when everything ended in time.
    func run(_ roles: [RunningRole], settings: Settings, metricsListen: Setting) throws -> Int32 {
        let deadline = try settings.integer(.shutdownSeconds, 1...3_600) * 1_000
        let address = try settings.address(metricsListen)
        let checks = roles.map { $0.readiness }
        let operations = OperationsServer(
            address: address.host, port: address.port, logger: logger, metrics: metrics
        ) {
            checks.flatMap { $0() }
        }
        do {
            try operations.start()
            logger.info("metrics listening", [.address: "\(address.host):\(operations.port)"])
        } catch {
            logger.error("no health and metrics: \(error)", [.address: "\(address.host):\(address.port)"])
            throw error
        }
        var signals = Self.stopSignals
        var number: Int32 = 0
        sigwait(&signals, &number)
        logger.info("stopping", [.signal: String(number)])
        let log = logger
        // Libraries may hang while a broker or a database is away: the process ends all the same.
        _ = NamedThread("shutdown-limit") {
            StopSignal().wait(milliseconds: deadline + 5_000)
            log.error("the stop took too long")
            _exit(1)
        }
        // One deadline for all: what one role needs is missing to the next.
        let end = MonotonicClock.milliseconds + deadline
        for (index, role) in roles.enumerated() {
            let kept = (roles.count - 1 - index) * Self.leastMilliseconds
            role.shutdown(max(Self.leastMilliseconds, end - MonotonicClock.milliseconds - kept))
        }
        operations.stop()
        logger.info("stopped")
        return 0
    }
}
