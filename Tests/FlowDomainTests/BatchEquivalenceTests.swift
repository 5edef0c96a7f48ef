// SPDX-License-Identifier: Apache-2.0
import FlowDomain
import JSON
import Testing

/// Batching is an optimisation: it must never show.
@Suite struct BatchEquivalenceTests {
    @Test(arguments: 0..<250)
    func batchesLeaveWhatSingleCommandsLeave(_ seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        let steps = RandomSteps.make(count: 60, using: &random)
        var model = FlowModel()
        let predicted = steps.enumerated().map { model.take($0.element, number: $0.offset) }

        var single = MemoryStore()
        let singleOutcomes = try single.play(steps) { 1 }
        var batched = MemoryStore()
        let batchedOutcomes = try batched.play(steps) { Int.random(in: 1...12, using: &random) }

        // But for the moment at which a batch is applied.
        #expect(batchedOutcomes.mapValues(\.result) == singleOutcomes.mapValues(\.result))
        #expect(batched.summary == single.summary)
        for (number, prediction) in predicted.enumerated() {
            let outcome = singleOutcomes[number]
            switch prediction {
            case .nothing: #expect(outcome == nil, "step \(number)")
            case .failure(let code): #expect(outcome?.code == code, "step \(number)")
            case .success(let original):
                #expect(outcome?.response != nil, "step \(number): \(outcome?.message ?? "no outcome")")
                #expect(outcome?.response == singleOutcomes[original]?.response, "step \(number)")
            }
        }
        #expect(single.summary == model.summary)
        try single.checkRunOrder()
        try batched.checkRunOrder()
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What happens to a store: commands, and workers between them.
enum Step: Sendable {
    case command(Command)
    case worker(WorkerStep, pick: Int)

    enum WorkerStep: Sendable, CaseIterable { case claim, manifest, giveBack, end }
}

enum RandomSteps {
    static func make(count: Int, using random: inout SplitMix) -> [Step] {
        (0..<count).map { number in
            if Int.random(in: 0..<6, using: &random) == 0 {
                return .worker(
                    Step.WorkerStep.allCases.randomElement(using: &random) ?? .claim,
                    pick: Int.random(in: 0..<100, using: &random))
            }
            return .command(command(number, using: &random))
        }
    }

    private static func command(_ number: Int, using random: inout SplitMix) -> Command {
        let name = "flow\(Int.random(in: 0..<2, using: &random))"
        let operations = [
            "CreateFlow", "CreateFlow", "UpdateFlow", "UpdateFlow", "StartFlow", "StartFlow", "StartFlow",
            "CancelFlowExecutions", "CancelFlowExecutions", "DeleteFlow", "StopFlow", "TagResource", "UntagResource",
        ]
        let operation = operations.randomElement(using: &random) ?? "StartFlow"
        var input: JSONObject = ["flowName": .string(name)]
        switch operation {
        case "CreateFlow", "UpdateFlow":
            let kinds = ["OnDemand", "OnDemand", "OnDemand", "Scheduled"]
            input = Fixtures.input(
                name, trigger: kinds.randomElement(using: &random) ?? "OnDemand",
                mapped: Bool.random(using: &random) ? "id" : "price",
                destination: Int.random(in: 0..<8, using: &random) == 0 ? "Salesforce" : "S3",
                description: "number \(number)")
        case "CancelFlowExecutions" where Int.random(in: 0..<3, using: &random) == 0:
            input["executionIds"] = .array([.string(Fixtures.id(Int.random(in: 0..<60, using: &random)))])
        case "TagResource": input["tags"] = [["a", "b", "c"].randomElement(using: &random) ?? "a": "value"]
        case "UntagResource":
            input["tagKeys"] = .array([.string(["a", "b", "c"].randomElement(using: &random) ?? "a")])
        case "DeleteFlow" where Bool.random(using: &random): input["forceDelete"] = true
        default: break
        }
        let hasToken = Int.random(in: 0..<3, using: &random) == 0
        return Fixtures.command(
            number, operation, name, account: Bool.random(using: &random) ? "111111111111" : "222222222222",
            token: hasToken ? "token\(Int.random(in: 0..<3, using: &random))" : nil,
            digest: "digest\(Int.random(in: 0..<3, using: &random) / 2)",
            expiresAt: Int.random(in: 0..<12, using: &random) == 0 ? 0 : .max, input: input)
    }
}

/// What both the store and the model boil down to.
struct StoreSummary: Equatable {
    var flows: Set<String> = []
    var definitions: Set<String> = []
    var runs: Set<String> = []
    var history: Set<String> = []
    var tokens: Set<String> = []
}
