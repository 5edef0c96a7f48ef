// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON

/// What the rules of the flow store mean, told once more and as shortly as possible.
struct FlowModel {
    enum Prediction {
        case nothing
        /// The answer is that of the step with this number: its own, or that of the request it repeats.
        case success(Int)
        case failure(String)
    }

    private struct Flow {
        let uuid: String
        var version = 1
        var revision = 1
        var schema = 1
        var mapped: String
        var trigger: String
        let destination: String
        var description: String
        var tags: Set<String> = []
        var status: String
    }

    private struct Run {
        let flow: String
        let revision: Int
        var state = "Queued"
        var attempt = 0
        var isPublishing = false
    }

    private var flows: [String: Flow] = [:]
    private var definitions: [String: [Int: String]] = [:]
    private var runs: [String: Run] = [:]
    private var history: [String: String] = [:]
    private var tokens: [String: (digest: String, step: Int)] = [:]

    mutating func take(_ step: Step, number: Int) -> Prediction {
        switch step {
        case .worker(let step, let pick):
            work(step, pick)
            return .nothing
        case .command(let command):
            if command.expiresAt == 0 { return .nothing }
            let scope = command.operation == "StartFlow" ? command.flowName : ""
            let key = command.token.map { "\(command.account) \(command.operation) \(scope) \($0)" }
            if let key, let known = tokens[key] {
                let isStart = command.operation == "StartFlow"
                let trigger = flows["\(command.account)/\(command.flowName)"]?.trigger ?? "OnDemand"
                let isSame = known.digest == command.digest || isStart && trigger == "OnDemand"
                return isSame ? .success(known.step) : .failure("ConflictException")
            }
            if let code = perform(command) { return .failure(code) }
            if let key { tokens[key] = (command.digest, number) }
            return .success(number)
        }
    }

    /// - Returns: the code of the error; nil for success.
    private mutating func perform(_ command: Command) -> String? {
        let place = "\(command.account)/\(command.flowName)"
        let input = JSONValue.object(command.input)
        let mapped = input["tasks"]?.arrayValue?.first?["destinationField"]?.stringValue ?? ""
        let trigger = input["triggerConfig"]?["triggerType"]?.stringValue ?? ""
        let destination = input["destinationFlowConfigList"]?.arrayValue?.first?["connectorType"]?.stringValue ?? ""
        let description = input["description"]?.stringValue ?? "-"
        if command.operation == "CreateFlow" {
            if flows[place] != nil { return "ConflictException" }
            flows[place] = Flow(
                uuid: command.id, mapped: mapped, trigger: trigger, destination: destination, description: description,
                status: trigger == "OnDemand" ? "Active" : "Draft")
            definitions[command.id] = [1: description]
            return nil
        }
        guard var flow = flows[place] else { return "ResourceNotFoundException" }
        let run = runs.first { $0.value.flow == flow.uuid }?.key
        switch command.operation {
        case "UpdateFlow":
            if destination != flow.destination { return "ValidationException" }
            flow.version += 1
            flow.revision += 1
            if flow.trigger != trigger { flow.status = trigger == "OnDemand" ? "Active" : "Draft" }
            if mapped != flow.mapped { flow.schema += 1 }
            flow.mapped = mapped
            flow.trigger = trigger
            flow.description = description
            flows[place] = flow
            definitions[flow.uuid]?[flow.revision] = description
        case "StartFlow":
            if flow.trigger != "OnDemand" {
                set(place, flow) { $0.status = "Active" }
                return nil
            }
            if run != nil { return "ConflictException" }
            runs[command.id] = Run(flow: flow.uuid, revision: flow.revision)
        case "StopFlow":
            if flow.trigger == "OnDemand" { return "UnsupportedOperationException" }
            set(place, flow) { if $0.status == "Active" { $0.status = "Suspended" } }
        case "TagResource":
            set(place, flow) { $0.tags.formUnion(command.input["tags"]?.objectValue?.keys ?? []) }
        case "UntagResource":
            set(place, flow) { $0.tags.subtract((input["tagKeys"]?.arrayValue ?? []).compactMap(\.stringValue)) }
        case "CancelFlowExecutions":
            if let run, command.input["executionIds"].map({ $0.arrayValue == [.string(run)] }) ?? true { cancel(run) }
        default:
            if flow.trigger != "OnDemand" && flow.status == "Active" && input["forceDelete"] == nil {
                return "ConflictException"
            }
            if let run { cancel(run) }
            flows[place] = nil
            definitions[flow.uuid] = nil
        }
        return nil
    }

    /// A change besides the definition: of the version alone, and only if it is one.
    private mutating func set(_ place: String, _ old: Flow, _ change: (inout Flow) -> Void) {
        var flow = old
        change(&flow)
        if flow.status != old.status || flow.tags != old.tags { flow.version += 1 }
        flows[place] = flow
    }

    private mutating func cancel(_ id: String) {
        guard let run = runs[id], !run.isPublishing else { return }
        if run.state == "Queued" {
            runs[id] = nil
            history[id] = "Canceled"
        } else {
            runs[id]?.state = "CancelStarted"
        }
    }

    private mutating func work(_ step: Step.WorkerStep, _ pick: Int) {
        let ids = runs.keys.sorted()
        if ids.isEmpty { return }
        let id = ids[pick % ids.count]
        guard var run = runs[id] else { return }
        switch (step, run.state) {
        case (.claim, "Queued"):
            run.state = "InProgress"
            run.attempt += 1
        case (.manifest, "InProgress"): run.isPublishing = true
        case (.giveBack, "InProgress"): run.state = "Queued"
        case (.end, "InProgress"), (.end, "CancelStarted"):
            history[id] = run.state == "CancelStarted" ? "Canceled" : "Successful"
            runs[id] = nil
            return
        default: return
        }
        runs[id] = run
    }

    var summary: StoreSummary {
        var summary = StoreSummary()
        for (place, flow) in flows {
            summary.flows.insert(
                "\(place) \(flow.uuid) v\(flow.version) r\(flow.revision) s\(flow.schema) \(flow.status) "
                    + "\(flow.trigger) \(flow.description) \(flow.tags.sorted())")
        }
        for (uuid, revisions) in definitions {
            for (revision, description) in revisions {
                summary.definitions.insert("\(uuid) r\(revision) \(description)")
            }
        }
        for (id, run) in runs {
            summary.runs.insert(
                "\(id) of \(run.flow) r\(run.revision) \(run.state) \(run.attempt) \(run.isPublishing)")
        }
        for (id, state) in history { summary.history.insert("\(id) \(state)") }
        summary.tokens = Set(tokens.keys)
        return summary
    }
}
