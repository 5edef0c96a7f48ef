// SPDX-License-Identifier: Apache-2.0
public import PostgreSQL

/// The guards that abort a transaction whose rows changed since they were read (`millrace_require` in the migrations).
public enum StoreGuard {
    /// SQLSTATE of a guard that failed.
    public static let sqlState = "MR001"

    /// Whether the transaction lost a race: nothing was written, and it can be tried again from freshly read rows.
    public static func lostRace(_ error: PostgresError) -> Bool {
        if error.sqlState == sqlState { return true }
        switch error.kind {
        case .serialization, .unique: return true
        default: return false
        }
    }
}
