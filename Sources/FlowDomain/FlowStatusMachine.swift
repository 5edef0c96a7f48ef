// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI

/// What starts a flow's runs: AppFlow's `TriggerType`.
public enum FlowTrigger: String, Sendable, CaseIterable {
    case onDemand = "OnDemand"
    case scheduled = "Scheduled"
    case event = "Event"
}

/// What happens to a flow and may change its status.
public enum FlowStatusEvent: Sendable, Hashable {
    /// StartFlow.
    case start
    /// StopFlow.
    case stop
    /// UpdateFlow with a definition of this trigger.
    case update(FlowTrigger)
    /// DeleteFlow, without and with `forceDelete`.
    case delete
    case forceDelete
    /// As many runs in a row failed as the flow allows.
    case fail

    public static let all: [FlowStatusEvent] =
        [.start, .stop] + FlowTrigger.allCases.map { .update($0) } + [.delete, .forceDelete, .fail]
}

/// What becomes of the flow.
public enum FlowStatusChange: Sendable, Hashable {
    /// The status from now on, maybe the same.
    case status(FlowStatus)
    /// The status stays, and a run begins.
    case run
    /// The flow is gone.
    case removed
    /// ConflictException: it is active, and only force deletes it.
    case needsForce
    /// ConflictException: a flow in this status is out of use.
    case outOfUse
    /// UnsupportedOperationException: there is nothing to stop.
    case unsupported
}

/// The statuses of flows and how they change: a total function of trigger, status and event. `docs/flow-status.md`
/// tabulates it, and a test holds both together.
public enum FlowStatusMachine {
    /// The status of a flow that was created.
    public static func initial(_ trigger: FlowTrigger) -> FlowStatus { trigger == .onDemand ? .active : .draft }

    public static func change(
        _ trigger: FlowTrigger, _ status: FlowStatus, _ event: FlowStatusEvent
    ) -> FlowStatusChange {
        // Statuses of AppFlow's that nothing here leads to; who finds a flow in one can only delete it.
        let isOutOfUse = status == .deprecated || status == .deleted
        switch event {
        case .start:
            if isOutOfUse { return .outOfUse }
            // On-demand flows run whatever their status says (CloudFormation, FlowStatus).
            return trigger == .onDemand ? .run : .status(.active)
        case .stop:
            if trigger == .onDemand { return .unsupported }
            if isOutOfUse { return .outOfUse }
            return .status(status == .active ? .suspended : status)
        case .update(let new):
            if isOutOfUse { return .outOfUse }
            return .status(new == trigger ? status : initial(new))
        case .delete:
            return trigger != .onDemand && status == .active ? .needsForce : .removed
        case .forceDelete:
            return .removed
        case .fail:
            return .status(trigger != .onDemand && status == .active ? .suspended : status)
        }
    }
}

extension FlowRecord {
    /// The trigger of its definition; what is stored has passed the model's enum.
    var trigger: FlowTrigger { FlowTrigger(rawValue: triggerType) ?? .onDemand }

    /// Follows an event as far as the status goes.
    /// - Returns: what else it means.
    /// - Throws: the refusal as the client sees it.
    mutating func follow(_ event: FlowStatusEvent) throws(APIError) -> FlowStatusChange {
        let change = FlowStatusMachine.change(trigger, status, event)
        switch change {
        case .status(let next):
            // The message tells why the flow was suspended: it goes with that.
            if next != status || event == .start { statusMessage = nil }
            status = next
        case .run, .removed:
            break
        case .needsForce:
            throw .conflict(
                "Conflict executing request: Flow is in active state, please set forceDelete to true or deactivate "
                    + "the flow: \(name)")
        case .outOfUse:
            throw .conflict("Conflict executing request: Flow \(name) is in \(status.rawValue) state.")
        case .unsupported:
            throw .unsupported("Flow \(name) has the trigger type \(triggerType): there is nothing to stop.")
        }
        return change
    }
}
