// SPDX-License-Identifier: Apache-2.0

/// The rules for a flow's list of destinations as a whole. More than one goes beyond AppFlow.
enum DestinationRules {
    /// Each destination holds a part of 8 MB in the worker's memory while a run goes.
    static let most = 10

    /// - Parameter isStrict: a flow has one destination, as in AppFlow.
    static func problems(_ destinations: [DestinationDefinition], isStrict: Bool) -> [String] {
        if destinations.isEmpty { return ["A destination is required."] }
        if isStrict, destinations.count > 1 { return ["A flow has one destination, found \(destinations.count)."] }
        if destinations.count > most {
            return ["A flow has at most \(most) destinations, found \(destinations.count)."]
        }
        return collisions(destinations)
    }

    /// How the model's own messages call a destination, counted from 0 here and from 1 there.
    static func path(_ index: Int) -> String { "destinationFlowConfigList.\(index + 1).member" }

    private static func collisions(_ destinations: [DestinationDefinition]) -> [String] {
        var first: [S3Destination.Layout: Int] = [:]
        var problems: [String] = []
        for (index, destination) in destinations.enumerated() {
            guard let s3 = destination.s3 else { continue }
            if let earlier = first[s3.layout] {
                problems.append(
                    "\(path(index)) writes to the same place as \(path(earlier)), \(MessageText.truncated(s3.place)): "
                        + "their objects would have the same keys. Use another bucket, bucketPrefix or path.")
            } else {
                first[s3.layout] = index
            }
        }
        return problems
    }
}
