// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Kafka

extension KafkaTests {
    @Suite struct Configuration {
        private let endpoint = KafkaEndpoint(brokers: "127.0.0.1:1", epoch: "", embedded: false)

        private func failure(_ properties: [String: String], clientID: String = "test") -> String? {
            let configuration = KafkaConfiguration(brokers: "127.0.0.1:1", clientID: clientID, properties: properties)
            do throws(KafkaError) {
                let producer = try KafkaProducer(configuration, endpoint: endpoint, logger: quiet)
                producer.shutdown(deadlineMilliseconds: 1000)
                return nil
            } catch {
                #expect(!error.isRetriable)
                return error.description
            }
        }

        @Test func anUnknownPropertyIsNamed() {
            #expect(failure(["sasl.pasword": "x"])?.contains("there is no Kafka property sasl.pasword") == true)
        }

        @Test func aBadValueIsNotShown() {
            let text = failure(["security.protocol": "hunter2"])
            #expect(text?.contains("security.protocol") == true)
            #expect(text?.contains("hunter2") == false)
        }

        @Test(arguments: ["acks", "enable.idempotence", "bootstrap.servers", "plugin.library.paths", "dr_msg_cb"])
        func whatTheGuaranteesRestOnIsRefused(name: String) {
            #expect(failure([name: "1"])?.contains("cannot be changed") == true)
        }

        @Test func propertiesReachTheLibrary() {
            #expect(failure(["compression.type": "lz4", "linger.ms": "5"]) == nil)
            #expect(
                failure([
                    "security.protocol": "sasl_ssl", "sasl.mechanisms": "PLAIN", "sasl.username": "u",
                    "sasl.password": "p",
                ]) == nil)
            // Checked by librdkafka when the client is made.
            #expect(failure(["security.protocol": "ssl", "ssl.ca.location": "/nonexistent/ca.pem"]) != nil)
        }

        @Test func aLongClientIDIsRefused() {
            #expect(failure([:], clientID: String(repeating: "x", count: 201)) != nil)
            #expect(failure([:], clientID: String(repeating: "x", count: 200)) == nil)
        }
    }
}
