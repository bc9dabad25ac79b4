import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab call`: one call of a simulated Twilio, caller included.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Places one call as Twilio would, with a caller that follows a scenario.",
        discussion: "Exit status: 0 when every expectation holds, 1 when the call failed, 64 for wrong arguments.")

    @Option(help: "The voice webhook, such as http://127.0.0.1:8080/twilio/voice/receptionist.")
    var url: String

    @Option(help: "The scenario, a JSON file.")
    var scenario: String

    @Option(help: "Directory for call.wav, call.json and timeline.svg.")
    var out: String

    @Option(help: "Directory with the WAV files of sound:NAME; default: the scenario's directory.")
    var sounds: String?

    @Option(help: "The host's event log (voice-host serve --events FILE), merged into the conversation.")
    var events: String?

    @Flag(help: "Speak ws:// to a wss:// address on the loopback interface.")
    var plain = false

    func run() async throws {
        let failures: [String]
        do {
            failures = try await call()
        } catch let error as any CustomStringConvertible {
            failures = [error.description]
        }
        if failures.isEmpty {
            print("\nThe call went as expected.")
        } else {
            print("\nThe call failed:")
            for failure in failures { print("  - \(failure)") }
            throw ExitCode.failure
        }
    }

    private func call() async throws -> [String] {
        guard let data = FileManager.default.contents(atPath: scenario) else {
            throw ScenarioError("cannot read \(scenario)")
        }
        let script = try Scenario.parse(data)
        let folder = URL(fileURLWithPath: scenario).deletingLastPathComponent().path
        let clips = try SoundLibrary(directory: sounds ?? folder, scenarioDirectory: folder).clips(of: script)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let setup = try await Webhook.call(url: url, scenario: script, clips: clips, plain: plain, on: loop)
        let began = monotonicNanoseconds()
        let (console, log) = (Shared(Console()), Shared(events.map { EngineEventLog(path: $0, since: began) }))
        let collected = Shared([EngineEvent]())
        print("\(script.name): \(script.from) calls \(script.to) at \(url)\n")
        let start: @Sendable () -> EventLoopFuture<CallRecord> = {
            let origin = Shared(began)
            return SimulatedCall.start(setup, on: loop) { sample, notice in
                if case .began(let nanoseconds) = notice { origin.value = nanoseconds }
                for event in log.value?.poll() ?? [] {
                    collected.value.append(event)
                    console.value.add(event, start: origin.value)
                }
                console.value.add(sample, notice)
            }
        }
        let record = try await loop.flatSubmit(start).get()
        // The host needs a moment to hear of the end and to write its last events.
        if events != nil { try await Task.sleep(nanoseconds: 700_000_000) }
        let last = try await loop.submit { () -> [EngineEvent] in
            for event in log.value?.poll() ?? [] {
                collected.value.append(event)
                console.value.add(event, start: record.startNanoseconds)
            }
            console.value.flush()
            return collected.value
        }.get()
        return try finish(record, script, last)
    }

    private func finish(_ record: CallRecord, _ script: Scenario, _ events: [EngineEvent]) throws -> [String] {
        let waterfall = Waterfall.text(of: events)
        if !waterfall.isEmpty { print("\nWhere the time of each turn went\n\n" + waterfall) }
        print("\nMeasured on the line")
        for latency in record.latencies {
            let text = record.utterances[latency.utterance].say.text
            print("  reply after \(Int(latency.milliseconds.rounded())) ms to “\(text)”")
        }
        for bargeIn in record.bargeIns {
            let clear = bargeIn.clear.map {
                ", cleared after \(Int(Telephone.milliseconds(samples: $0 - bargeIn.onset).rounded())) ms"
            }
            print("  agent silent \(Int(bargeIn.milliseconds.rounded())) ms after the interruption\(clear ?? "")")
        }
        if !record.gaps.isEmpty { print("  audible gaps in the agent's speech: \(record.gaps.count)") }
        for verdict in Judgement.verdicts(of: record) { print("  \(verdict.passed ? "ok  " : "FAIL") \(verdict.text)") }
        print("\nFiles")
        for path in try CallReport.write(record, scenario: script, events: events, to: out) { print("  \(path)") }
        return Judgement.failures(of: record)
    }
}

/// A value that only one event loop touches, carried there by closures.
///
/// `@unchecked Sendable`: every access is on the loop of the call; the command only hands it over.
final class Shared<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// The webhook's answer has no stream: the server does not take the call.
struct CallNotTaken: Error, CustomStringConvertible {
    /// The TwiML.
    let document: String
    var description: String { "the TwiML has no <Connect><Stream>: \(document)" }
}

/// The voice webhook, as Twilio requests it when a call comes in.
enum Webhook {
    /// Posts the form, reads the TwiML and returns what the stream needs.
    ///
    /// - Parameters:
    ///   - plain: Secure schemes are spoken in plain text on the loopback interface.
    ///   - trust: What TLS needs; without it nothing else than plain text can be spoken.
    static func call(
        url: String, scenario: Scenario, clips: [Int: CallerMachine.Clip], plain: Bool, trust: LabTLSContext? = nil,
        on loop: any EventLoop
    ) async throws -> SimulatedCall.Setup {
        guard let endpoint = Endpoint(url: url) else {
            throw WireViolation("\(url) is no URL; expected http://host:port/path")
        }
        guard !endpoint.isSecure || plain || trust != nil else {
            throw WireViolation("no TLS without an authority to trust; use http:// or --plain")
        }
        let (callSid, accountSid) = (identifier("CA"), identifier("AC"))
        let form: [(String, String)] = [
            ("CallSid", callSid), ("AccountSid", accountSid), ("From", scenario.from), ("To", scenario.to),
            ("Caller", scenario.from), ("Called", scenario.to), ("CallStatus", "ringing"), ("ApiVersion", "2010-04-01"),
            ("Direction", "inbound"), ("FromCountry", "US"), ("ToCountry", "US"),
        ]
        let body = form.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("User-Agent", "TwilioProxy/1.1"),
            ("Accept", "*/*"),
        ]
        let answer = try await HTTPClient.send(
            method: "POST", endpoint: endpoint, headers: headers, body: Array(body.utf8), trust: trust,
            on: loop)
        guard answer.status == 200 else {
            throw WireViolation(
                "11200: the webhook answered “\(answer.startLine)” \(String(decoding: answer.body.prefix(200), as: UTF8.self))"
            )
        }
        let type = answer.header("Content-Type") ?? "none"
        guard type.hasPrefix("text/xml") || type.hasPrefix("application/xml") else {
            throw WireViolation("12300: the webhook's content type is \(type); expected text/xml")
        }
        let document = String(decoding: answer.body, as: UTF8.self)
        guard let stream = try TwiML.parse(document).stream else {
            throw CallNotTaken(document: document)
        }
        return SimulatedCall.Setup(
            scenario: scenario, clips: clips,
            endpoint: try streamEndpoint(
                stream.url, webhook: endpoint, means: trust.map { _ in .tls } ?? (plain ? .plain : .none)),
            parameters: stream.parameters, callSid: callSid, accountSid: accountSid, streamSid: identifier("MZ"),
            trust: trust)
    }

    /// How a wss:// address is reached.
    enum Means { case tls, plain, none }

    /// Where the stream is; a relative URL is relative to the webhook's host.
    static func streamEndpoint(_ url: String, webhook: Endpoint, means: Means) throws -> Endpoint {
        let scheme = means == .tls ? "wss" : "ws"
        let absolute = url.hasPrefix("/") ? "\(scheme)://\(webhook.host):\(webhook.port)\(url)" : url
        guard let endpoint = Endpoint(url: absolute), ["ws", "wss"].contains(endpoint.scheme) else {
            throw WireViolation("31923: the stream URL is \(url)")
        }
        if endpoint.scheme == "wss" {
            switch means {
            case .tls: return endpoint
            case .plain: break
            case .none: throw WireViolation("the stream is \(url); use --plain to reach it without TLS")
            }
            // Behind the TLS end of a public name is, on a test machine, the webhook's own server.
            guard endpoint.isLoopback else {
                return Endpoint(url: "ws://\(webhook.host):\(webhook.port)\(endpoint.target)") ?? endpoint
            }
        } else if !endpoint.isLoopback {
            throw WireViolation("31922: the scheme of \(url) is not wss")
        }
        return endpoint
    }

    /// A SID of Twilio's shape: two letters and 32 hexadecimal digits.
    static func identifier(_ prefix: String) -> String {
        prefix + (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
    }

    static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            let plain =
                byte < 128
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "-_.~".unicodeScalars.contains(scalar))
            return plain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
