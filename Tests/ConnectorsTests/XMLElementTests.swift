// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Connectors

@Suite struct XMLElementTests {
    private func parse(_ text: String) -> XMLElement? { XMLElement.parse(Array(text.utf8)) }

    @Test func `elements, text and references`() throws {
        let root = try #require(
            parse(
                """
                \u{FEFF}<?xml version="1.0"?>
                <!-- a <comment> --><s3:Root xmlns:s3="urn:x" note='a > b "quoted"'>
                  <Text>a &lt;b&gt; &amp; &quot;c&apos; &#252;&#x2615;</Text>
                  <Data><![CDATA[<raw> & ]] ]]></Data><Empty/><Also attribute="/"></Also ><Twice>1</Twice><Twice>2</Twice>
                  <ü>ü<!-- inside -->x</ü>
                </s3:Root>
                """))
        #expect(root.name == "Root")
        #expect(root.text("Text") == "a <b> & \"c' ü☕")
        #expect(root.text("Data") == "<raw> & ]] ")
        #expect(root.text("Empty") == "")
        #expect(root.text("Also") == "")
        #expect(root.text("Twice") == "1")
        #expect(root.children.map(\.name) == ["Text", "Data", "Empty", "Also", "Twice", "Twice", "ü"])
        #expect(root.text("ü") == "üx")
        #expect(root.text("Absent") == nil)
        #expect(parse("<a/>")?.name == "a")
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a><b></a></b>", "</a>", "<a", "<a x=\"", "<a>&nope;</a>", "<a>&#xD800;</a>",
        "<a>&amp</a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a><![CDATA[</a>", "<a><!-- </a>", "< a/>",
        "x<a/>",
        "&lt;<a/>", "<a>&#99999999999;</a>", "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
    ])
    func `what is not well-formed, or not S3's`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func `bytes that are no UTF-8`() {
        #expect(XMLElement.parse(Array("<a>".utf8) + [0xc3, 0x28] + Array("</a>".utf8)) == nil)
        #expect(XMLElement.parse([0x3c, 0xff, 0x2f, 0x3e]) == nil)
    }
}
