// SPDX-License-Identifier: Apache-2.0

/// Why a list of tasks cannot be run.
public struct PlanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The task's place in the flow's list, from 0; nil if no single task is at fault.
    public let taskIndex: Int?
    public let reason: String

    public init(taskIndex: Int? = nil, _ reason: String) {
        self.taskIndex = taskIndex
        self.reason = reason
    }

    /// Counts tasks from 1.
    public var description: String { taskIndex.map { "task \($0 + 1): \(reason)" } ?? reason }
}
