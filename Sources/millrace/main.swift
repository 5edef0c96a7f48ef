// SPDX-License-Identifier: Apache-2.0
import Glibc

let status = CommandLineTool.run(Array(CommandLine.arguments.dropFirst()))
fflush(nil)
// Without exit handlers: threads of C libraries may still run.
_exit(status)
