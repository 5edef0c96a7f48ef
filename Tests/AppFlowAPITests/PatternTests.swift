// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AppFlowAPI

@Suite struct PatternTests {
    @Test(arguments: [
        (#"\S+"#, ["a", "é", "a.b"], ["", "a b", "a\t", "\n"]),
        (".*", ["", "a b", "\u{0}"], ["a\nb", "\r", "\u{85}", "\u{2028}"]),
        (#"[a-zA-Z0-9][\w!@#.-]+"#, ["ab", "0-", "a_b.c#@!"], ["a", "-a", "a b", "aé", "ab\n"]),
        (
            #"^(?!aws:)[a-zA-Z+-=._:/]+$"#, ["a", "aws", "awsx:", "xaws:", "0,;<=", "a/b"],
            ["", "aws:", "aws:x", "a b", ">"]
        ),
        (#"[\s\w+-=\.:/@]*"#, ["", "a b\n", "+,-./0:;<="], ["#", ">", "!"]),
        (
            #"^$|com.amazonaws.vpce.[\w/!:@#.\-]+"#, ["", "com.amazonaws.vpce.x", "comXamazonawsYvpce!x-"],
            ["com", "x"]
        ),
        (#"^\d{3}$"#, ["000", "999"], ["", "12", "1234", "12a", "١٢٣"]),
        (
            #"^(https?|ftp)://[a-z]*[a-y]"#, ["http://a", "https://zza", "ftp://y"],
            ["http://", "https://az", "httpx://a"]
        ),
        (#"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*"#, ["", " é😀\t\u{10FFFF}"], ["\n", "\u{1F}"]),
        ("a{2,3}b?", ["aa", "aaab"], ["a", "aaaa", "aab b"]), ("a{2,}", ["aa", "aaaaa"], ["a", ""]),
        ("(ab)*c", ["c", "ababc"], ["ab", "abac"]), ("(a|b*)+", ["", "abba"], ["c"]),
        ("[^ab]", ["c", "é"], ["a", "cc"]),
        (#"\."#, ["."], ["a"]), (#"[]a]+"#, ["]a"], ["b"]), (#"[a\]]+"#, ["]a"], ["b"]), (#"(?:ab)+"#, ["abab"], ["a"]),
        ("a?", ["", "a"], ["aa"]), (#"[^\s]+"#, ["é"], [" "]), (#"\D\W\w\d"#, ["x-x1"], ["1-x1"]),
    ])
    func matchesWholeTexts(_ source: String, _ good: [String], _ bad: [String]) throws {
        let pattern = try #require(Pattern(source))
        for text in good { #expect(pattern.matches(text), "\(source) on '\(text)'") }
        for text in bad { #expect(!pattern.matches(text), "\(source) on '\(text)'") }
    }

    @Test(arguments: [
        "(", "a)", "[a", "*a", "a**", "a+?", #"\p{L}"#, "(?<n>a)", "a(?!b)", "(?=a)b", "a$b", "a^b", "[a&&b]", "[b-a]",
        "a{3,2}", "a{65}", #"\u12"#, "(?!a)b|c", String(repeating: "a", count: 65), "a{2", #"\"#,
    ])
    func refusesWhatItDoesNotKnow(_ source: String) {
        #expect(Pattern(source) == nil)
    }

    /// A backtracking engine needs about 10^12 steps here.
    @Test func hostileTextsTakeLinearTime() throws {
        let pattern = try #require(Pattern("arn:aws:.*:.*:.*:.*:[0-9]+:x"))
        #expect(!pattern.matches("arn:aws:" + String(repeating: ":", count: 1_000_000)))
        let nested = try #require(Pattern("(a*)*b"))
        #expect(!nested.matches(String(repeating: "a", count: 1_000_000)))
    }
}
