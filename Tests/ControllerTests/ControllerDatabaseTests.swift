// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Tests on the shared database take turns.
@Suite(.serialized) struct ControllerDatabaseTests {}

let testDatabase = TestDatabase("controller_tests", migrated: true)
