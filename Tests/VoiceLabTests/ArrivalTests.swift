import Foundation
import Testing

@testable import VoiceLab

@Suite struct ArrivalTests {
    private static let millisecond: Int64 = 1_000_000

    private static func call(
        _ outcome: ArrivalMeasurement.Outcome, started: Int64? = nil, first: Int64? = nil, tag: VoiceLab.Tag? = nil
    ) -> ArrivalMeasurement {
        var call = ArrivalMeasurement(called: 0, outcome: outcome)
        call.connecting = started.map { _ in 10 * millisecond }
        call.started = started.map { $0 * millisecond }
        call.firstFrame = first.map { $0 * millisecond }
        call.tag = tag
        return call
    }

    @Test func aBurstIsCountedAndItsTimesAreTakenFromEachMoment() {
        let tag = VoiceLab.Tag(call: 7, utterance: 1)
        let report = BurstReport(
            [
                Self.call(.answered, started: 15, first: 115, tag: tag),
                Self.call(.answered, started: 12, first: 14),
                Self.call(.refused), Self.call(.broken("reset")), Self.call(.broken("reset")),
            ], voice: [tag: 80 * Self.millisecond])
        #expect(report.answered == 2 && report.refused == 1)
        #expect(report.broken == ["reset": 2])
        #expect(report.firstFrame.values == [100, 2])
        #expect(report.firstFrameOwn.values == [20])
        #expect(report.handshake.values == [5, 2])
        #expect(report.fromConnect.values == [105, 4])
        #expect(report.fromCall.values == [115, 14])
        #expect(report.lines.contains { $0.1 == "2 / 1 / 2" })
        #expect(report.lines.contains { $0 == ("first frame within 100 ms of start", "2 of 2") })
        #expect(JSONSerialization.isValidJSONObject(report.object))
    }

    @Test func theVoicesShareIsReadFromTheProvidersLog() {
        let log = """
            {"t":100,"event":"tts_open"}
            {"t":200,"event":"tts_speak","call":3,"utterance":1,"characters":40}
            {"t":290,"event":"tts_first","call":3,"utterance":1,"tone":5}
            {"t":295,"event":"tts_first","call":3,"utterance":1,"tone":5}
            {"t":300,"event":"tts_first","call":4,"utterance":1,"tone":5}
            not JSON
            """
        #expect(VoiceLatency.read(Data(log.utf8)) == [VoiceLab.Tag(call: 3, utterance: 1): 90])
    }

    @Test func memoryThatSettlesIsFlatAndALeakIsNot() {
        func trend(_ bytes: (Int) -> Int) -> MemoryTrend {
            MemoryTrend(samples: (1...20).map { (calls: $0 * 5_000, bytes: bytes($0 * 5_000)) })
        }
        // 5 MB more in the first fifth, then nothing but noise.
        let settling = trend { 30_000_000 + min($0, 20_000) * 250 + ($0 / 5_000 % 2) * 100_000 }
        #expect(settling.isFlat)
        // A busier moment after 20,000, 30,000 and 60,000 calls: resident memory in 100,000 real ones.
        let steps = trend { calls in
            56_284 << 10 + [20_000, 30_000, 60_000].reduce(0) { $0 + (calls >= $1 ? 900 << 10 : 0) }
        }
        #expect(steps.isFlat)
        #expect(abs(settling.bytesPerCall) < 2)
        let leaking = trend { 30_000_000 + $0 * 50 }
        #expect(!leaking.isFlat)
        #expect(abs(leaking.bytesPerCall - 50) < 0.01)
        #expect(leaking.growth == 2_500_000)
        #expect(!trend { 30_000_000 + $0 * 22 }.isFlat)
        #expect(trend { 30_000_000 - $0 * 50 }.isFlat)
        #expect(MemoryTrend(samples: []).isFlat && MemoryTrend(samples: [(100, 5)]).growth == 0)
    }
}
