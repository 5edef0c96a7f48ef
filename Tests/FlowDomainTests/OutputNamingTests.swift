// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import FlowDomain
import JSON
import Testing

@Suite struct OutputNamingTests {
    static let run = "520225fa-0ffb-4c95-b5d1-a2a862081d27"
    /// 2022-11-10T08:05:00Z.
    static let time: Int64 = 1_668_067_500_000_000

    private func naming(
        prefix: String? = "out", config: JSONObject = [:], at time: Int64 = time, schema: Int64 = 1
    ) throws -> OutputNaming {
        var input = Fixtures.input("orders")
        var properties: JSONObject = [
            "bucketName": "b", "s3OutputFormatConfig": ["prefixConfig": .object(config)],
        ]
        if let prefix { properties["bucketPrefix"] = .string(prefix) }
        input["destinationFlowConfigList"] = [
            ["connectorType": "S3", "destinationConnectorProperties": ["S3": .object(properties)]]
        ]
        let destination = try #require(try FlowDefinition(input: input).destinations.first?.s3)
        return OutputNaming(
            destination: destination, flowName: "orders", executionID: Self.run, schemaVersion: schema, startedAt: time)
    }

    @Test(
        arguments: [
            ([:], "out/orders/\(run)"),
            (["prefixType": "PATH", "prefixFormat": "YEAR"], "out/orders/2022/\(run)"),
            (["prefixType": "PATH", "prefixFormat": "MONTH"], "out/orders/2022/11/\(run)"),
            (["prefixType": "PATH", "prefixFormat": "DAY"], "out/orders/2022/11/10/\(run)"),
            (["prefixType": "PATH", "prefixFormat": "HOUR"], "out/orders/2022/11/10/08/\(run)"),
            (["prefixType": "PATH", "prefixFormat": "MINUTE"], "out/orders/2022/11/10/08/05/\(run)"),
            (["prefixType": "FILENAME", "prefixFormat": "YEAR"], "out/orders/\(run)-2022"),
            (["prefixType": "FILENAME", "prefixFormat": "MONTH"], "out/orders/\(run)-2022-11"),
            (["prefixType": "FILENAME", "prefixFormat": "DAY"], "out/orders/\(run)-2022-11-10"),
            (["prefixType": "FILENAME", "prefixFormat": "HOUR"], "out/orders/\(run)-2022-11-10T08"),
            (["prefixType": "FILENAME", "prefixFormat": "MINUTE"], "out/orders/\(run)-2022-11-10T08:05"),
            (["prefixType": "FILENAME"], "out/orders/\(run)-2022-11-10T08:05:00"),
            (["prefixType": "PATH"], "out/orders/\(run)"),
            (["prefixFormat": "DAY"], "out/orders/\(run)"),
            (
                ["prefixType": "PATH_AND_FILENAME", "prefixFormat": "DAY"],
                "out/orders/2022/11/10/\(run)-2022-11-10"
            ),
            (["pathPrefixHierarchy": ["EXECUTION_ID"]], "out/orders/\(run)/\(run)"),
            (["pathPrefixHierarchy": ["SCHEMA_VERSION"]], "out/orders/schemaVersion_3/\(run)"),
            (
                [
                    "pathPrefixHierarchy": ["EXECUTION_ID", "SCHEMA_VERSION"], "prefixType": "PATH",
                    "prefixFormat": "DAY",
                ], "out/orders/schemaVersion_3/2022/11/10/\(run)/\(run)"
            ),
        ] as [(JSONObject, String)])
    func layouts(_ config: JSONObject, _ key: String) throws {
        #expect(try naming(config: config, schema: 3).single == key)
    }

    @Test(
        arguments: [
            (nil, "orders/"), ("", "orders/"), ("/", "orders/"), ("//a//", "a/orders/"), ("/a/b/", "a/b/orders/"),
            ("a//b", "a//b/orders/"), ("ü", "ü/orders/"),
        ] as [(String?, String)])
    func prefixes(_ prefix: String?, _ folder: String) throws {
        #expect(try naming(prefix: prefix).single == folder + Self.run)
    }

    @Test func severalFilesAreNumberedBeforeTheTime() throws {
        let plain = try naming()
        #expect(plain.numbered(1) == "out/orders/\(Self.run)-1")
        let stamped = try naming(config: ["prefixType": "FILENAME", "prefixFormat": "DAY"])
        #expect(stamped.numbered(12) == "out/orders/\(Self.run)-12-2022-11-10")
    }

    @Test(
        arguments: [
            (0, "1970/01/01/00/00"), (-1, "1969/12/31/23/59"), (-1_000_000, "1969/12/31/23/59"),
            (951_782_400_000_000, "2000/02/29/00/00"), (951_868_799_999_999, "2000/02/29/23/59"),
            (951_868_800_000_000, "2000/03/01/00/00"), (1_709_164_800_000_000, "2024/02/29/00/00"),
            (1_709_251_200_000_000, "2024/03/01/00/00"), (1_677_628_799_000_000, "2023/02/28/23/59"),
            (1_677_628_800_000_000, "2023/03/01/00/00"), (4_107_542_400_000_000, "2100/03/01/00/00"),
            (4_107_542_399_999_999, "2100/02/28/23/59"), (1_735_689_599_999_999, "2024/12/31/23/59"),
            (1_735_689_600_000_000, "2025/01/01/00/00"), (-2_203_891_200_000_000, "1900/03/01/00/00"),
            (-62_135_596_800_000_000, "0001/01/01/00/00"), (253_402_300_799_000_000, "9999/12/31/23/59"),
        ] as [(Int64, String)])
    func moments(_ time: Int64, _ folders: String) throws {
        let config: JSONObject = ["prefixType": "PATH", "prefixFormat": "MINUTE"]
        #expect(try naming(prefix: nil, config: config, at: time).single == "orders/\(folders)/\(Self.run)")
    }

    @Test func aRepeatedAttemptWritesTheSameNames() throws {
        #expect(try naming() == naming())
        #expect(try naming().single != naming(at: Self.time + 1, schema: 2).numbered(1))
    }
}
