import ArgumentParser
import Foundation
import NIOCore

/// What the commands that only let calls arrive have in common.
struct ArrivalOptions: ParsableArguments {
    @Option(help: "The voice webhook of the agent, which must have a greeting.")
    var url: String

    @Option(help: "Process id of the host, for memory and CPU.")
    var pid: Int

    @Option(help: "File for the report as JSON.")
    var out: String

    @Option(help: "The callers speak TLS and trust this authority, a PEM file.")
    var ca: String?

    @Option(help: "Processors for the host, as for taskset, such as 0.")
    var pinHost: String?

    @Option(help: "Processors for this process.")
    var pinLab: String?

    func pin() throws {
        if let pinLab { try ProcessUsage.pin(pid: Int(getpid()), to: pinLab) }
        if let pinHost { try ProcessUsage.pin(pid: pid, to: pinHost) }
        guard ProcessUsage.read(pid: pid) != nil else { throw ValidationError("--pid: no process \(pid)") }
    }

    func trust() throws -> LabTLSContext? { try ca.map { try LabTLSContext(trusting: $0) } }

    func write(_ report: [String: Any]) throws {
        let json = try JSONSerialization.data(
            withJSONObject: report, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try json.write(to: URL(fileURLWithPath: out))
        print("\nReport: \(out)")
    }

    /// A gauge of the host's own metrics without labels; nil when it cannot be had.
    func gauge(_ name: String, trust: LabTLSContext?, on loop: any EventLoop) async -> Int? {
        guard var endpoint = Endpoint(url: url) else { return nil }
        endpoint.target = "/metrics"
        let answer = try? await HTTPClient.send(method: "GET", endpoint: endpoint, trust: trust, on: loop)
        let lines = answer.map { String(decoding: $0.body, as: UTF8.self).split(separator: "\n") } ?? []
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }
}

/// Lets one call arrive.
enum Arrival {
    /// The call in the wheel once its webhook has been answered; or what became of it.
    static func place(
        _ options: (url: String, trust: LabTLSContext?), habit: ArrivalCall.Habit, tag: Tag?,
        wheel: NIOLoopBound<CallWheel<ArrivalCall>>, on loop: any EventLoop, over: EventLoopPromise<Void>
    ) async -> ArrivalMeasurement? {
        let called = monotonicNanoseconds()
        do {
            let setup = try await Webhook.call(
                url: options.url, scenario: Scenario(name: "arrival", steps: []), clips: [:], plain: true,
                trust: options.trust, on: loop)
            loop.execute {
                let call = ArrivalCall(setup: setup, habit: habit, called: called, tag: tag)
                call.onOver = { over.succeed(()) }
                wheel.value.add(call)
            }
            return nil
        } catch is CallNotTaken {
            over.succeed(())
            return ArrivalMeasurement(called: called, outcome: .refused)
        } catch {
            over.succeed(())
            return ArrivalMeasurement(called: called, outcome: .broken("\(error)"))
        }
    }
}
