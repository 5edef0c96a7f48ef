// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON
import Records

@testable import Tasks

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func task(
    _ type: String, _ fields: [String], _ op: String? = nil, to destination: String? = nil,
    _ properties: [String: String] = [:]
) -> FlowTask {
    FlowTask(
        taskType: type, sourceFields: fields, connectorOperator: op.map { (key: "S3", op: $0) },
        destinationField: destination, properties: properties)
}

func map(_ source: String, _ destination: String) -> FlowTask { task("Map", [source], "NO_OP", to: destination) }

func filter(_ field: String, _ op: String, _ type: String, _ properties: [String: String]) -> FlowTask {
    task("Filter", [field], op, properties.merging(["DATA_TYPE": type]) { given, _ in given })
}

let mapAll = task("Map_all", [], "NO_OP")

struct Outcome {
    var output: String
    var counters: TransferCounters
}

/// Runs tasks over files, given in chunks of `step` bytes.
func run(
    _ tasks: [FlowTask], _ files: [String], _ input: InputFormat = .csv, _ output: OutputFormat = .jsonLines,
    step: Int = .max, limits: ParserLimits = ParserLimits()
) throws -> Outcome {
    var transfer = Transfer(plan: try TransferPlan(tasks: tasks, input: input, outputs: [output]), limits: limits)
    for (index, file) in files.enumerated() {
        transfer.beginInput(name: "file\(index + 1)")
        let all = bytes(file)
        var start = 0
        while start < all.count {
            let end = start + min(step, all.count - start)
            try Array(all[start..<end]).withUnsafeBytes { try transfer.consume($0) }
            start = end
        }
        try transfer.endInput()
    }
    try transfer.finish()
    return Outcome(output: String(decoding: transfer.takeOutput(), as: UTF8.self), counters: transfer.counters)
}

/// The values of one field of JSON Lines output.
func values(_ output: String, _ field: String = "id") throws -> [String?] {
    try output.split(separator: "\n").map { try JSONValue.parse(bytes(String($0)))[field]?.stringValue }
}

/// Three records with the odd values: negative, not a number, empty.
let people = """
    id,first,last,price,qty,phone,created
    1,Ann,Lee,10.5,2,5551234567,2022-02-01T00:00:00Z
    2,Bob,Ray,-3,0,12,2022-03-01T00:00:00Z
    3,Cy,,abc,5,,2022-04-01T00:00:00Z

    """
