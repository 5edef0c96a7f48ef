// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Everything that talks to the server: one test at a time, because they share a database.
@Suite(.serialized) struct DatabaseTests {}

let testDatabase = TestDatabase("postgresql_tests", migrated: false)
