// SPDX-License-Identifier: Apache-2.0
import CRdKafka

/// What kind of client librdkafka shall be.
enum ClientKind {
    case producer(messageTimeoutMilliseconds: Int, lingerMilliseconds: Int)
    case consumer(group: String)
    /// Metadata and topic creation only.
    case admin
    /// The client that hosts the mock cluster.
    case host

    var type: rd_kafka_type_t {
        if case .consumer = self { return RD_KAFKA_CONSUMER }
        return RD_KAFKA_PRODUCER
    }

    var label: String {
        switch self {
        case .producer: "producer"
        case .consumer: "consumer"
        case .admin: "admin"
        case .host: "broker"
        }
    }
}

/// The librdkafka properties of one client: ours, then the operator's.
struct ClientSettings {
    private var values: [(name: String, value: String)] = []

    /// Properties on which the guarantees rest, that have their own setting, or that load code.
    private static let reserved: Set<String> = [
        "bootstrap.servers", "metadata.broker.list", "client.id", "group.id", "group.instance.id", "enable.auto.commit",
        "enable.auto.offset.store", "auto.offset.reset", "enable.idempotence", "acks", "request.required.acks",
        "transactional.id", "partitioner", "partition.assignment.strategy", "enable.partition.eof", "opaque",
        "delivery.report.only.error", "log.queue", "plugin.library.paths", "test.mock.num.brokers", "group.protocol",
    ]

    init(_ kind: ClientKind, _ configuration: KafkaConfiguration, _ endpoint: KafkaEndpoint?) throws(KafkaError) {
        guard configuration.clientID.utf8.count <= 200 else {
            throw .configuration("the Kafka client id is longer than 200 bytes")
        }
        addCommon(configuration, endpoint)
        switch kind {
        case .producer(let timeout, let linger): addProducer(timeout, linger: linger)
        case .consumer(let group): addConsumer(group, embedded: endpoint?.embedded ?? false)
        case .admin, .host: break
        }
        for (name, value) in configuration.properties.sorted(by: { $0.key < $1.key }) {
            if ClientSettings.reserved.contains(name) || name.hasSuffix("_cb") {
                throw .configuration("the Kafka property \(name) is set by Millrace and cannot be changed")
            }
            values.append((name, value))
        }
    }

    private mutating func addCommon(_ configuration: KafkaConfiguration, _ endpoint: KafkaEndpoint?) {
        if let endpoint { values.append(("bootstrap.servers", endpoint.brokers)) }
        values += [
            ("client.id", configuration.clientID),
            ("message.max.bytes", "2097152"),
            ("socket.nagle.disable", "true"),
            ("socket.keepalive.enable", "true"),
            ("socket.timeout.ms", "10000"),
            ("socket.connection.setup.timeout.ms", "5000"),
            // A broker that comes back is found within a second, not ten.
            ("reconnect.backoff.ms", "50"),
            ("reconnect.backoff.max.ms", "1000"),
            ("log.connection.close", "false"),
        ]
    }

    private mutating func addProducer(_ timeout: Int, linger: Int) {
        values += [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            // By default what is waiting is sent together, and nothing waits to be.
            ("linger.ms", String(linger)),
            ("partitioner", "consistent_random"),
            ("message.timeout.ms", String(timeout)),
            ("queue.buffering.max.kbytes", "65536"),
            ("queue.buffering.max.messages", "100000"),
        ]
    }

    private mutating func addConsumer(_ group: String, embedded: Bool) {
        values += [
            ("group.id", group),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            // Out of range becomes an event, for the owner to decide and to raise an alarm.
            ("auto.offset.reset", "error"),
            // Eager; the embedded broker aborts when members of a group differ in this.
            ("partition.assignment.strategy", "range,roundrobin"),
            ("max.poll.interval.ms", "120000"),
            // librdkafka 2.0 looks at a full queue once a second, so these bound the rate of catching up, too.
            ("queued.max.messages.kbytes", "16384"),
            ("queued.min.messages", "50000"),
            ("fetch.max.bytes", "8388608"),
            ("fetch.error.backoff.ms", "100"),
        ]
        if embedded {
            // The mock cluster answers an empty fetch after the whole wait, whatever arrives meanwhile, and lets a
            // rebalance take the session timeout less a second.
            values += [
                ("fetch.wait.max.ms", "2"), ("session.timeout.ms", "2500"), ("heartbeat.interval.ms", "500"),
            ]
        } else {
            values += [
                ("fetch.wait.max.ms", "50"), ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1000"),
            ]
        }
    }

    /// A configuration object that the caller owns.
    func makeConfiguration() throws(KafkaError) -> OpaquePointer {
        guard let configuration = rd_kafka_conf_new() else { throw KafkaError(RD_KAFKA_RESP_ERR__FAIL) }
        for (name, value) in values {
            // librdkafka's own text may quote the value, which may be a secret: it is not passed on.
            switch rd_kafka_conf_set(configuration, name, value, nil, 0) {
            case RD_KAFKA_CONF_OK: continue
            case RD_KAFKA_CONF_UNKNOWN:
                rd_kafka_conf_destroy(configuration)
                throw .configuration("there is no Kafka property \(name)")
            default:
                rd_kafka_conf_destroy(configuration)
                throw .configuration("the Kafka property \(name) does not accept its value")
            }
        }
        return configuration
    }
}
