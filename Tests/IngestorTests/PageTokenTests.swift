// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Ingestor

@Suite struct PageTokenTests {
    let tokens = PageToken(secret: "a secret that all instances share")

    @Test(arguments: ["", "orders", "1700000000000000/00000000-0000-4000-8000-000000000001", "\u{1F600}/ü"])
    func comesBack(_ position: String) {
        let token = tokens.make(position, list: "ListFlows/1")
        #expect(tokens.read(token, list: "ListFlows/1") == position)
        #expect(PageToken(secret: "a secret that all instances share").read(token, list: "ListFlows/1") == position)
        #expect(token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }

    @Test func everyChangeIsNoticed() {
        let token = Array(tokens.make("orders", list: "ListFlows/1").utf8)
        for index in token.indices {
            for byte in Array("0123456789abcdefg\u{ff}".utf8) where byte != token[index] {
                var changed = token
                changed[index] = byte
                #expect(tokens.read(String(decoding: changed, as: UTF8.self), list: "ListFlows/1") == nil)
            }
        }
        for count in token.indices {
            #expect(tokens.read(String(decoding: token.prefix(count), as: UTF8.self), list: "ListFlows/1") == nil)
        }
        let text = String(decoding: token, as: UTF8.self)
        for longer in [text + "0", text + "00", "00" + text, text + text] {
            #expect(tokens.read(longer, list: "ListFlows/1") == nil)
        }
    }

    @Test func aTokenIsGoodForItsListAlone() {
        let token = tokens.make("orders", list: "ListFlows/1")
        for list in ["ListFlows/2", "ListFlows/", "DescribeFlowExecutionRecords/1/x", ""] {
            #expect(tokens.read(token, list: list) == nil)
        }
        #expect(PageToken(secret: "another").read(token, list: "ListFlows/1") == nil)
    }

    /// What ends the list's name and begins the position must not be movable.
    @Test func listAndPositionAreToldApart() {
        let token = tokens.make("b", list: "a")
        #expect(tokens.read(tokens.make("", list: "ab"), list: "a") == nil)
        #expect(tokens.read(token, list: "ab") == nil)
    }

    @Test(arguments: [
        "", "x", "zz", "0", "00", "%%%", String(repeating: "0", count: 32), String(repeating: "f", count: 99),
    ])
    func nonsenseIsNoToken(_ text: String) { #expect(tokens.read(text, list: "ListFlows/1") == nil) }
}
