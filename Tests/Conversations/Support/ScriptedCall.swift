import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@testable import VoiceEngineSession

/// One call in virtual time: the session under test between a scripted caller and a scripted agent.
///
/// A script is lines of `TIME ms ACTION`; what happened is lines of `TIME EVENT`. Caller audio comes in frames of 20
/// ms.
final class ScriptedCall {
    let loop: EmbeddedEventLoop
    let ears = ScriptedRecogniser()
    let detector = ScriptedDetector()
    let mind = ScriptedModel()
    let voice = ScriptedVoice()
    let carrier: RecordingCarrier
    let clock: SessionClock
    private(set) var session: Session?
    private(set) var events: [SessionEvent] = []
    /// [ms] When the caller is audible.
    private var speech: [Range<Int64>] = []
    /// [ms] When there is a beep on the line.
    private var beeps: [Range<Int64>] = []
    /// [ms] When which word of `Spelling` is audible.
    private var spelt: [(time: Range<Int64>, word: Int)] = []
    /// [ms] Until when the call has been played, on the grid of the caller's frames.
    private var played: Int64 = 0
    /// [ms] The reader pulls this much after each frame of the caller.
    let readerPhase: Int64 = 7
    var isReading = true
    /// The carrier hands over frames together where it may.
    var gathers = false
    private var gathered: [[Int16]] = []
    /// Most frames that came together.
    private(set) var mostTogether = 0
    /// The caller's audio from the beginning, instead of `caller(says:)`'s.
    var line: [Int16] = []
    /// Called after each frame of the caller.
    var afterFrame: () -> Void = {}

    /// - Parameters:
    ///   - detects: false: the session's own detector listens.
    ///   - loop: The one that the network of `providers` is on.
    ///   - change: Other providers than the scripted ones; the jitter of back-offs is 0 unless it is changed too.
    init(
        _ kind: RecordingCarrier.Kind = .wire, detects: Bool = true, policy: SessionPolicy = SessionPolicy(),
        history: [ChatMessage] = [], memory: CallMemory? = nil, loop: EmbeddedEventLoop = EmbeddedEventLoop(),
        providers change: (inout SessionProviders) throws -> Void = { _ in }
    ) throws {
        self.loop = loop
        clock = SessionClock(eventLoop: loop)
        carrier = RecordingCarrier(kind: kind) { loop.instant }
        let context = ProviderContext(callID: "call", eventLoop: loop, log: .none)
        var providers = SessionProviders(
            speechToText: ears, languageModel: mind, textToSpeech: voice, voiceActivity: detects ? detector : nil)
        providers.random = { 0 }
        try change(&providers)
        var setup = try carrier.setup
        setup.memory = memory
        session = Session(
            setup: setup, policy: policy, providers: providers,
            conversation: history, carrier: carrier, context: context, clock: clock
        ) { [weak self] event in self?.events.append(event) }
    }

    /// Nothing is left behind: streams, ticks, answers, requests to the carrier after its end.
    func expectNothingLeft(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
        let count = events.count
        loop.advanceTime(by: .hours(2))
        #expect(events.count == count, comment, sourceLocation: sourceLocation)
        #expect(events.filter { $0.kind == .closed }.count == 1, comment, sourceLocation: sourceLocation)
        #expect(events.last?.kind == .closed, comment, sourceLocation: sourceLocation)
        #expect(clock.count == 0, comment, sourceLocation: sourceLocation)
        #expect(ears.open.isEmpty && detector.open == 0 && voice.open == 0, comment, sourceLocation: sourceLocation)
        #expect(mind.running == 0, comment, sourceLocation: sourceLocation)
        #expect(carrier.callsAfterClose == 0, comment, sourceLocation: sourceLocation)
        weak let left = session
        session = nil
        #expect(left == nil, comment, sourceLocation: sourceLocation)
    }

    // MARK: - Time

    /// Plays the call up to `time`.
    func run(until time: Int64) {
        while played < time {
            let next = min(played / 20 * 20 + 20, time)
            let pull = played / 20 * 20 + readerPhase
            if carrier.kind == .reader, isReading, played < pull, pull <= next {
                loop.advanceTime(to: .uptimeNanoseconds(UInt64(pull * 1_000_000)))
                carrier.pull()
            }
            loop.advanceTime(to: .uptimeNanoseconds(UInt64(next * 1_000_000)))
            if next.isMultiple(of: 20) { sendFrame(endingAt: next) }
            loop.run()
            afterFrame()
            played = next
        }
    }

    func start() throws { try session?.start() }

    /// The caller says something, or makes a sound.
    func caller(says text: String, at time: Int64, for duration: Int64) {
        speech.append(time..<time + duration)
        if !text.isEmpty { ears.caller(says: text, from: time, for: duration, on: loop) }
    }

    /// The caller says words of `Spelling`, each for `perWord` with a short gap behind it.
    func caller(spells text: String, at time: Int64, perWord: Int64 = 200) {
        for (index, word) in text.split(separator: " ").enumerated() {
            let start = time + Int64(index) * perWord
            speech.append(start..<start + perWord - 20)
            spelt.append((start..<start + perWord - 20, Spelling.words.firstIndex(of: String(word)) ?? 0))
        }
    }

    /// A tone of 1 kHz in the caller's audio.
    func beep(at time: Int64, for duration: Int64) { beeps.append(time..<time + duration) }

    private func sendFrame(endingAt end: Int64) {
        var frame = [Int16](repeating: 0, count: 160)
        if beeps.contains(where: { $0.contains(end - 20) && $0.contains(end - 1) }) {
            // Eight samples to the wave; none is 0, which the scripted detector takes for silence.
            let wave: [Int16] = [2_296, 5_543, 5_543, 2_296, -2_296, -5_543, -5_543, -2_296]
            for index in frame.indices { frame[index] = wave[index % 8] }
        }
        if !line.isEmpty {
            let first = min(Int(end - 20) * 8, line.count)
            let given = line[first..<min(first + 160, line.count)]
            frame.replaceSubrange(0..<given.count, with: given)
        } else if speech.contains(where: { $0.overlaps(end - 20..<end) }) {
            for index in frame.indices {
                let time = end - 20 + Int64(index) / 8
                if speech.contains(where: { $0.contains(time) }) {
                    let word = spelt.first { $0.time.contains(time) }?.word ?? 0
                    let level = Int16(4_000 + 10 * word)
                    frame[index] = (index / 16).isMultiple(of: 2) ? level : -level
                }
            }
        }
        gathered.append(frame)
        guard !gathers || 20 * gathered.count >= carrier.gathered else { return }
        mostTogether = max(mostTogether, gathered.count)
        let frames = gathered
        gathered = []
        for frame in frames { frame.withUnsafeBytes { session?.receive($0) } }
    }

    // MARK: - Text

    /// Plays a script to its end. Lines: `TIME ACTION`, in order of time; `end` only lets time pass.
    func play(_ script: String) throws {
        try start()
        for line in script.split(separator: "\n") {
            try run(to: String(line))
            try perform(String(line))
        }
    }

    /// Plays the call up to the time of this line of a script.
    func run(to line: String) throws {
        run(until: try #require(line.split(separator: " ").first.flatMap { Int64($0) }, "\(line)"))
    }

    /// What a line of a script says, now.
    func perform(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let text =
            line.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(String.init) ?? ""
        switch words[1] {
        case "caller":
            let duration = try #require(words.last.flatMap { Int64($0) }, "\(line)")
            caller(says: text, at: played, for: duration)
        case "keys": session?.receiveDigits(text)
        case "say": _ = session?.say(text)
        case "type": session?.receiveText(text)
        case "interrupt": session?.bargeIn()
        case "result": session?.toolResult(id: words[2], json: text)
        case "recogniser": ears.open.last?.endTurn()
        case "early": ears.open.last?.tell(.earlyEndOfTurn)
        case "resumes": ears.open.last?.tell(.turnResumed)
        case "hears": ears.open.last?.tell(text, isSettled: false)
        case "settles": ears.open.last?.tell(text, isSettled: true)
        case "answered": session?.carrierFound(try #require(AnswerFinding(rawValue: words[2]), "\(line)"))
        case "plays": session?.carrierPlays(words[2] == "on")
        case "goodbye": session?.sayGoodbye(reason: text)
        case "deaf": ears.open.last?.fail(.unavailable)
        case "gone":
            carrier.isClosed = true
            session?.carrierClosed(reason: "the caller hung up")
        case "hangup": session?.hangUp()
        case "end": break
        default: Issue.record("unknown action: \(line)")
        }
        loop.run()
    }

    /// What happened, as lines; `started` and partial transcripts are left out.
    var story: String {
        events.compactMap(Self.describe).joined(separator: "\n")
    }

    static func describe(_ event: SessionEvent) -> String? {
        let text = "\"\(event.text)\""
        let what: String? =
            switch event.kind {
            case .started: nil
            case .callerStarted: "caller starts"
            case .callerStopped: "caller stops"
            case .transcript: event.flags.contains(.final) ? "final \(text)" : nil
            case .turnStarted: "turn \(event.turn.number)"
            case .agentText: "text \(text)"
            case .agentStarted: "agent starts"
            case .agentStopped: "agent stops"
            case .agentHeard: "heard \(text)" + (event.flags.contains(.interrupted) ? " interrupted" : "")
            case .bargeIn:
                "barge-in "
                    + (["paused": .paused, "confirmed": .confirmed, "resumed": .resumed]
                    as KeyValuePairs<String, SessionEvent.Flags>)
                    .filter { event.flags.contains($0.value) }.map(\.key).joined() + " at \(event.position)"
            case .node: "node \(event.name)"
            case .toolCall: "tool \(event.name) \(event.id) \(event.text)"
            case .dtmfIn: "keys \(text)"
            case .dtmfOut: "keys out \(text)"
            case .transfer: "transfer \(text)"
            case .hangUp: "hang-up \(text)"
            case .error: "error \(event.name) \(text)"
            case .turnMetrics:
                event.metrics.map { metrics in
                    "metrics \(metrics.stages.map { "\($0.wholeMilliseconds)" }.joined(separator: "+"))"
                        + " = \(metrics.total.wholeMilliseconds)"
                }
            case .slowHost: "slow host"
            case .closed: "closed \(text)"
            case .voicemail: "voicemail \(event.text)"
            }
        return what.map { "\((event.time - .zero).wholeMilliseconds) \($0)" }
    }
}
