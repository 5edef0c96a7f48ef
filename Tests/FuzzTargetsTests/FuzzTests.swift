// SPDX-License-Identifier: Apache-2.0
import Foundation
import FuzzTargets
import Testing

/// The bounded part of fuzzing: every input of the corpus, and thousands made from them, always the same ones. What
/// `make fuzz` finds goes into the corpus and so stays found.
@Suite struct FuzzTests {
    private static let inputs = 10_000

    private func corpus(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz/corpus")
            .appending(path: target.rawValue)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `the corpus breaks no promise`(target: FuzzTarget) throws {
        let corpus = try corpus(target)
        #expect(corpus.count >= 10)
        for (name, bytes) in corpus {
            #expect(target.violation(bytes) == nil, "\(name)")
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `nothing made from the corpus breaks a promise`(target: FuzzTarget) throws {
        let corpus = try corpus(target).map(\.bytes)
        var mutator = Mutator(seed: 20_261_121)
        for number in 0..<Self.inputs {
            let input = mutator.next(corpus)
            if let violation = target.violation(input) {
                Issue.record("input \(number): \(violation): \(String(decoding: input.prefix(2000), as: UTF8.self))")
            }
        }
    }

    @Test func `the mutator makes many inputs, the same for a seed`() {
        let corpus = [Array("{\"flowName\":\"f\"}".utf8)]
        var (first, second) = (Mutator(seed: 1), Mutator(seed: 1))
        let made = (0..<100).map { _ in first.next(corpus) }
        #expect(Set(made).count > 50)
        #expect(made == (0..<100).map { _ in second.next(corpus) })
    }
}
