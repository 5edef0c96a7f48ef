// SPDX-License-Identifier: Apache-2.0

/// The Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
enum MetricText {
    static func isName(_ name: String) -> Bool { isIdentifier(name, colon: true) }

    /// A label name; those with two leading underscores are Prometheus' own, `le` is the histogram's.
    static func isLabelName(_ name: String) -> Bool {
        isIdentifier(name, colon: false) && !name.hasPrefix("__") && name != "le"
    }

    static func appendHeader(name: String, help: String, kind: String, to text: inout String) {
        text += "# HELP \(name) "
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\n# TYPE \(name) \(kind)\n"
    }

    /// - Parameter extra: one more label, such as a bucket's bound.
    static func appendSample(
        _ name: String, labels: [String], values: [String], extra: (name: String, value: String)? = nil,
        _ sample: String, to text: inout String
    ) {
        text += name
        if !labels.isEmpty || extra != nil {
            var separator = "{"
            for (label, value) in zip(labels, values) {
                text += "\(separator)\(label)=\""
                appendLabelValue(value, to: &text)
                text += "\""
                separator = ","
            }
            if let extra { text += "\(separator)\(extra.name)=\"\(extra.value)\"" }
            text += "}"
        }
        text += " \(sample)\n"
    }

    /// A whole number without a fraction, anything else in its shortest exact form.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int(exactly: value) { return String(whole) }
        return String(value)
    }

    private static func appendLabelValue(_ value: String, to text: inout String) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isIdentifier(_ name: String, colon: Bool) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            case UInt8(ascii: ":"): colon
            default: false
            }
        }
    }
}
