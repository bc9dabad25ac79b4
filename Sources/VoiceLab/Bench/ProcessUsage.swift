import Foundation
import Glibc

/// What a process has used so far, from /proc.
struct ProcessUsage: Sendable {
    /// User and system time of all threads.
    var cpuSeconds: Double
    var residentBytes: Int
    /// CPU seconds by thread, named "name/id".
    var threads: [String: Double]

    /// - Returns: nil when there is no such process, or it may not be read.
    static func read(pid: Int) -> ProcessUsage? {
        guard let cpu = cpuSeconds(statPath: "/proc/\(pid)/stat"),
            let statm = try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8),
            let pages = statm.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        var threads: [String: Double] = [:]
        for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? [] {
            let path = "/proc/\(pid)/task/\(task)"
            guard let name = try? String(contentsOfFile: path + "/comm", encoding: .utf8) else { continue }
            threads["\(name.trimmingCharacters(in: .whitespacesAndNewlines))/\(task)"] = cpuSeconds(
                statPath: path + "/stat")
        }
        return ProcessUsage(cpuSeconds: cpu, residentBytes: pages * Int(sysconf(Int32(_SC_PAGESIZE))), threads: threads)
    }

    /// Open descriptors of a process; nil when there is none, or it may not be read.
    static func descriptors(pid: Int) -> Int? {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd"))?.count
    }

    private static func cpuSeconds(statPath: String) -> Double? {
        guard let stat = try? String(contentsOfFile: statPath, encoding: .utf8),
            // The name in brackets may hold blanks; the fields after it are counted from 3.
            let bracket = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: bracket)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Binds every thread of a process to the given processors.
    static func pin(pid: Int, to processors: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["taskset", "-a", "-p", "-c", processors, "\(pid)"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw WireViolation("taskset cannot pin \(pid) to \(processors)") }
    }
}
