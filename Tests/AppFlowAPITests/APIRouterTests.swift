// SPDX-License-Identifier: Apache-2.0

import AppFlowAPI
import JSON
import Testing

@Suite struct APIRouterTests {
    @Test func routesEveryOperation() throws {
        for operation in APIOperation.all {
            let path = operation.uri.replacing("{resourceArn}", with: "arn%3Aaws%3Aappflow%3Ar%3A1%3Aflow%2Ff")
            let routed = try APIRouter.route(method: operation.method, rawPath: path, rawQuery: "")
            #expect(routed.operation == operation)
            #expect(routed.uriMembers.isEmpty == (operation.uri == path))
        }
    }

    @Test(arguments: [
        ("GET", "/create-flow"), ("POST", "/"), ("POST", ""), ("POST", "/create-flow/"), ("POST", "/Create-Flow"),
        ("POST", "//create-flow"), ("PUT", "/tags/arn"), ("GET", "/tags/"), ("GET", "/tags"),
        ("POST", "/%63reate-flow"),
    ])
    func unknownIsNotFound(_ method: String, _ path: String) {
        let error = #expect(throws: APIError.self) { try APIRouter.route(method: method, rawPath: path, rawQuery: "") }
        #expect(error?.code == "UnknownOperationException")
        #expect(error?.status == 404)
    }

    @Test func whatIsUnknownIsNamed() {
        func message(_ method: String, _ path: String) -> String? {
            let error = #expect(throws: APIError.self) {
                try APIRouter.route(method: method, rawPath: path, rawQuery: "")
            }
            return error?.message
        }
        #expect(message("GET", "/create-flow")?.hasSuffix(": /create-flow takes POST, not GET.") == true)
        #expect(message("POST", "/create-flow/")?.hasSuffix(": there is nothing at POST /create-flow/.") == true)
        #expect(message("POST", "/" + String(repeating: "x", count: 9_000)).map { $0.utf8.count < 400 } == true)
    }

    @Test(arguments: [
        ("arn%3Aaws%3Aappflow%3Aus-east-1%3A1%3Aflow%2Ff1", "arn:aws:appflow:us-east-1:1:flow/f1"),
        ("arn:aws:appflow:us-east-1:1:flow/f1", "arn:aws:appflow:us-east-1:1:flow/f1"),
        ("a%20b%23c%2bd+e", "a b#c+d+e"), ("%C3%A9", "é"),
    ])
    func decodesTheARN(_ raw: String, _ arn: String) throws {
        let routed = try APIRouter.route(method: "GET", rawPath: "/tags/" + raw, rawQuery: "")
        #expect(routed.uriMembers == ["resourceArn": .string(arn)])
    }

    @Test(arguments: ["%", "%4", "%4g", "a%zz", "%FF", "%C3"])
    func refusesBrokenEscapes(_ raw: String) {
        let error = #expect(throws: APIError.self) {
            try APIRouter.route(method: "GET", rawPath: "/tags/" + raw, rawQuery: "")
        }
        #expect(error?.status == 400)
    }

    @Test(
        arguments: [
            ("tagKeys=a&tagKeys=b%20c", ["a", "b c"]), ("tagKeys=a", ["a"]), ("", nil), ("other=x", nil),
            ("x=1&tag%4Beys=k&y", ["k"]), ("tagKeys=", [""]), ("tagKeys", [""]),
            ("tagKeys=a%3Db&tagKeys=c=d+e", ["a=b", "c=d+e"]),
        ] as [(String, JSONValue?)])
    func readsTagKeys(_ query: String, _ keys: JSONValue?) throws {
        let routed = try APIRouter.route(method: "DELETE", rawPath: "/tags/arn", rawQuery: query)
        #expect(routed.uriMembers["tagKeys"] == keys)
    }
}
