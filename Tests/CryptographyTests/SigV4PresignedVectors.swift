// SPDX-License-Identifier: Apache-2.0

extension SigV4Vector {
    /// Requests that botocore presigned: the signature stands in the query.
    static let presigned: [SigV4Vector] = [
        SigV4Vector(
            name: "presigned list-tags with %2F", service: "appflow", method: "GET",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1",
            query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
                + "X-Amz-Signature=1958f981569c4ef83c005b70f48c1504c3553d9b97f510277c141952bed93557",
            headers: [("Host", "localhost:8080")],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "presigned untag", service: "appflow", method: "DELETE",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1",
            query: "tagKeys=b%20c&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&"
                + "X-Amz-Signature=cd31d162e6b9c7eb02bb5bf92371357fff12c277a580fffba9e335c9a391faa1",
            headers: [("Host", "localhost:8080")],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "presigned with a session token", service: "appflow", method: "GET",
            path: "/tags/arn%3Aaws%3Aappflow%3Aeu-central-1%3A000000000000%3Aflow%2Ff1",
            query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=ASIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&"
                + "X-Amz-Security-Token=IQoJb3JpZ2luX2VjEExample%2F%2Ftoken%3D%3D&"
                + "X-Amz-Signature=d3194a817289faf7372eed94d6baaf7cbe994039d1c71d1faecc8e64d7f76d84",
            headers: [("Host", "localhost:8080")],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "presigned post without a body", service: "appflow", method: "POST",
            path: "/list-flows",
            query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
                + "X-Amz-Signature=a666bdb48efa1a6ff836fd37f7edf400d3becf231e6e3a4849081612b8d22bd3",
            headers: [("Host", "127.0.0.1:34817")],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "presigned post whose members went to the query", service: "appflow", method: "POST",
            path: "/describe-flow",
            query: "flowName=f%201%2F%C3%BC&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost&"
                + "X-Amz-Signature=bdfe8b660f46c9105664771587c3b5614a767c86c7a99d1804084c58bb307fb9",
            headers: [("Content-Type", "application/json"), ("Host", "127.0.0.1:34817")],
            body: "", time: 1715000000),
        SigV4Vector(
            name: "presigned with a signed body", service: "appflow", method: "POST",
            path: "/describe-flow",
            query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
                + "X-Amz-Signature=0ca1638d504ab9053d743ab6c050c7b7ebdb20d34743cdfe5e3aa8e4829d439a",
            headers: [("Host", "127.0.0.1:8080")],
            body: "{\"flowName\":\"f1\"}", time: 1715000000),
        SigV4Vector(
            name: "presigned unsigned payload", service: "appflow", method: "POST",
            path: "/describe-flow",
            query: "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
                + "X-Amz-Signature=253971eeff71965a093b9f001842695a22cf694abb91b4c94b4d11a76c9f0c24",
            headers: [("Host", "127.0.0.1:8080")],
            body: "{\"flowName\":\"f1\"}", time: 1715000000),
        SigV4Vector(
            name: "presigned unsigned payload, by a header", service: "appflow", method: "POST",
            path: "/describe-flow",
            query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                + "X-Amz-Credential=AKIDEXAMPLE%2F20240506%2Feu-central-1%2Fappflow%2Faws4_request&"
                + "X-Amz-Date=20240506T125320Z&X-Amz-Expires=3600&"
                + "X-Amz-SignedHeaders=host%3Bx-amz-content-sha256%3Bx-note&"
                + "X-Amz-Signature=4f46952a40eb1d0fa1935e95d476609b08fa658d0297b860e3107b4b2034c899",
            headers: [("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"), ("X-Note", " a  b "), ("Host", "127.0.0.1:8080")],
            body: "{\"flowName\":\"f1\"}", time: 1715000000),
    ]
}
