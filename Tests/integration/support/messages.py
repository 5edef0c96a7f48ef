# SPDX-License-Identifier: Apache-2.0
"""Reads and writes Kafka topics beside Millrace: to look for dead letters, and to send messages a second time."""

import os
import random

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from .waiting import wait_until


def bootstrap_of(broker):
    """host:port for librdkafka; the embedded broker's differs from what KAFKA_BROKERS takes."""
    return getattr(broker, "address", None) or broker.bootstrap


def partitions_of(broker, topic):
    """Partition numbers of a topic that exists, else none; asking never creates it."""
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap_of(broker), "log_level": 0})
    known = admin.list_topics(timeout=10).topics.get(topic)
    return sorted(known.partitions) if known and not known.error else []


def read_all(broker, topic, timeout=20):
    """Every message that a topic holds now, oldest first within each partition."""
    partitions = partitions_of(broker, topic)
    if not partitions:
        return []
    consumer = Consumer({
        "bootstrap.servers": bootstrap_of(broker), "group.id": "tests-reader", "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10, "log_level": 0,
    })
    try:
        open_ends, starts = {}, []
        for partition in partitions:
            low, high = _watermarks(consumer, TopicPartition(topic, partition))
            if high > low:
                open_ends[partition] = high
                starts.append(TopicPartition(topic, partition, low))
        if not starts:
            return []
        consumer.assign(starts)
        messages = []

        def drained():
            for message in consumer.consume(1000, timeout=0.2):
                if message.error():
                    raise KafkaException(message.error())
                messages.append(message)
                if message.offset() + 1 >= open_ends.get(message.partition(), 0):
                    open_ends.pop(message.partition(), None)
            return not open_ends

        wait_until(drained, timeout, lambda: f"the end of {topic}: {open_ends} left", interval=0)
        return messages
    finally:
        consumer.close()


def _watermarks(consumer, partition):
    """(first, next) offset; a broker that has just started may lead its partitions only a moment later."""
    found = []

    def ask():
        try:
            found.append(consumer.get_watermark_offsets(partition, timeout=5))
        except KafkaException as error:
            if not error.args[0].retriable() and error.args[0].name() != "NOT_LEADER_FOR_PARTITION":
                raise
        return found

    return wait_until(ask, 20, f"a leader of {partition}", interval=0.1)[0]


def publish_again(broker, messages, seed):
    """Sends messages once more, shuffled, each with its key, headers and value to its own partition."""
    again = list(messages)
    random.Random(seed).shuffle(again)
    producer = Producer({"bootstrap.servers": bootstrap_of(broker), "acks": "all", "log_level": 0})
    failures = []
    for message in again:
        producer.produce(
            message.topic(), value=message.value(), key=message.key(), headers=message.headers(),
            partition=message.partition(), on_delivery=lambda error, _: error and failures.append(error))
        producer.poll(0)
    assert producer.flush(20) == 0 and not failures, failures
    return len(again)


def dead_letters(cluster):
    """What Millrace could not apply, as text for a failure's report."""
    return [f"{dict(message.headers() or [])} {(message.value() or b'')[:500]!r}"
            for message in read_all(cluster.broker, f"{cluster.topic_prefix}dead-letters")]


def seed():
    """MILLRACE_TEST_SEED, or a new one; tests print it so that a failure can be repeated."""
    value = int(os.environ.get("MILLRACE_TEST_SEED") or random.SystemRandom().randrange(1 << 31))
    print(f"MILLRACE_TEST_SEED={value}")
    return value
