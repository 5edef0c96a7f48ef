// SPDX-License-Identifier: Apache-2.0
public import AppFlowAPI
internal import JSON
public import Records

/// A flow's tasks, compiled: which fields are read, which records are kept, which fields are written. Immutable.
///
/// Filters apply in order and all must match. Output fields come in the order of the Map tasks; a Map_all puts in, at its
/// own place, every field of the source that it does not exclude and no Map writes under the same name, in the order of
/// the source. A PROJECTION narrows Map_all; fields that a Map or a filter names are read in any case.
public final class TransferPlan: Sendable {
    public let input: InputFormat
    /// The format of each output; all get the same records.
    public let outputs: [OutputFormat]
    let selection: FieldSelection
    let filters: [RecordFilter]
    private let steps: [Step]

    private enum Step {
        case field(source: [UInt8], name: [UInt8])
        case allFields
    }
    /// What Map_all leaves out, and to what a projection narrows it.
    private let excluded: Set<[UInt8]>
    private let projected: Set<[UInt8]>?

    /// - Throws: what is wrong with a task; a task type that this plan does not know is named.
    public init(tasks: [FlowTask], input: InputFormat, outputs: [OutputFormat]) throws(PlanError) {
        var filters: [RecordFilter] = []
        var steps: [Step] = []
        var excluded: Set<[UInt8]> = []
        var projected: Set<[UInt8]>?
        var needed: Set<[UInt8]> = []
        var written: Set<[UInt8]> = []
        var mapsAll = false
        for (index, task) in tasks.enumerated() {
            switch task.taskType {
            case "Filter" where task.operatorName == "PROJECTION":
                if projected != nil { throw PlanError(taskIndex: index, "there is more than one projection") }
                projected = Set(task.sourceFields.map { Array($0.utf8) })
            case "Filter":
                let filter = try FilterCompiler.compile(task, at: index)
                needed.insert(filter.field)
                filters.append(filter)
            case "Map":
                let (source, name) = try Self.map(task, index)
                guard written.insert(name).inserted else {
                    throw PlanError(taskIndex: index, "the destination field is already written by another Map task")
                }
                needed.insert(source)
                steps.append(.field(source: source, name: name))
            case "Map_all":
                if mapsAll { throw PlanError(taskIndex: index, "there is more than one Map_all task") }
                mapsAll = true
                excluded = try Self.exclusions(task, index)
                steps.append(.allFields)
            default:
                throw PlanError(taskIndex: index, "the task type \(task.taskType) is not known")
            }
        }
        self.input = input
        self.outputs = outputs
        self.filters = filters
        self.steps = steps
        self.excluded = excluded.union(written)
        self.projected = projected
        if !mapsAll {
            selection = .only(needed)
        } else if let projected {
            selection = .only(projected.subtracting(self.excluded).union(needed))
        } else {
            selection = .all(except: self.excluded.subtracting(needed))
        }
    }

    /// Whether records are written at all: without a Map or Map_all nothing is, as in AppFlow.
    var writesRecords: Bool { !steps.isEmpty }

    /// The output's fields for the columns that are known.
    func fields(for schema: RecordSchema) -> [OutputField] {
        var positions: [[UInt8]: Int] = [:]
        for (position, name) in schema.names.enumerated() { positions[name] = position }
        var fields: [OutputField] = []
        for step in steps {
            switch step {
            case .field(let source, let name):
                fields.append(OutputField(name: name, column: positions[source], isOmittedWhenAbsent: false))
            case .allFields:
                for (position, name) in schema.names.enumerated()
                where !excluded.contains(name) && projected?.contains(name) != false {
                    fields.append(OutputField(name: name, column: position, isOmittedWhenAbsent: true))
                }
            }
        }
        return fields
    }

    private static func map(_ task: FlowTask, _ index: Int) throws(PlanError) -> (source: [UInt8], name: [UInt8]) {
        guard task.operatorName == "NO_OP" else {
            throw PlanError(taskIndex: index, "the operator \(task.operatorName) is not valid for a Map task")
        }
        guard task.sourceFields.count == 1 else {
            throw PlanError(taskIndex: index, "a Map task takes one source field, found \(task.sourceFields.count)")
        }
        guard let name = task.destinationField else {
            throw PlanError(taskIndex: index, "a Map task needs a destination field")
        }
        return (Array(task.sourceFields[0].utf8), Array(name.utf8))
    }

    /// EXCLUDE_SOURCE_FIELDS_LIST is a JSON array as text.
    private static func exclusions(_ task: FlowTask, _ index: Int) throws(PlanError) -> Set<[UInt8]> {
        guard task.operatorName == "NO_OP" else {
            throw PlanError(taskIndex: index, "the operator \(task.operatorName) is not valid for a Map_all task")
        }
        guard let text = task.properties["EXCLUDE_SOURCE_FIELDS_LIST"] else { return [] }
        let value = try? JSONValue.parse(Array(text.utf8))
        guard let names = value?.arrayValue?.map(\.stringValue), !names.contains(nil) else {
            throw PlanError(taskIndex: index, "EXCLUDE_SOURCE_FIELDS_LIST is not a JSON array of field names")
        }
        return Set(names.compactMap { $0.map { Array($0.utf8) } })
    }
}
