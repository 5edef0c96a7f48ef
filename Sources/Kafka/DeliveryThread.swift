// SPDX-License-Identifier: Apache-2.0
import CRdKafka
import Synchronization
import Threading

/// Serves the delivery reports of a producer. It blocks inside librdkafka, which wakes it at once when a report is there.
final class DeliveryThread: Sendable {
    private final class Stop: Sendable {
        let requested = Atomic<Bool>(false)
    }

    private let stop = Stop()
    private let thread: NamedThread

    init(_ handle: ClientHandle) {
        let stop = stop
        thread = NamedThread("kafka-delivery") {
            while !stop.requested.load(ordering: .acquiring) { rd_kafka_poll(handle.pointer, 100) }
            rd_kafka_poll(handle.pointer, 0)
        }
    }

    /// Makes the thread end soon; `handle` must still live.
    func stop(_ handle: ClientHandle) {
        stop.requested.store(true, ordering: .releasing)
        let queue = rd_kafka_queue_get_main(handle.pointer)
        rd_kafka_queue_yield(queue)
        rd_kafka_queue_destroy(queue)
    }

    func join() { thread.join() }
}
