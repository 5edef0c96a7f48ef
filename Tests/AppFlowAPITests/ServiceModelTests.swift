// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Testing

@testable import AppFlowAPI

@Suite struct ServiceModelTests {
    private let model = ServiceModel.shared

    @Test func everyLineIsReadable() {
        #expect(model.unreadable == [])
        #expect(model.shapes.count == 407)
        #expect(APIOperation.all.count == 25)
        #expect(APIOperation.all.map(\.name) == APIOperation.all.map(\.name).sorted())
    }

    @Test func operationsNameKnownShapesAndErrors() {
        for operation in APIOperation.all {
            #expect(model.shape(named: operation.inputShape) != nil)
            #expect(model.shape(named: operation.outputShape) != nil)
            #expect(!operation.errors.isEmpty)
            for error in operation.errors { #expect(model.errorStatuses[error] != nil, "\(error)") }
        }
    }

    @Test func errorStatusesAreTheModels() {
        #expect(model.errorStatuses.count == 10)
        for (code, status) in model.errorStatuses { #expect(APIError.status(of: code) == status, "\(code)") }
    }

    @Test func knowsTheFlowShapes() throws {
        let create = try #require(APIOperation.named("CreateFlow"))
        #expect(create.method == "POST")
        #expect(create.uri == "/create-flow")
        #expect(create.errors.contains("ConflictException"))
        let name = try #require(model.shape(named: "FlowName"))
        #expect(name.maximum == 256)
        #expect(name.pattern?.source == #"[a-zA-Z0-9][\w!@#.-]+"#)
        #expect(model.shape(named: "Password")?.isSensitive == true)
        #expect(model.shape(named: "S3ConnectorOperator")?.allowedSet.contains("CONTAINS") == false)
        #expect(APIOperation.named("DropFlow") == nil)
    }

    /// Compared with another engine, on texts made to be near the patterns. The look-ahead and the surrogate range are
    /// spelled alike in both dialects but for `.` and `$`, which the texts without line ends do not tell apart.
    @Test func patternsAgreeWithAnotherEngine() throws {
        let patterns = Set(model.shapes.compactMap { $0.pattern?.source })
        #expect(patterns.count == 28)
        let alphabet = Array("aZ09_-+=.:/@#!?, ~|&%<>;*$^()[]{}é中😀\t")
        var random = SplitMix(state: 42)
        var texts = [
            "", "a", "ab", "aws:tag", "aws", "xaws:", "com.amazonaws.vpce.us-east-1.vpce-svc-1", "com.amazonaws.vpce.",
            "https://a.example/x?y=z", "http://", "ftp://h/", "arn:aws:kms:us-east-1:123456789012:key/x",
            "arn:aws:kms:::",
            "arn:aws:appflow:eu-west-1:1:flow/f", "arn:aws:iam::123456789012:role/r",
            "arn:aws:secretsmanager:r:1:secret:s",
            "upsolver-appflow-bucket", "upsolver-appflo", "a.b.c", "a.b.", "a.b", "123", "12", "1234",
            "Google BigQuery",
        ]
        for _ in 0..<400 {
            let base = random.next(3) == 0 ? texts[random.next(20)] : ""
            texts.append(base + String((0..<random.next(8)).map { _ in alphabet[random.next(alphabet.count)] }))
        }
        for source in patterns where !source.contains("uD800") {
            let pattern = try #require(Pattern(source))
            // The other engine's \w knows all scripts, Java's only ASCII; the model has it inside brackets only.
            let ascii = source.replacing(#"\w"#, with: "a-zA-Z0-9_")
            let other = try NSRegularExpression(pattern: "^(?:\(ascii))$")
            for text in texts {
                let whole = NSRange(text.startIndex..., in: text)
                let expected = other.firstMatch(in: text, range: whole)?.range == whole
                #expect(pattern.matches(text) == expected, "\(source) on '\(text)'")
            }
        }
    }

    private struct SplitMix {
        var state: UInt64

        mutating func next(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
        }
    }
}
