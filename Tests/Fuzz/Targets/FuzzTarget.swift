// SPDX-License-Identifier: Apache-2.0

/// What a fuzzer feeds: takes any bytes, and tells which promise the code broke on them. A crash or a hang is one, too,
/// that whoever feeds notices.
public enum FuzzTarget: String, Sendable, CaseIterable {
    /// The JSON parser, the request validator, the rules of flows and the router.
    case decoder
    /// The parsers and checks of signatures, bearer tokens and the credentials file.
    case signature

    /// Nil if all promises were kept.
    public func violation(_ input: [UInt8]) -> String? {
        switch self {
        case .decoder: DecoderTarget.violation(input)
        case .signature: SignatureTarget.violation(input)
        }
    }
}
