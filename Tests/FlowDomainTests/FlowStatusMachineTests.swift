// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import FlowDomain

@Suite struct FlowStatusMachineTests {
    private static let words: [String: FlowStatusChange] = {
        var words: [String: FlowStatusChange] = [
            "run": .run, "removed": .removed, "force": .needsForce, "out of use": .outOfUse,
            "unsupported": .unsupported,
        ]
        for status in FlowStatus.allCases { words[status.rawValue] = .status(status) }
        return words
    }()

    private struct Cell {
        let trigger: FlowTrigger
        let status: FlowStatus
        let event: FlowStatusEvent
        let change: FlowStatusChange
    }

    /// The tables of docs/flow-status.md; columns are the events in the order of `FlowStatusEvent.all`.
    private static func documented() throws -> [Cell] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let document = folder.appendingPathComponent("../../docs/flow-status.md").standardized
        var trigger: FlowTrigger?
        var cells: [Cell] = []
        for line in try String(contentsOf: document, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("## ") { trigger = FlowTrigger(rawValue: String(line.dropFirst(3))) }
            guard let trigger, line.hasPrefix("| ") else { continue }
            let columns = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let status = FlowStatus(rawValue: columns[0]) else { continue }
            try #require(columns.count == FlowStatusEvent.all.count + 1, "\(line)")
            for (event, text) in zip(FlowStatusEvent.all, columns.dropFirst()) {
                let change = try #require(words[text], "\(line): \(text)")
                cells.append(Cell(trigger: trigger, status: status, event: event, change: change))
            }
        }
        return cells
    }

    @Test func everyTransitionIsAsTabulated() throws {
        let cells = try Self.documented()
        #expect(cells.count == FlowTrigger.allCases.count * FlowStatus.allCases.count * FlowStatusEvent.all.count)
        let places = Set(cells.map { "\($0.trigger) \($0.status) \($0.event)" })
        #expect(places.count == cells.count, "no pair is listed twice")
        for cell in cells {
            #expect(
                FlowStatusMachine.change(cell.trigger, cell.status, cell.event) == cell.change,
                "\(cell.trigger) \(cell.status) \(cell.event)")
        }
    }

    @Test func onlyOnDemandFlowsBeginActive() {
        #expect(FlowTrigger.allCases.map { FlowStatusMachine.initial($0) } == [.active, .draft, .draft])
    }
}
