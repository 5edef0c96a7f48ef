// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import Records
import Testing

@testable import Tasks

@Suite struct TransferPlanTests {
    static func problem(_ tasks: [FlowTask]) -> PlanError? {
        do throws(PlanError) {
            _ = try TransferPlan(tasks: tasks, input: .csv, outputs: [.jsonLines])
            return nil
        } catch {
            return error
        }
    }

    /// Tasks that cannot be run, each after one that can, and a word of what must be said.
    static let refused: [(FlowTask, String)] = [
        (task("Mask", ["a"], "MASK_ALL"), "Mask"), (task("Truncate", ["a"], "NO_OP"), "Truncate"),
        (task("Merge", ["a", "b"], "NO_OP"), "Merge"), (task("Partition", []), "Partition"),
        (task("Validate", ["a"], "VALIDATE_NUMERIC"), "Validate"),
        (task("Arithmetic", ["a", "b"], "ADDITION"), "Arithmetic"),
        (task("Passthrough", []), "Passthrough"), (task("Map_more", []), "Map_more"),
        (task("Map", ["a", "b"], "NO_OP", to: "x"), "one source field"),
        (task("Map", [], "NO_OP", to: "x"), "one source field"),
        (task("Map", ["a"], "NO_OP"), "destination"), (task("Map", ["a"], "MASK_ALL", to: "x"), "MASK_ALL"),
        (map("z", "first"), "already written"), (task("Filter", ["a"], "CONTAINS", ["VALUE": "x"]), "CONTAINS"),
        (task("Filter", ["a"]), "NO_OP"), (task("Filter", ["a", "b"], "EQUAL_TO", ["VALUE": "x"]), "one source field"),
        (task("Filter", ["a"], "EQUAL_TO"), "VALUE"),
        (filter("a", "LESS_THAN", "integer", ["VALUES": "1,2"]), "one value"),
        (filter("a", "EQUAL_TO", "integer", ["VALUES": "1,b"]), "integer"),
        (filter("a", "EQUAL_TO", "date", ["VALUE": "soon"]), "date"),
        (filter("a", "EQUAL_TO", "boolean", ["VALUE": "1"]), "boolean"),
        (filter("a", "BETWEEN", "integer", ["LOWER_BOUND": "1"]), "UPPER_BOUND"),
        (filter("a", "BETWEEN", "integer", ["LOWER_BOUND": "x", "UPPER_BOUND": "2"]), "LOWER_BOUND"),
        (task("Map_all", [], nil, ["EXCLUDE_SOURCE_FIELDS_LIST": "a,b"]), "EXCLUDE_SOURCE_FIELDS_LIST"),
        (task("Map_all", [], nil, ["EXCLUDE_SOURCE_FIELDS_LIST": "[1]"]), "EXCLUDE_SOURCE_FIELDS_LIST"),
        (task("Map_all", [], "ADDITION"), "ADDITION"),
    ]

    @Test(arguments: refused.indices) func refuses(_ index: Int) {
        let (bad, word) = Self.refused[index]
        let error = Self.problem([map("a", "first"), bad])
        #expect(error?.taskIndex == 1)
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix("task 2: ") == true)
    }

    @Test func refusesTwoOfAKind() {
        #expect(Self.problem([mapAll, mapAll])?.taskIndex == 1)
        let projection = task("Filter", ["a"], "PROJECTION")
        #expect(Self.problem([projection, projection])?.taskIndex == 1)
    }

    @Test func onlyNeededFieldsAreRead() throws {
        func selection(_ tasks: [FlowTask]) throws -> FieldSelection {
            try TransferPlan(tasks: tasks, input: .csv, outputs: [.csv]).selection
        }
        let keep = filter("f", "EQUAL_TO", "string", ["VALUE": "x"])
        let exclude = task("Map_all", [], nil, ["EXCLUDE_SOURCE_FIELDS_LIST": #"["f","g"]"#])
        #expect(try selection([keep, map("a", "x")]) == .only([bytes("f"), bytes("a")]))
        #expect(try selection([keep, exclude]) == .all(except: [bytes("g")]))
        #expect(try selection([map("a", "b"), mapAll]) == .all(except: [bytes("b")]))
        #expect(
            try selection([task("Filter", ["a", "g"], "PROJECTION"), exclude, keep]) == .only([bytes("a"), bytes("f")]))
    }
}
