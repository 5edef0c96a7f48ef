// SPDX-License-Identifier: Apache-2.0
import Testing

/// A request that somebody else signed: botocore 1.x, the AWS CLI, curl, or, for the header sets of other SDKs, a signer
/// written apart from ours after the specification.
struct SigV4Vector: Sendable, CustomTestStringConvertible {
    static let accessKey = "AKIDEXAMPLE"
    static let secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let temporaryAccessKey = "ASIDEXAMPLE"
    static let temporarySecretKey = "temporary/SecretKey+0123456789abcdefABCDEF"
    static let sessionToken = "IQoJb3JpZ2luX2VjEExample//token=="

    let name: String
    var service = "appflow"
    var method: String
    var path: String
    var query: String
    var headers: [(String, String)]
    var body: String
    let time: Int

    var testDescription: String { name }

    static let all: [SigV4Vector] = [
        SigV4Vector(
            name: "botocore create-flow", service: "appflow", method: "POST",
            path: "/create-flow",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date, "
                        + "Signature=5e1614ff460ed5c1fa5971e07935901d3c8a9ad671b93866e8c75254f56bc7dd"
                ),
                ("Host", "appflow.eu-central-1.amazonaws.com"),
            ],
            body: "{\"flowName\": \"f1\", \"description\": \"für ☕\"}", time: 1715000000),
        SigV4Vector(
            name: "botocore with a port", service: "appflow", method: "POST",
            path: "/describe-flow",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date, "
                        + "Signature=47ae494772820cb03bcc6dc0a5762712f35dd9e68ab55d90d10af8055c258489"
                ),
                ("Host", "127.0.0.1:34817"),
            ],
            body: "{}", time: 1715000000),
        SigV4Vector(
            name: "botocore with a session token", service: "appflow", method: "POST",
            path: "/start-flow",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Amz-Date", "20240506T125320Z"),
                ("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEExample//token=="),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=ASIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                        + "Signature=434736f0f0037a976e309672768a50ccdd2be143a179a3877b53c8d9a48ffe95"
                ),
                ("Host", "127.0.0.1:8080"),
            ],
            body: "{\"flowName\":\"f1\"}", time: 1715000000),
        SigV4Vector(
            name: "botocore list-tags with %2F", service: "appflow", method: "GET",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1",
            query: "",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=80e1498b6627bc399bdbc5b34d05993a1b961b73940c119cde62657de7f2ed14"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore untag with repeated parameters", service: "appflow", method: "DELETE",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1",
            query: "tagKeys=b%20c&tagKeys=a&tagKeys=%C3%BC",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=de6018d30ebc13633a24d1e9673e99535584f350d0c3f3a3a6d1c85d693c0f92"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore session token, %2F and %20", service: "appflow", method: "DELETE",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1%20x",
            query: "tagKeys=%2F",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                ("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEExample//token=="),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=ASIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date;x-amz-security-token, "
                        + "Signature=2bf822b51b4ce6a59af5191684a210f281348b725111728cf94233823865715b"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore unencoded arn", service: "appflow", method: "GET",
            path: "/tags/arn:aws:appflow:eu-central-1:000000000000:flow/f1",
            query: "",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=c8753ea1cbe4818ba9d0a68ffdf32742f69b811d5c60106e2e75bf8a6cc45a24"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore slashes and dots", service: "appflow", method: "GET",
            path: "//tags/./x/../y//z/",
            query: "",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=19517fd258ee2b1750ac52520ce3933258d15f6ce86131270b419f7e41017100"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore root", service: "appflow", method: "GET",
            path: "/",
            query: "",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=70ee0a1d3cdb4f39be41908f7653021524350c563bde27f07049239001b3e6d1"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore blanks in header values", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Note", "  a   b \t c "),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date;x-note, "
                        + "Signature=9bd3136c97a6d9dcac1757f8787dda90a68e9f6bb6bf16495e5074ac15ab48c7"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "{}", time: 1715000000),
        SigV4Vector(
            name: "botocore with a Date header", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("Date", "Mon, 06 May 2024 12:53:20 -0000"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;date;host, "
                        + "Signature=b881aa3c6c202fe1d5432c1818c3587ab70193bdec8b72bcb356140b4fea4025"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "{}", time: 1715000000),
        SigV4Vector(
            name: "botocore declared payload hash", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Amz-Content-SHA256", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
                        + "Signature=d6d6ad36afa8abc48879426d5b53a18a829b7716aeb12b96641b6604a42c01b4"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "{}", time: 1715000000),
        SigV4Vector(
            name: "botocore unsigned payload", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/eu-central-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
                        + "Signature=f952498b5d75bd7583f8258c42548141402db9c223e978fc85016a5296e056fa"
                ),
                ("Host", "localhost:8080"),
            ],
            body: "{}", time: 1715000000),
        SigV4Vector(
            name: "botocore s3 path", service: "s3", method: "GET",
            path: "/bucket/a%20b/%C3%BC/x%3Dy",
            query: "prefix=a%2Fb&list-type=2&x-id=",
            headers: [
                ("X-Amz-Date", "20240506T125320Z"),
                ("X-Amz-Content-SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/us-east-1/s3/aws4_request, "
                        + "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                        + "Signature=6d6c9ebc3ea6a8cbde049ab8fe2b12bd80f70be9474dc4e33dbbd5f6c2f16b77"
                ),
                ("Host", "127.0.0.1:9000"),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "botocore s3 session token", service: "s3", method: "PUT",
            path: "/bucket/k",
            query: "partNumber=1&uploadId=u%2B%2F",
            headers: [
                ("Content-Type", "text/plain"),
                ("X-Amz-Date", "20240506T125320Z"),
                ("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEExample//token=="),
                ("X-Amz-Content-SHA256", "37a680133bd09342f934afb8dd2c7d9e1b624da5f35e3a38adb103e37c055ed1"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=ASIDEXAMPLE/20240506/us-east-1/s3/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                        + "Signature=3348ce68bc6fe3498295e70ab577cc4178b37e36e42b985332da6bda235710c2"
                ),
                ("Host", "127.0.0.1:9000"),
            ],
            body: "part", time: 1715000000),
        SigV4Vector(
            name: "java v2 header set", service: "appflow", method: "POST",
            path: "/create-flow",
            query: "",
            headers: [
                ("amz-sdk-invocation-id", "4f0b1d2c-0001-4b7e-9a55-6a2f5b0c9d11"),
                ("amz-sdk-request", "attempt=1; max=4"),
                ("Content-Length", "45"),
                ("Content-Type", "application/json"),
                ("Host", "127.0.0.1:8080"),
                ("User-Agent", "aws-sdk-java/2.25.0 Linux"),
                ("x-amz-content-sha256", "bedc35ae5d9258ee04f787e710cf4a0a760fa349ed476c4e926aa93ba70381b2"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/us-west-2/appflow/aws4_request, "
                        + "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date, "
                        + "Signature=74be801939955362a1d735895c0380e6140129a5c3f5f183f4cea62146c76ee1"
                ),
            ],
            body: "{\"flowName\": \"f1\", \"description\": \"für ☕\"}", time: 1715000000),
        SigV4Vector(
            name: "java v2 header set, unsigned payload", service: "appflow", method: "POST",
            path: "/create-flow",
            query: "",
            headers: [
                ("amz-sdk-invocation-id", "4f0b1d2c-0001-4b7e-9a55-6a2f5b0c9d11"),
                ("amz-sdk-request", "attempt=1; max=4"),
                ("Content-Length", "45"),
                ("Content-Type", "application/json"),
                ("Host", "127.0.0.1:8080"),
                ("User-Agent", "aws-sdk-java/2.25.0 Linux"),
                ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/us-west-2/appflow/aws4_request, "
                        + "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date, "
                        + "Signature=336efbfde7beb8b19508841db6fc3db05a7670295a2d6bec88aba96d82866cfd"
                ),
            ],
            body: "{\"flowName\": \"f1\", \"description\": \"für ☕\"}", time: 1715000000),
        SigV4Vector(
            name: "go v2 header set", service: "appflow", method: "DELETE",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1",
            query: "tagKeys=a&tagKeys=b%20c",
            headers: [
                ("Host", "localhost"),
                ("Accept-Encoding", "identity"),
                ("Amz-Sdk-Invocation-Id", "x"),
                ("Amz-Sdk-Request", "attempt=1; max=3"),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/us-west-2/appflow/aws4_request, "
                        + "SignedHeaders=accept-encoding;amz-sdk-invocation-id;amz-sdk-request;host;x-amz-date, "
                        + "Signature=b1352356a1036f920e39bc98ffec043521d028aca300f19d420667ec96910910"
                ),
            ],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "a header that comes twice", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Host", "localhost"),
                ("X-Two", "one"),
                ("X-Two", " two  2 "),
                ("X-Amz-Date", "20240506T125320Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240506/us-west-2/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date;x-two, "
                        + "Signature=0866cf4ce2d65858792ea383d7d9427118a3645aed56e5e36867561a45c88bfd"
                ),
            ],
            body: "{}", time: 1715000000),
        SigV4Vector(
            name: "aws cli list-flows", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Host", "127.0.0.1:36609"),
                ("Accept-Encoding", "identity"),
                ("Content-Type", "application/json"),
                ("User-Agent", "aws-cli"),
                ("X-Amz-Date", "20261121T072644Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-west-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date, "
                        + "Signature=539e3fa6a0cc2ed85a3747eb0e20b2d45be45dc648073cdc33e22fd830d75daf"
                ),
                ("amz-sdk-invocation-id", "f7549bd8-5dcf-48d3-98dc-0552b9054fab"),
                ("amz-sdk-request", "attempt=1"),
                ("Content-Length", "2"),
            ],
            body: "{}", time: 1795246004),
        SigV4Vector(
            name: "aws cli list-tags", service: "appflow", method: "GET",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-west-1%3A000000000000%3Aflow%2Fmy%20flow%231",
            query: "",
            headers: [
                ("Host", "127.0.0.1:36609"),
                ("Accept-Encoding", "identity"),
                ("User-Agent", "aws-cli"),
                ("X-Amz-Date", "20261121T072644Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-west-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=9e24d241c14066de8f45a021cd9ecbf295bd964dfb5a770aae3e0be8450a8339"
                ),
                ("amz-sdk-invocation-id", "78e3cfba-00e7-4595-9024-68c7d01bceeb"),
                ("amz-sdk-request", "attempt=1"),
            ],
            body: "", time: 1795246004),
        SigV4Vector(
            name: "aws cli tag with a session token", service: "appflow", method: "POST",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-west-1%3A000000000000%3Aflow%2Ff1",
            query: "",
            headers: [
                ("Host", "127.0.0.1:36609"),
                ("Accept-Encoding", "identity"),
                ("Content-Type", "application/json"),
                ("User-Agent", "aws-cli"),
                ("X-Amz-Date", "20261121T072645Z"),
                ("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEExample//token=="),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=ASIDEXAMPLE/20261121/eu-west-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                        + "Signature=86952bfcb0e76d931227653f992ff89dee9a719ed73c86af939cc2f72a495721"
                ),
                ("amz-sdk-invocation-id", "bea4907e-f761-4aae-b83e-d0c355e54697"),
                ("amz-sdk-request", "attempt=1"),
                ("Content-Length", "20"),
            ],
            body: "{\"tags\": {\"k\": \"v\"}}", time: 1795246005),
        SigV4Vector(
            name: "aws cli untag", service: "appflow", method: "DELETE",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-west-1%3A000000000000%3Aflow%2Ff1",
            query: "tagKeys=z%2F1&tagKeys=a%20b&tagKeys=%C3%BC",
            headers: [
                ("Host", "127.0.0.1:36609"),
                ("Accept-Encoding", "identity"),
                ("User-Agent", "aws-cli"),
                ("X-Amz-Date", "20261121T072646Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-west-1/appflow/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=84798cb4bd18bb9511618a15b341045f4241d40287c9a1ce6b59e29633c9d3f6"
                ),
                ("amz-sdk-invocation-id", "28df8ae7-af00-43b6-92a7-fd0e231374c0"),
                ("amz-sdk-request", "attempt=1"),
                ("Content-Length", "0"),
            ],
            body: "", time: 1795246006),
        SigV4Vector(
            name: "curl list-flows", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "",
            headers: [
                ("Host", "127.0.0.1:36609"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-west-1/appflow/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date, "
                        + "Signature=427e82b9d404fd2156597972e1f2f9342b44c453431b3a0c91291f7703d66266"
                ),
                ("X-Amz-Date", "20261121T072646Z"),
                ("User-Agent", "curl"),
                ("Accept", "*/*"),
                ("Content-Type", "application/json"),
                ("Content-Length", "2"),
            ],
            body: "{}", time: 1795246006),
    ]
}
