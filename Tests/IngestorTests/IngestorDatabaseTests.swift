// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Tests on the shared database take turns.
@Suite(.serialized) struct IngestorDatabaseTests {}

let testDatabase = TestDatabase("ingestor_tests", migrated: true)
