import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// `voice-lab twilio`: a Twilio that places calls, and the people who answer them.
struct TwilioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twilio", abstract: "Twilio's REST API: places the calls that an engine orders.",
        discussion: """
            Set "twilio": {"base_url": "http://127.0.0.1:PORT", "account_sid": SID} in the engine's settings and
            TWILIO_AUTH_TOKEN to the token. Who answers follows the scenario. +15550000001 is engaged, nobody answers
            for +15550000002. Prints "ready PORT", then what happens. With --calls it ends after so many calls: with 0
            when Twilio would have had nothing to complain of, else with 1.
            """)

    @Option(help: "Port on 127.0.0.1; 0 = any free one.") var port = 0
    @Option(help: "The account's SID.") var sid = "AC00000000000000000000000000000001"
    @Option(help: "The account's auth token.") var token: String
    @Option(help: "What the people do who answer, a JSON file.") var scenario: String
    @Option(help: "Directory with the WAV files of sound:NAME; default: the scenario's directory.") var sounds: String?
    @Option(help: "Milliseconds until somebody answers.") var ringMs = 300
    @Option(help: "What machine detection says.") var answeredBy = "human"
    @Option(help: "End after this many calls.") var calls: Int?

    func run() async throws {
        guard let data = FileManager.default.contents(atPath: scenario) else {
            throw ScenarioError("cannot read \(scenario)")
        }
        let script = try Scenario.parse(data)
        let folder = URL(fileURLWithPath: scenario).deletingLastPathComponent().path
        let clips = try SoundLibrary(directory: sounds ?? folder, scenarioDirectory: folder).clips(of: script)
        var settings = TwilioService.Settings(accountSid: sid, authToken: token, scenario: script, clips: clips)
        settings.ringing = .milliseconds(Int64(ringMs))
        settings.answeredBy = answeredBy
        let (port, most) = (port, calls)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let made = settings
        let over = loop.makePromise(of: [String].self)
        let channel = try await loop.flatSubmit { () -> EventLoopFuture<any Channel> in
            let service = TwilioService(made, on: loop)
            service.tell = {
                print($0)
                fflush(nil)
            }
            var ended = 0
            service.ended = { [unowned service] in
                ended += 1
                if ended == most { over.succeed(service.complaints) }
            }
            return LabConnection.listen(service: service, host: "127.0.0.1", port: port, on: loop)
        }.get()
        print("ready \(channel.localAddress?.port ?? port)")
        fflush(nil)
        let complaints = try await over.futureResult.get()
        for complaint in complaints { print("COMPLAINT \(complaint)") }
        if !complaints.isEmpty { throw ExitCode.failure }
    }
}
