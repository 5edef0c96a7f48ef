// SPDX-License-Identifier: Apache-2.0
public import AppFlowAPI

/// What a run may ask of the worker that claims it. A worker claims only runs that ask for nothing but what it has, so
/// that an older one leaves alone what it does not know.
///
/// A capability is asked for from the version on whose workers run the thing. What no worker runs yet asks for none:
/// any worker claims such a run and ends it with the error that says so, instead of leaving it queued for ever.
public enum RunCapability {
    /// What every run asks for.
    public static let base = "s3-to-s3.1"
    /// More than one destination, each with a result of its own.
    public static let destinations = "destinations.1"

    /// All that workers of this version have.
    public static let all = [base, destinations]

    /// What runs of this definition ask for.
    public static func needed(by definition: FlowDefinition) -> [String] {
        definition.destinations.count > 1 ? [base, destinations] : [base]
    }
}
