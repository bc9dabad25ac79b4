import NIOCore
import NIOEmbedded
import VoiceEngineCore
import VoiceEngineProviders

// The agent's side of a conversation in virtual time: a language model that answers by the script, and a voice whose
// every sample says which turn and which place it belongs to.

/// What the language model does when it is asked.
struct ScriptedAnswer {
    enum End {
        case finished
        case failed(ProviderError.Kind)
        case tools([ToolCall])
        /// Never ends.
        case hanging
    }

    var text: String
    /// [ms] to the first word, and from word to word.
    var after: Int64 = 200
    var every: Int64 = 20
    var end = End.finished

    static func tool(_ name: String, _ arguments: String = "{}", id: String = "call-1", saying text: String = "")
        -> Self
    {
        ScriptedAnswer(text: text, end: .tools([ToolCall(id: id, name: name, arguments: arguments)]))
    }
}

/// What waits in a socket that is not read for now.
private final class HeldInbox {
    private let loop: any EventLoop
    private var isHeld = false
    private var unread: [() -> Void] = []

    init(_ loop: any EventLoop) { self.loop = loop }

    func hold(_ hold: Bool) {
        isHeld = hold
        loop.schedule(at: loop.milliseconds) { [weak self] in self?.readOn() }
    }

    func read(_ event: @escaping () -> Void) {
        unread.append(event)
        readOn()
    }

    private func readOn() {
        while !isHeld, !unread.isEmpty { unread.removeFirst()() }
    }
}

final class ScriptedModel: LanguageModelProvider, @unchecked Sendable {
    final class Answer: Generation {
        weak var provider: ScriptedModel?
        let loop: any EventLoop
        var isCancelled = false
        private lazy var inbox = HeldInbox(loop)

        init(_ provider: ScriptedModel, loop: any EventLoop) { (self.provider, self.loop) = (provider, loop) }

        func holdAnswer(_ hold: Bool) {
            provider?.holds.append(hold)
            inbox.hold(hold)
        }

        /// At once; of a model that waits in its socket when it is not held and all before it was read.
        func read(_ event: @escaping () -> Void) {
            provider?.waitsInSocket == true ? inbox.read(event) : event()
        }

        func cancel() {
            guard !isCancelled else { return }
            isCancelled = true
            provider?.running -= 1
        }
    }

    let name: String
    /// In order; the last one is used again.
    var answers = [ScriptedAnswer(text: "Hello there caller.")]
    var requests: [ChatRequest] = []
    /// Answers that neither ended nor were cancelled.
    var running = 0
    /// Goes on after `cancel`, which the contract forbids.
    var isSloppy = false
    /// What comes while it is held waits.
    var waitsInSocket = false
    var holds: [Bool] = []

    init(name: String = "mind") { self.name = name }

    func generate(
        _ request: ChatRequest, context: ProviderContext, sink: @escaping (LanguageModelEvent) -> Void
    ) -> any Generation {
        let script = answers[min(requests.count, answers.count - 1)]
        requests.append(request)
        running += 1
        let loop = context.eventLoop
        let answer = Answer(self, loop: loop)
        let isSloppy = isSloppy
        var time = loop.milliseconds + script.after
        func later(_ event: LanguageModelEvent, isLast: Bool = false) {
            loop.schedule(at: time) { [weak self] in
                answer.read {
                    guard isSloppy || !answer.isCancelled else { return }
                    if isLast, !answer.isCancelled {
                        self?.running -= 1
                        answer.isCancelled = true
                    }
                    sink(event)
                }
            }
        }
        let words = script.text.split(separator: " ")
        for (index, word) in words.enumerated() {
            later(.text(index == 0 ? String(word) : " " + word))
            time += script.every
        }
        switch script.end {
        case .finished: later(.finished(.stop, TokenUsage(prompt: 10, completion: words.count)), isLast: true)
        case .failed(let kind):
            later(.failed(ProviderError(kind, provider: name, detail: "the model is out")), isLast: true)
        case .tools(let calls):
            for call in calls { later(.toolCall(call)) }
            later(.finished(.toolCalls, TokenUsage()), isLast: true)
        case .hanging: break
        }
        return answer
    }
}

/// The samples of the scripted voice: thousands for the turn, the rest for the place in the reply.
enum Mark {
    static let period: Int64 = 997

    static func sample(turn: TurnID, place: Int64) -> Int16 {
        Int16(turn.number % 31 + 1) * 1_000 + Int16(place % period)
    }

    /// One after the other. From tables: sample by sample takes long where thousands of replies are made.
    static func samples(turn: TurnID, from place: Int64, count: Int) -> [Int16] {
        var samples: [Int16] = []
        samples.reserveCapacity(count)
        while samples.count < count {
            samples += run(turn: turn, from: place + Int64(samples.count)).prefix(count - samples.count)
        }
        return samples
    }

    /// The next samples of a turn, at least one.
    static func run(turn: TurnID, from place: Int64) -> ArraySlice<Int16> {
        tables[Int(turn.number % 31)][Int(place % period)...]
    }

    private static let tables: [[Int16]] = (0..<31).map { turn in
        (0..<period).map { sample(turn: TurnID(number: turn), place: $0) }
    }

    /// 0 for what is too quiet to have a mark.
    static func turn(of sample: Int16) -> UInt64 { UInt64(max(Int(sample) / 1_000 - 1, 0)) }
}

/// A voice at 8 kHz that takes `perWord` for each word, delivered in chunks faster than they play.
final class ScriptedVoice: TextToSpeechProvider, @unchecked Sendable {
    final class Stream: TextToSpeechStream {
        let provider: ScriptedVoice
        let loop: any EventLoop
        let sink: (TextToSpeechEvent) -> Void
        var isOpen = true
        var cancelled = TurnID.none
        /// Samples made for the current turn.
        var turn = TurnID.none
        var place: Int64 = 0
        /// [ms] When the next chunk may come.
        var free: Int64 = 0
        /// [samples] Until it breaks.
        var left = Int.max
        private lazy var inbox = HeldInbox(loop)

        init(_ provider: ScriptedVoice, loop: any EventLoop, sink: @escaping (TextToSpeechEvent) -> Void) {
            (self.provider, self.loop, self.sink) = (provider, loop, sink)
        }

        func speak(_ text: String, as segment: SegmentID) {
            provider.spoken.append(text)
            if segment.turn != turn { (turn, place) = (segment.turn, 0) }
            free = max(free, loop.milliseconds + provider.latency)
            if provider.fails { return fail(segment) }
            let words = text.split(separator: " ")
            let perWord = provider.perWord * 8
            if provider.spells || provider.tellsWordEnds {
                deliver(
                    .wordEnds(segment, milliseconds: words.indices.map { Int64($0 + 1) * provider.perWord }),
                    of: segment)
            }
            var made: Int64 = 0
            while made < perWord * Int64(words.count) {
                guard left > 0 else { return fail(segment) }
                let wanted = min(
                    perWord * Int64(words.count) - made, Int64(provider.chunks[provider.next % provider.chunks.count]))
                let count = min(wanted, Int64(left))
                provider.next += 1
                left -= Int(count)
                let samples =
                    provider.tone.map { [Int16](repeating: $0, count: Int(count)) }
                    ?? (provider.spells
                        ? (made..<made + count).map { Spelling.sample(words[Int($0 / perWord)]) }
                        : Mark.samples(turn: segment.turn, from: place, count: Int(count)))
                made += count
                place += count
                provider.made += Int(count)
                deliver(samples, of: segment)
                free += provider.every
            }
            deliver(.completed(segment), of: segment)
        }

        private func fail(_ segment: SegmentID) {
            let error = ProviderError(provider.failure, provider: provider.name, detail: "the voice is out")
            deliver(.failed(segment.turn, error), of: segment)
        }

        func finish(_ turn: TurnID) {}
        func cancel(_ turn: TurnID) {
            cancelled = max(cancelled, turn)
            // What is on its way stays so; the next text does not wait for it.
            free = loop.milliseconds
        }

        var waitsInSocket: Bool { provider.waitsInSocket }

        func holdAudio(_ hold: Bool) {
            provider.holds.append(hold)
            inbox.hold(hold)
        }

        /// At once; of a voice that waits in its socket when it is not held and all before it was read.
        private func read(_ event: @escaping () -> Void) {
            provider.waitsInSocket ? inbox.read(event) : event()
        }

        func close() {
            isOpen = false
            provider.open -= 1
        }

        private func deliver(_ samples: [Int16], of segment: SegmentID) {
            loop.schedule(at: free) { [weak self] in
                self?.read { samples.withUnsafeBytes { self?.tell(.audio(segment, $0), of: segment.turn) } }
            }
        }

        private func deliver(_ event: TextToSpeechEvent, of segment: SegmentID) {
            loop.schedule(at: free) { [weak self] in self?.read { self?.tell(event, of: segment.turn) } }
        }

        private func tell(_ event: TextToSpeechEvent, of turn: TurnID) {
            guard isOpen, turn > cancelled || provider.isSloppy else { return }
            sink(event)
        }
    }

    let name: String
    /// [ms] from a text to its first audio, and from chunk to chunk.
    var latency: Int64 = 100
    var every: Int64 = 10
    /// [ms] of audio for each word.
    var perWord: Int64 = 200
    /// [samples] Sizes of chunks, over and over.
    var chunks = [800]
    var fails = false
    /// Goes on after `cancel`, which the contract forbids.
    var isSloppy = false
    var spoken: [String] = []
    var holds: [Bool] = []
    var made = 0
    var next = 0
    var open = 0
    /// Each word is a tone of its own, and its times are reported.
    var spells = false
    /// All that it says is this sample, to be told from other voices.
    var tone: Int16?
    /// The times of words are reported.
    var tellsWordEnds = false
    /// What comes while it is held waits.
    var waitsInSocket = false
    /// [samples] The next streams break after so much audio.
    var breaks: [Int] = []
    var failure = ProviderError.Kind.unavailable

    init(name: String = "voice") { self.name = name }

    func format(for native: AudioFormat) -> AudioFormat { native }

    func open(
        _ context: ProviderContext, format: AudioFormat, sink: @escaping (TextToSpeechEvent) -> Void
    ) -> any TextToSpeechStream {
        open += 1
        let stream = Stream(self, loop: context.eventLoop, sink: sink)
        if !breaks.isEmpty { stream.left = breaks.removeFirst() }
        return stream
    }
}

/// The words that a spelling voice can say, and their tones.
enum Spelling {
    static let words = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "sorry",
    ]

    static func sample(_ word: Substring) -> Int16 {
        let plain = word.lowercased().filter(\.isLetter)
        return Int16((words.firstIndex(of: plain) ?? words.count) + 1) * 100
    }

    /// The words in audio, each with the samples of its tone that follow each other.
    static func words(in audio: [Int16]) -> [(word: String, samples: Int)] {
        var result: [(word: String, samples: Int)] = []
        var last: Int16 = 0
        for sample in audio {
            defer { last = sample }
            guard sample != 0, sample % 100 == 0 else { continue }
            let index = Int(sample) / 100 - 1
            let word = words.indices.contains(index) ? words[index] : "?"
            if sample == last { result[result.count - 1].samples += 1 } else { result.append((word, 1)) }
        }
        return result
    }
}
