// SPDX-License-Identifier: Apache-2.0

extension S3ObjectStore {
    public func beginUpload(bucket: String, key: String, contentType: String) throws(ObjectStoreError) -> String {
        var request = S3Client.Request(method: "POST", bucket: bucket, key: key)
        request.query = [("uploads", "")]
        request.headers = [("content-type", contentType)]
        let document = try document(request, root: "InitiateMultipartUploadResult")
        guard let uploadID = document.text("UploadId"), !uploadID.isEmpty else {
            throw badResponse(request, "the answer names no upload")
        }
        return uploadID
    }

    public func uploadPart(
        bucket: String, key: String, uploadID: String, number: Int, bytes: [UInt8]
    ) throws(ObjectStoreError) -> String {
        var request = S3Client.Request(method: "PUT", bucket: bucket, key: key)
        request.query = [("partNumber", String(number)), ("uploadId", uploadID)]
        request.body = bytes
        let (response, _) = try client.send(request)
        guard let etag = response.header("etag"), !etag.isEmpty else {
            throw badResponse(request, "the answer to a part has no ETag")
        }
        return etag
    }

    public func completeUpload(
        bucket: String, key: String, uploadID: String, parts: [(number: Int, etag: String)]
    ) throws(ObjectStoreError) {
        var body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            body += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(escaped(part.etag))</ETag></Part>"
        }
        body += "</CompleteMultipartUpload>"
        var request = S3Client.Request(method: "POST", bucket: bucket, key: key)
        request.query = [("uploadId", uploadID)]
        request.headers = [("content-type", "application/xml")]
        request.body = Array(body.utf8)
        request.stallSeconds = client.settings.timing.completionStallSeconds
        do {
            _ = try document(request, root: "CompleteMultipartUploadResult")
        } catch {
            // An earlier attempt may have completed it, though its answer was lost.
            if error.code == .noSuchUpload, try exists(bucket: bucket, key: key) { return }
            throw error
        }
    }

    public func abortUpload(bucket: String, key: String, uploadID: String) throws(ObjectStoreError) {
        var request = S3Client.Request(method: "DELETE", bucket: bucket, key: key)
        request.query = [("uploadId", uploadID)]
        do { _ = try client.send(request) } catch {
            if error.code != .noSuchUpload { throw error }
        }
    }

    public func listUploads(bucket: String, prefix: String) throws(ObjectStoreError) -> [PendingUpload] {
        var uploads: [PendingUpload] = []
        var markers: [(name: String, value: String)] = []
        while true {
            var request = S3Client.Request(method: "GET", bucket: bucket)
            request.query = [("uploads", ""), ("encoding-type", "url"), ("prefix", prefix)] + markers
            let document = try document(request, root: "ListMultipartUploadsResult")
            let isEncoded = document.text("EncodingType") == "url"
            for item in document.children where item.name == "Upload" {
                guard let text = item.text("Key"), let key = isEncoded ? decoded(text) : text,
                    let uploadID = item.text("UploadId"), !uploadID.isEmpty,
                    let initiated = item.text("Initiated").flatMap(S3Time.parseISO)
                else { throw badResponse(request, "an upload of the listing has no key, id or time") }
                uploads.append(PendingUpload(key: key, uploadID: uploadID, initiatedMicroseconds: initiated))
            }
            guard document.text("IsTruncated") == "true" else { return uploads }
            let keyText = document.text("NextKeyMarker") ?? ""
            let next = [
                (name: "key-marker", value: isEncoded ? decoded(keyText) ?? keyText : keyText),
                (name: "upload-id-marker", value: document.text("NextUploadIdMarker") ?? ""),
            ]
            guard !keyText.isEmpty, !next.elementsEqual(markers, by: ==) else {
                throw badResponse(request, "the listing is cut off without saying where it goes on")
            }
            markers = next
        }
    }

    private func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
