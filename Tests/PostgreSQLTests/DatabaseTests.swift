// SPDX-License-Identifier: Apache-2.0
import Testing

/// Everything that talks to the server: one test at a time, because some restart it.
@Suite(.serialized)
struct DatabaseTests {}
