// SPDX-License-Identifier: Apache-2.0

/// A request and the way to answer it, at once or later, from any thread. While it is kept, no thread waits: its
/// connection is suspended.
///
/// There is no deadline for the answer; whoever keeps exchanges answers them all in time. One that is let go of
/// without an answer gets 500.
public final class HTTPExchange: Sendable {
    public let request: HTTPRequest
    private let transaction: Transaction

    init(request: HTTPRequest, transaction: Transaction) {
        self.request = request
        self.transaction = transaction
    }

    /// Answers. The first answer counts, later ones are ignored, also when the client has gone away. Never blocks.
    public func respond(_ response: HTTPResponse) {
        transaction.answer(response)
    }

    deinit {
        // Ignored unless nobody has answered.
        transaction.answer(.abandoned)
    }
}
