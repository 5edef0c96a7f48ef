// SPDX-License-Identifier: Apache-2.0
import HTTPClient
import Observability

/// `millrace health`: for images that ship no HTTP client of their own.
enum HealthCommand {
    static let metricsListen = Setting.metricsListen(port: 9101)
    static let subcommand = Subcommand(
        name: "health", summary: "asks a role whether it is ready: exit status 0 when it is",
        settings: [metricsListen]
    ) { settings in
        var address = try settings.address(metricsListen)
        if address.host == "0.0.0.0" { address.host = "127.0.0.1" }
        let client = try HTTPClient()
        let url = "http://\(address.host):\(address.port)/readyz"
        var text: [UInt8] = []
        do {
            let response = try client.perform(HTTPClientRequest(method: "GET", url: url)) {
                text.append(contentsOf: $0)
            }
            print(String(decoding: text, as: UTF8.self))
            return response.status == 200 ? 0 : 1
        } catch {
            print("\(error)")
            return 1
        }
    }
}
