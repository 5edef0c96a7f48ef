// SPDX-License-Identifier: Apache-2.0
import CLibFuzzer
import FuzzTargets
import Glibc

// libFuzzer's own arguments follow the name of the target: millrace-fuzz decoder -max_total_time=60 CORPUS…
guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    say("usage: millrace-fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [ARGUMENT…]")
    exit(64)
}
chosenTarget = target
var arguments: [UnsafeMutablePointer<CChar>?] =
    ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
var count = Int32(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return LLVMFuzzerRunDriver(&count, &start, runOnce)
}
exit(status)
