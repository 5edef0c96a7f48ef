// SPDX-License-Identifier: Apache-2.0
import AppFlowAPI
import JSON

/// A page of a list that is at hand. Its tokens hold the place in the list.
struct ListPage<Element> {
    let elements: ArraySlice<Element>
    let nextToken: String?

    /// - Parameter list: what a token is good for.
    init(
        _ all: [Element], _ input: JSONObject, _ list: String, _ shared: SharedState, defaultSize: Int
    ) throws(APIError) {
        var start = 0
        if input["nextToken"] != nil {
            guard let text = try shared.pageToken().position(in: input, list: list), let place = Int(text),
                all.indices.contains(place)
            else { throw PageToken.invalid }
            start = place
        }
        let end = min(all.count, start + (input["maxResults"]?.intValue ?? defaultSize))
        elements = all[start..<end]
        nextToken = end < all.count ? try shared.pageToken().make(String(end), list: list) : nil
    }
}
