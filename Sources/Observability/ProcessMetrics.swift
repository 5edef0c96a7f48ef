// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Prometheus' conventional metrics of a process, read from the kernel when rendered.
enum ProcessMetrics {
    static func render(into text: inout String) {
        append(
            "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
            cpuSeconds, to: &text)
        append("process_open_fds", "gauge", "Number of open file descriptors.", openDescriptors, to: &text)
        append("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", residentBytes, to: &text)
    }

    /// A value that the kernel does not tell is left out.
    private static func append(
        _ name: String, _ kind: String, _ help: String, _ value: Double?, to text: inout String
    ) {
        guard let value else { return }
        MetricText.appendHeader(name: name, help: help, kind: kind, to: &text)
        MetricText.appendSample(name, labels: [], values: [], MetricText.number(value), to: &text)
    }

    private static var cpuSeconds: Double? {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static var openDescriptors: Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            // `.` and `..` are no descriptors.
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        // One of them is the folder that is being read.
        return Double(count - 1)
    }

    private static var residentBytes: Double? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        // size resident shared …, in pages
        let fields = buffer[..<count].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return nil }
        return Double(pages * sysconf(Int32(_SC_PAGESIZE)))
    }
}
