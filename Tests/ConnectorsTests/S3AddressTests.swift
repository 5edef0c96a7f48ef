// SPDX-License-Identifier: Apache-2.0
import AWSClient
import Cryptography
import Testing

@testable import Connectors

@Suite struct S3AddressTests {
    private func url(
        _ bucket: String, _ key: String?, endpoint: String? = nil, region: String = "eu-west-1",
        _ addressing: S3Addressing = .auto
    ) throws -> String {
        var settings = S3Settings()
        settings.endpoint = endpoint
        settings.region = region
        settings.addressing = addressing
        return try S3Address(settings: settings, bucket: bucket, key: key).url(query: "")
    }

    @Test func `AWS is addressed by host, unless the certificate would not fit`() throws {
        #expect(try url("my-bucket", "a b/ü") == "https://my-bucket.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC")
        #expect(try url("my-bucket", nil) == "https://my-bucket.s3.eu-west-1.amazonaws.com/")
        #expect(try url("my.bucket", "k") == "https://s3.eu-west-1.amazonaws.com/my.bucket/k")
        #expect(try url("My_Bucket", "k") == "https://s3.eu-west-1.amazonaws.com/My_Bucket/k")
        #expect(try url("my-bucket", "k", .path) == "https://s3.eu-west-1.amazonaws.com/my-bucket/k")
        #expect(try url("my.bucket", "k", .virtual) == "https://my.bucket.s3.eu-west-1.amazonaws.com/k")
        #expect(
            try url("my-bucket", "k", region: "cn-north-1") == "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/k")
    }

    @Test func `other servers are addressed by path, unless told otherwise`() throws {
        let endpoint = "http://127.0.0.1:9000"
        #expect(try url("bucket", "k", endpoint: endpoint) == "http://127.0.0.1:9000/bucket/k")
        #expect(try url("bucket", nil, endpoint: endpoint) == "http://127.0.0.1:9000/bucket")
        #expect(try url("bucket", "k", endpoint: endpoint + "/base/") == "http://127.0.0.1:9000/base/bucket/k")
        #expect(
            try url("bucket", "k", endpoint: "https://S3.Example.org:443", .virtual)
                == "https://bucket.s3.example.org/k")
        #expect(try url("bucket", "a//b/../c", endpoint: endpoint) == "http://127.0.0.1:9000/bucket/a//b/../c")
    }

    @Test func `endpoints are checked`() {
        for url in ["http://h", "https://h:1/", "http://[::1]:9000", "HTTP://H/p/q"] {
            #expect(AWSEndpoint(url) != nil, "\(url)")
        }
        for url in [
            "", "h", "ftp://h", "http://", "http:///x", "http://u@h", "http://h?x", "http://h#x", "http://h:0",
            "http://h:x", "http://h:65536", "http://:80", "http://a b", "http://h\n",
        ] {
            #expect(AWSEndpoint(url) == nil, "\(url)")
        }
    }
}

@Suite struct S3SettingsTests {
    @Test func `the environment is read`() throws {
        let settings = try S3Settings(environment: [
            "AWS_ENDPOINT_URL": "http://general", "AWS_ENDPOINT_URL_S3": "http://special:9000", "AWS_REGION": "",
            "AWS_DEFAULT_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "hush",
            "AWS_SESSION_TOKEN": "tok", "MILLRACE_S3_ADDRESSING": "virtual", "MILLRACE_BUCKET_ROOT": "/buckets",
            "MILLRACE_ALLOW_LINK_LOCAL": "on", "MILLRACE_BUCKET_FLUSH": "off",
        ])
        #expect(settings.endpoint == "http://special:9000")
        #expect(settings.region == "eu-north-1")
        #expect(
            settings.credentials == SigV4Credentials(accessKey: "AK", secretKey: "hush", sessionToken: "tok"))
        #expect(settings.addressing == .virtual)
        #expect(settings.bucketRoot == "/buckets")
        #expect(settings.allowsLinkLocal)
        #expect(!settings.flushesFiles)
        #expect(!"\(settings)".contains("hush"))
    }

    @Test func `nothing set means AWS in its first region`() throws {
        #expect(try S3Settings(environment: ["AWS_ACCESS_KEY_ID": ""]) == S3Settings())
        #expect(S3Settings().region == "us-east-1")
        #expect(S3Settings().flushesFiles)
    }

    @Test(arguments: [
        ("AWS_ENDPOINT_URL", "localhost:9000"), ("AWS_REGION", "eu west"), ("MILLRACE_S3_ADDRESSING", "host"),
        ("MILLRACE_ALLOW_LINK_LOCAL", "perhaps"), ("MILLRACE_BUCKET_FLUSH", "2"),
    ])
    func `bad values are named, not shown`(variable: String, value: String) throws {
        let error = #expect(throws: AWSSettingsError.self) { try S3Settings(environment: [variable: value]) }
        #expect(error?.variable == variable)
        #expect(error.map { "\($0)".contains(value) } == false)
    }

    @Test func `half a pair of keys is a mistake`() throws {
        for (given, missing) in [
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        ] {
            let error = #expect(throws: AWSSettingsError.self) { try S3Settings(environment: [given: "x"]) }
            #expect(error?.variable == missing)
        }
    }

    @Test func `the settings decide on the store`() throws {
        var settings = S3Settings()
        #expect(try code { _ = try ObjectStoreFactory.make(settings) } == .accessDenied)
        settings.bucketRoot = "/buckets"
        #expect(try ObjectStoreFactory.make(settings) is FolderObjectStore)
        settings.endpoint = "http://127.0.0.1:1"
        #expect(try ObjectStoreFactory.make(settings) is S3ObjectStore)
    }
}
