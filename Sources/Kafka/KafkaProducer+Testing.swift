// SPDX-License-Identifier: Apache-2.0
import CRdKafka

extension KafkaProducer {
    /// Makes the client report a fatal error, as it does when the order of its messages can no longer be told.
    func raiseFatalError() {
        rd_kafka_test_fatal_error(handle.pointer, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "raised by a test")
    }
}
