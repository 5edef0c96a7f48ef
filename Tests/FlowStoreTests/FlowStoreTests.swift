// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// All tests of the store share one database, so they take turns.
@Suite(.serialized) struct FlowStoreTests {}

let testDatabase = TestDatabase("flow_store_tests", migrated: true)
