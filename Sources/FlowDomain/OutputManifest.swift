// SPDX-License-Identifier: Apache-2.0
import JSON

/// What a run is about to make visible: the staged uploads of its output with everything needed to complete them. Storing
/// it is the point of no return; from then on any attempt only completes it.
///
/// Of a flow with several destinations it holds the files of all of them, and for each destination what is known so
/// far: a failure while it was staged, or how far an attempt came that could not complete everything.
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
        /// Its destination's place in the flow's list, from 0.
        public let destination: Int
        public let bytes: Int64
        /// Visible already.
        public fileprivate(set) var isComplete = false

        public init(
            bucket: String, key: String, uploadID: String, parts: [Part], destination: Int = 0, bytes: Int64 = 0
        ) {
            self.bucket = bucket
            self.key = key
            self.uploadID = uploadID
            self.parts = parts
            self.destination = destination
            self.bytes = bytes
        }
    }

    public private(set) var files: [File]
    /// In the flow's order; empty for a flow with one.
    public private(set) var destinations: [DestinationResult]
    /// Of the whole run, with the bytes that are staged.
    public let figures: RunFigures
    /// What the run's record will say when nothing failed.
    public let message: String

    public init(files: [File], destinations: [DestinationResult] = [], figures: RunFigures, message: String) {
        self.files = files
        self.destinations = destinations
        self.figures = figures
        self.message = message
    }

    /// Whether a file is still to be completed: it is not visible yet, and its destination has not failed.
    public func awaitsCompletion(_ place: Int) -> Bool {
        let file = files[place]
        return !file.isComplete && (destinations.isEmpty || destinations[file.destination].failure == nil)
    }

    /// Notes that a file is visible. Not kept of a flow with one destination, whose files are completed once more
    /// instead.
    public mutating func setComplete(_ place: Int) {
        if destinations.isEmpty { return }
        files[place].isComplete = true
        destinations[files[place].destination].bytesWritten += files[place].bytes
    }

    /// Notes that a destination failed for good: its other files stay as they are.
    public mutating func fail(destination: Int, _ message: String) {
        let left = files.filter { $0.destination == destination && !$0.isComplete }.count
        destinations[destination].fail(message, putFailures: Int64(left))
    }

    /// How the run ends once no file awaits completion.
    public var end: (state: RunState, figures: RunFigures, message: String) {
        guard let failures = destinations.failureMessage else { return (.successful, figures, message) }
        if destinations.allFailed { return (.error, RunFigures(), failures) }
        var figures = figures
        figures.bytesWritten = destinations.reduce(0) { $0 + $1.bytesWritten }
        return (.error, figures, failures)
    }

    public func encoded() -> String {
        var object = JSONObject()
        object["files"] = .array(files.map { .object(encoded($0)) })
        if !destinations.isEmpty { object["destinations"] = DestinationResult.json(destinations) }
        object["records"] = .number(JSONNumber(Int(figures.records)))
        object["bytesRead"] = .number(JSONNumber(Int(figures.bytesRead)))
        object["bytesWritten"] = .number(JSONNumber(Int(figures.bytesWritten)))
        object["message"] = .string(message)
        return JSONValue.object(object).serializedString()
    }

    private func encoded(_ file: File) -> JSONObject {
        var entry = JSONObject()
        entry["bucket"] = .string(file.bucket)
        entry["key"] = .string(file.key)
        entry["upload"] = .string(file.uploadID)
        entry["parts"] = .array(file.parts.map { .array([.number(JSONNumber($0.number)), .string($0.etag)]) })
        if !destinations.isEmpty {
            entry["destination"] = .number(JSONNumber(file.destination))
            entry["bytes"] = .number(JSONNumber(Int(file.bytes)))
            if file.isComplete { entry["complete"] = .bool(true) }
        }
        return entry
    }

    public init(decoding text: String) throws(MessageError) {
        guard let value = try? JSONValue.parse(Array(text.utf8)) else { throw MessageError("the manifest is not JSON") }
        let fields = try MessageFields(value)
        let known = try fields.optionalArray("destinations") ?? []
        destinations = try DestinationResult.decoded(known)
        var files: [File] = []
        for item in try fields.array("files") { files.append(try Self.file(item, destinations: known.count)) }
        self.files = files
        figures = RunFigures(
            records: try fields.int("records"), bytesRead: try fields.int("bytesRead"),
            bytesWritten: try fields.int("bytesWritten"))
        message = try fields.string("message")
    }

    private static func file(_ item: JSONValue, destinations: Int) throws(MessageError) -> File {
        let entry = try MessageFields(item)
        var parts: [Part] = []
        for part in try entry.array("parts") {
            guard let pair = part.arrayValue, pair.count == 2, let number = pair[0].intValue,
                let etag = pair[1].stringValue
            else { throw MessageError("a part of the manifest is not a number and an ETag") }
            parts.append(Part(number: number, etag: etag))
        }
        let destination = Int(try entry.optionalInt("destination") ?? 0)
        guard (0..<max(1, destinations)).contains(destination) else {
            throw MessageError("a file of the manifest has a destination that is not in it")
        }
        var file = File(
            bucket: try entry.string("bucket"), key: try entry.string("key"), uploadID: try entry.string("upload"),
            parts: parts, destination: destination, bytes: try entry.optionalInt("bytes") ?? 0)
        file.isComplete = item["complete"]?.boolValue ?? false
        return file
    }
}
