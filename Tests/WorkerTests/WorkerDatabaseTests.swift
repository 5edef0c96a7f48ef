// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Tests on the shared database take turns.
@Suite(.serialized) struct WorkerDatabaseTests {}

let testDatabase = TestDatabase("worker_tests", migrated: true)
