// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// What uses a broker or the shared database: one test at a time.
@Suite(.serialized) struct RoleSupportTests {}

let testDatabase = TestDatabase("role_support_tests", migrated: true)
