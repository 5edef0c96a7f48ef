// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPServer

struct RequestPartsTests {
    private func target(_ text: String) -> RequestTarget? {
        Array(text.utf8).withUnsafeBufferPointer { RequestTarget($0) }
    }

    @Test(arguments: ["", "*", "a", "/a b", "/a#b", "/\u{7F}", "/é", "http://", "http:///x", "ftp://h/x", "http:/x"])
    func `A malformed target is refused`(text: String) {
        #expect(target(text) == nil)
    }

    @Test(arguments: [("/", "/", ""), ("/a?b?c", "/a", "b?c"), ("http://h", "/", ""), ("https://h/p?q", "/p", "q")])
    func `A target is split at its first question mark`(text: String, path: String, query: String) {
        #expect(target(text)?.path == path)
        #expect(target(text)?.query == query)
    }

    @Test
    func `Identifiers are random UUIDs of version 4`() {
        let all = (0..<1000).map { _ in RequestIdentifier.next() }
        #expect(Set(all).count == 1000)
        for id in all {
            let parts = id.split(separator: "-")
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].first == "4")
            #expect(parts[3].first.map { "89ab".contains($0) } == true)
            #expect(id.allSatisfy { $0 == "-" || ($0.isHexDigit && !$0.isUppercase) })
        }
    }

    @Test
    func `Headers compare without case and only in ASCII`() {
        let headers = HTTPHeaders([("Content-Type", "a"), ("content-type", "b"), ("[", "c"), ("{", "d")])
        #expect(headers.get("CONTENT-TYPE") == "a")
        #expect(headers.all("content-TYPE") == ["a", "b"])
        // `[` and `{` differ in the bit that tells cases of letters apart.
        #expect(headers.get("{") == "d")
        #expect(headers.count == 4)
    }
}
