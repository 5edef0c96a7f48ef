// swift-tools-version: 6.0
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func module(
    _ name: String, _ dependencies: [String], exclude: [String] = [], linkerSettings: [LinkerSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, exclude: exclude, swiftSettings: settings,
        linkerSettings: linkerSettings)
}

func tests(_ name: String, _ dependencies: [String]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: ([name] + dependencies).map { .byName(name: $0) },
        swiftSettings: settings)
}

// Imports run downward only: each block may use the blocks above it (docs/architecture.md).
let package = Package(
    name: "millrace",
    targets: [
        // System libraries
        system("CRdKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
        system("CPostgreSQL", pkgConfig: "libpq", apt: "libpq-dev"),
        system("CMicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),

        // Platform
        module("Threading", []),
        module("JSON", []),
        module("Observability", ["Threading"]),
        module("Cryptography", ["COpenSSL"]),
        // Opens sealed credentials: for the worker alone.
        module("Unsealing", ["Cryptography"]),
        module("Kafka", ["CRdKafka", "Threading", "Observability"]),
        module("PostgreSQL", ["CPostgreSQL", "Threading", "Observability"]),
        // The symbol is for libmicrohttpd: EventBatch.swift.
        module(
            "HTTPServer", ["CMicrohttpd", "Threading", "Observability"],
            linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=epoll_wait"])]),
        module("HTTPClient", ["CCurl", "Observability"]),
        module("AWSClient", ["HTTPClient", "Cryptography", "JSON"]),

        // Model
        module("AppFlowAPI", ["JSON"], exclude: ["generate-model.py"]),
        module("FlowDomain", ["JSON", "AppFlowAPI"]),
        module("Records", ["JSON"]),

        // Domain
        module("Tasks", ["Records", "AppFlowAPI", "JSON"]),
        module("Connectors", ["AWSClient", "HTTPClient", "Cryptography", "Observability", "Threading"]),
        module("FlowStore", ["PostgreSQL", "FlowDomain", "AppFlowAPI", "JSON", "Cryptography", "Observability"]),

        // Roles
        module(
            "RoleSupport",
            ["FlowStore", "FlowDomain", "JSON", "Kafka", "PostgreSQL", "HTTPServer", "Observability", "Threading"]),
        module(
            "Ingestor",
            [
                "RoleSupport", "FlowStore", "FlowDomain", "AppFlowAPI", "JSON", "Kafka", "PostgreSQL", "HTTPServer",
                "AWSClient", "Cryptography", "Observability", "Threading",
            ]),
        module(
            "Controller",
            [
                "RoleSupport", "FlowStore", "FlowDomain", "AppFlowAPI", "JSON", "Kafka", "PostgreSQL", "Cryptography",
                "Observability", "Threading",
            ]),
        module(
            "Worker",
            [
                "RoleSupport", "FlowStore", "FlowDomain", "AppFlowAPI", "JSON", "Kafka", "PostgreSQL", "Connectors",
                "Tasks", "Records",
                "HTTPClient", "AWSClient", "Cryptography", "Unsealing", "Observability", "Threading",
            ]),
        module("LocalServices", ["Threading", "Observability"]),

        // Executable
        .executableTarget(
            name: "millrace",
            dependencies: [
                "Ingestor", "Controller", "Worker", "RoleSupport", "LocalServices", "FlowStore", "FlowDomain",
                "AppFlowAPI", "JSON",
                "Kafka", "PostgreSQL", "HTTPServer", "HTTPClient", "AWSClient", "Connectors", "Cryptography",
                "Observability", "Threading",
            ],
            swiftSettings: settings),

        // Tests
        .target(name: "FaultServer", dependencies: ["Threading"], path: "Tests/FaultServer", swiftSettings: settings),
        .target(
            name: "TestSupport",
            dependencies: [
                "RoleSupport", "FlowStore", "Kafka", "PostgreSQL", "LocalServices", "Observability", "Threading",
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "FuzzTargets", dependencies: ["AppFlowAPI", "JSON", "Cryptography"], path: "Tests/Fuzz/Targets",
            swiftSettings: settings),
        tests("FuzzTargets", []),
        tests("Threading", []),
        tests("JSON", []),
        tests("Observability", []),
        tests("Cryptography", []),
        tests("Unsealing", ["Cryptography"]),
        tests("Kafka", ["Observability", "Threading"]),
        tests("PostgreSQL", ["TestSupport", "Threading"]),
        tests("LocalServices", ["PostgreSQL", "Observability"]),
        tests("HTTPServer", ["Observability"]),
        tests("HTTPClient", ["Observability", "FaultServer"]),
        tests("AWSClient", ["Cryptography", "JSON", "FaultServer"]),
        tests("AppFlowAPI", ["JSON"]),
        tests("FlowDomain", ["AppFlowAPI", "JSON"]),
        tests("Records", ["JSON"]),
        tests("Tasks", ["Records", "AppFlowAPI", "JSON"]),
        tests("Connectors", ["AWSClient", "HTTPClient", "Cryptography", "Observability", "FaultServer"]),
        tests(
            "FlowStore",
            ["PostgreSQL", "FlowDomain", "AppFlowAPI", "JSON", "TestSupport", "Observability", "Threading"]),
        tests("RoleSupport", ["FlowStore", "JSON", "Kafka", "PostgreSQL", "TestSupport", "Threading"]),
        tests(
            "Controller",
            [
                "RoleSupport", "FlowStore", "FlowDomain", "AppFlowAPI", "JSON", "Kafka", "PostgreSQL", "TestSupport",
                "Observability", "Threading",
            ]),
        tests(
            "Worker",
            [
                "RoleSupport", "FlowStore", "FlowDomain", "JSON", "Kafka", "PostgreSQL", "Connectors", "TestSupport",
                "FaultServer", "LocalServices", "HTTPClient", "Observability", "Threading", "AWSClient", "Cryptography",
                "Unsealing",
            ]),
        tests(
            "Ingestor",
            [
                "RoleSupport", "FlowStore", "FlowDomain", "AppFlowAPI", "JSON", "Kafka", "PostgreSQL", "HTTPServer",
                "HTTPClient", "AWSClient", "Cryptography", "Unsealing", "FaultServer", "TestSupport", "Observability",
                "Threading",
            ]),
    ]
)

// Programs that only their scripts build (Benchmarks/api/run.sh): nothing that ships.
if Context.environment["MILLRACE_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "signature-cost", dependencies: ["Cryptography"], path: "Benchmarks/api/SignatureCost",
            swiftSettings: settings))
}

// Coverage-guided fuzzing needs every module instrumented and libFuzzer linked, so only deploy/local/fuzz.sh builds it.
if Context.environment["MILLRACE_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "millrace-fuzz", dependencies: ["FuzzTargets", "CLibFuzzer"], path: "Tests/Fuzz/Guided",
            swiftSettings: settings),
    ]
}
