import Testing

@testable import VoiceEngineCore

/// At 8 kHz: 8 samples are a millisecond.
@Suite struct VoiceFlowStateMachineTests {
    enum Input: Sendable {
        /// Audio came: so much waits then. [ms]
        case queued(Int)
        /// The same of a voice whose audio does not wait in its socket.
        case queuedWhole(Int)
        /// So much is left. [ms]
        case played(Int)
        case restart
    }

    struct Step: Sendable {
        let ms: Int64
        let input: Input
        var held: Bool
        /// [ms]
        var ends: Int64?
    }

    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        let steps: [Step]
        var testDescription: String { name }
    }

    static let rows = [
        Row(
            name: "a little is no reason to rest",
            steps: [
                Step(ms: 0, input: .queued(20), held: false), Step(ms: 5, input: .queued(79), held: false),
                Step(ms: 9, input: .queued(80), held: true, ends: 29),
            ]),
        Row(
            name: "a rest is a quarter of what waits, and ends by time alone",
            steps: [
                Step(ms: 0, input: .queued(400), held: true, ends: 100),
                Step(ms: 90, input: .played(310), held: true, ends: 100),
                Step(ms: 100, input: .played(310), held: false), Step(ms: 110, input: .played(300), held: false),
                Step(ms: 110, input: .queued(700), held: true, ends: 285),
            ]),
        Row(
            name: "what was on its way comes all the same",
            steps: [
                Step(ms: 0, input: .queued(100), held: true, ends: 25),
                Step(ms: 0, input: .queued(200), held: true, ends: 50),
                Step(ms: 1, input: .queued(300), held: true, ends: 76),
            ]),
        Row(
            name: "with nothing left it is over at once",
            steps: [
                Step(ms: 0, input: .queued(400), held: true, ends: 100), Step(ms: 20, input: .played(0), held: false),
            ]),
        Row(
            name: "the longest rest is a quarter of a second",
            steps: [
                Step(ms: 0, input: .queued(996), held: true, ends: 249),
                Step(ms: 0, input: .queued(1_000), held: true, ends: 250),
            ]),
        Row(
            name: "full until little enough waits, however long",
            steps: [
                Step(ms: 0, input: .queued(1_001), held: true), Step(ms: 0, input: .queued(1_050), held: true),
                Step(ms: 9_000, input: .played(901), held: true), Step(ms: 9_001, input: .played(900), held: false),
            ]),
        Row(
            name: "a rest may become full, and what is full does not rest",
            steps: [
                Step(ms: 0, input: .queued(400), held: true, ends: 100), Step(ms: 1, input: .queued(1_900), held: true),
                Step(ms: 200, input: .played(990), held: true), Step(ms: 201, input: .queued(995), held: true),
                Step(ms: 300, input: .played(895), held: false),
            ]),
        Row(
            name: "a voice that waits for us never rests",
            steps: [
                Step(ms: 0, input: .queuedWhole(400), held: false),
                Step(ms: 0, input: .queuedWhole(1_000), held: false),
                Step(ms: 0, input: .queuedWhole(1_001), held: true), Step(ms: 90, input: .played(890), held: false),
            ]),
        Row(
            name: "dropped audio holds nobody",
            steps: [
                Step(ms: 0, input: .queued(400), held: true, ends: 100), Step(ms: 1, input: .restart, held: false),
                Step(ms: 2, input: .queued(1_800), held: true), Step(ms: 3, input: .restart, held: false),
            ]),
    ]

    @Test(arguments: rows)
    func decides(_ row: Row) {
        var flow = VoiceFlowStateMachine(sampleRate: 8_000)
        for (index, step) in row.steps.enumerated() {
            let now = Instant.zero + .milliseconds(step.ms)
            switch step.input {
            case .queued(let waiting): flow.queued(waiting: waiting * 8, mayRest: true, at: now)
            case .queuedWhole(let waiting): flow.queued(waiting: waiting * 8, mayRest: false, at: now)
            case .played(let waiting): flow.played(waiting: waiting * 8, at: now)
            case .restart: flow.restart()
            }
            #expect(flow.isHeld == step.held, "step \(index)")
            #expect(flow.restEnds == step.ends.map { .zero + .milliseconds($0) }, "step \(index)")
        }
    }
}
