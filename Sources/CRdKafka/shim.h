// SPDX-License-Identifier: Apache-2.0
// Only what Swift cannot import by itself: see the bridge target for use.
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// rd_kafka_producev is variadic, which Swift does not import, and its array twin needs a 72-byte union per argument.
// The value and the key are copied; the headers belong to librdkafka afterwards, unless an error is returned.
static inline rd_kafka_resp_err_t millrace_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const void *value,
                                                   size_t value_size, const void *key, size_t key_size,
                                                   rd_kafka_headers_t *headers, void *opaque) {
    return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_KEY((void *)key, key_size),
                             RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

// Absent from librdkafka 2.0, whose mock cluster always waits 3 s for a group's first members.
extern void rd_kafka_mock_group_initial_rebalance_delay_ms(rd_kafka_mock_cluster_t *cluster, int32_t delay_ms)
    __attribute__((weak));

static inline void millrace_mock_group_delay(rd_kafka_mock_cluster_t *cluster, int32_t milliseconds) {
    if (rd_kafka_mock_group_initial_rebalance_delay_ms)
        rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, milliseconds);
}
