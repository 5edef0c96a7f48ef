// SPDX-License-Identifier: Apache-2.0
import JSON

/// What a run is about to make visible: the staged uploads of its output with everything needed to complete them. Storing
/// it is the point of no return; from then on any attempt only completes it.
public struct OutputManifest: Sendable, Equatable {
    public struct Part: Sendable, Equatable {
        public let number: Int
        public let etag: String

        public init(number: Int, etag: String) {
            self.number = number
            self.etag = etag
        }
    }

    public struct File: Sendable, Equatable {
        public let bucket: String
        public let key: String
        public let uploadID: String
        public let parts: [Part]

        public init(bucket: String, key: String, uploadID: String, parts: [Part]) {
            self.bucket = bucket
            self.key = key
            self.uploadID = uploadID
            self.parts = parts
        }
    }

    public let files: [File]
    public let figures: RunFigures
    /// What the run's record will say.
    public let message: String

    public init(files: [File], figures: RunFigures, message: String) {
        self.files = files
        self.figures = figures
        self.message = message
    }

    public func encoded() -> String {
        var object = JSONObject()
        object["files"] = .array(
            files.map { file in
                var entry = JSONObject()
                entry["bucket"] = .string(file.bucket)
                entry["key"] = .string(file.key)
                entry["upload"] = .string(file.uploadID)
                entry["parts"] = .array(
                    file.parts.map { .array([.number(JSONNumber($0.number)), .string($0.etag)]) })
                return .object(entry)
            })
        object["records"] = .number(JSONNumber(Int(figures.records)))
        object["bytesRead"] = .number(JSONNumber(Int(figures.bytesRead)))
        object["bytesWritten"] = .number(JSONNumber(Int(figures.bytesWritten)))
        object["message"] = .string(message)
        return JSONValue.object(object).serializedString()
    }

    public init(decoding text: String) throws(MessageError) {
        guard let value = try? JSONValue.parse(Array(text.utf8)) else { throw MessageError("the manifest is not JSON") }
        let fields = try MessageFields(value)
        var files: [File] = []
        for item in try fields.array("files") {
            let entry = try MessageFields(item)
            var parts: [Part] = []
            for part in try entry.array("parts") {
                guard let pair = part.arrayValue, pair.count == 2, let number = pair[0].intValue,
                    let etag = pair[1].stringValue
                else { throw MessageError("a part of the manifest is not a number and an ETag") }
                parts.append(Part(number: number, etag: etag))
            }
            files.append(
                File(
                    bucket: try entry.string("bucket"), key: try entry.string("key"),
                    uploadID: try entry.string("upload"), parts: parts))
        }
        self.files = files
        figures = RunFigures(
            records: try fields.int("records"), bytesRead: try fields.int("bytesRead"),
            bytesWritten: try fields.int("bytesWritten"))
        message = try fields.string("message")
    }
}
