import Testing

@testable import VoiceEngineCore

/// How long a recogniser's settled transcripts take.
struct SettlingTests {
    private static func record(_ times: [Int64]) -> HealthRecord {
        var record = HealthRecord(policy: .init(failures: 3, open: .seconds(10)))
        for time in times { record.settled(after: .milliseconds(time)) }
        return record
    }

    @Test func nothingIsSaidOfAFew() {
        #expect(Self.record(Array(repeating: 50, count: 19)).settling.quantile(0.99) == nil)
        #expect(Self.record(Array(repeating: 50, count: 20)).settling.quantile(0.99) == .milliseconds(50))
    }

    @Test func theSlowestOfAHundredIsWaitedFor() {
        #expect(Self.record((1...100).map { $0 * 10 }).settling.quantile(0.99) == .milliseconds(990))
    }

    @Test func whatDoesNotComeInTimeMakesTheWaitLonger() {
        var record = Self.record(Array(repeating: 100, count: 60))
        record.settledLate(waited: .milliseconds(150))
        #expect(record.settling.quantile(0.99) == .milliseconds(225))
    }

    @Test func theWaitIsKeptWithinBounds() {
        let policy = EndpointPolicy(transcriptWait: .milliseconds(1_000))
        #expect(policy.wait(usual: nil) == .milliseconds(700))
        #expect(policy.wait(usual: .milliseconds(30)) == .milliseconds(150))
        #expect(policy.wait(usual: .milliseconds(400)) == .milliseconds(400))
        #expect(policy.wait(usual: .milliseconds(3_000)) == .milliseconds(1_000))
        #expect(EndpointPolicy(transcriptWait: .zero).wait(usual: nil) == .zero)
    }
}
