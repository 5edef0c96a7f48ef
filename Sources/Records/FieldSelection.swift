// SPDX-License-Identifier: Apache-2.0

/// Which fields of its input a parser turns into cells; all others are checked and skipped.
public enum FieldSelection: Sendable, Equatable {
    /// These only.
    case only(Set<[UInt8]>)
    /// Every field that turns up but these.
    case all(except: Set<[UInt8]>)

    func contains(_ name: [UInt8]) -> Bool {
        switch self {
        case .only(let names): names.contains(name)
        case .all(let except): !except.contains(name)
        }
    }
}
