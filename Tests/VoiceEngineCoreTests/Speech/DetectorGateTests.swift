import Testing

@testable import VoiceEngineCore

struct DetectorGateTests {
    /// The actions for windows of 10 ms at 8 kHz with these probabilities, from window `first` on.
    private static func actions(
        _ gate: inout DetectorGate, _ probabilities: [Float], first: Int = 0, isInUtterance: Bool = false
    ) -> [DetectorGate.Action] {
        probabilities.enumerated().map { number, probability in
            let window = SpeechWindow(start: Int64((first + number) * 80), count: 80, probability: probability)
            return gate.heard(window, isInUtterance: isInUtterance)
        }
    }

    private static func gate() throws -> DetectorGate {
        DetectorGate(.init(format: try AudioFormat(encoding: .pcm16, sampleRate: 8_000)))
    }

    @Test func sleepsThroughSilence() throws {
        var gate = try Self.gate()
        let actions = Self.actions(&gate, Array(repeating: 0.2, count: 1_000))
        #expect(actions.allSatisfy { $0 == .skip } && !gate.isAwake)
    }

    @Test(arguments: [(0, 0), (4, 320), (100, 800)])
    func wakesWithWhatCameBefore(_ silent: Int, _ preroll: Int) throws {
        var gate = try Self.gate()
        let actions = Self.actions(&gate, Array(repeating: 0, count: silent) + [0.3])
        #expect(actions.last == .wake(preroll: preroll) && gate.isAwake)
    }

    @Test func sleepsAfterASecondOfNothing() throws {
        var gate = try Self.gate()
        let actions = Self.actions(&gate, [1] + Array(repeating: 0, count: 101) + [1])
        #expect(actions[0] == .wake(preroll: 0) && actions[1...100].allSatisfy { $0 == .judge })
        #expect(actions[101] == .skip)
        // Never given the same samples twice.
        #expect(actions[102] == .wake(preroll: 80))
    }

    @Test func staysAwakeInAnUtterance() throws {
        var gate = try Self.gate()
        let actions = Self.actions(&gate, Array(repeating: 0, count: 500), isInUtterance: true)
        #expect(actions[0] == .wake(preroll: 0) && actions[1...].allSatisfy { $0 == .judge })
    }
}
