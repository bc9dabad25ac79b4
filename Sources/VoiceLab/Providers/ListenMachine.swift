/// The scripted ears: audio in, the messages of Deepgram's `/v1/listen` out. Pure: time is the amount of audio received.
///
/// Loud audio is speech. While the caller speaks, a word comes for every 280 ms of speech, each as an interim result;
/// after `endpointing` of silence the whole utterance is final. The words name the call and the utterance (`Tag`).
struct ListenMachine {
    struct Settings: Equatable, Sendable {
        var form: AudioForm
        var interimResults = false
        /// nil = off.
        var endpointingMilliseconds: Int? = 10
        var utteranceEndMilliseconds: Int?
        var vadEvents = false
    }

    /// A message to the client; times are seconds of audio.
    enum Event: Equatable {
        case speechStarted(at: Double)
        case results(Results)
        case utteranceEnd(lastWordEnd: Double)
    }

    struct Results: Equatable {
        var words: [Word]
        var start: Double
        var duration: Double
        var isFinal = false
        var speechFinal = false
        var fromFinalize = false

        var transcript: String { words.map(\.text).joined(separator: " ") }
    }

    struct Word: Equatable {
        var text: String
        var start: Double
        var end: Double
    }

    private enum State {
        case silence
        /// Speech with the words so far; `quiet` counts the silence behind it.
        case speech(begin: Int, words: [Word], voiced: Int, quiet: Int)
        /// The utterance is final; UtteranceEnd may still come.
        case ended(lastWordEnd: Double, quiet: Int)
    }

    /// -40 dBFS, as the mean square of 16-bit samples.
    private static let speechEnergy = Float(32_768.0 * 32_768.0 * 1e-4)
    private static let wordMilliseconds = 280
    /// A blink of sound is no speech.
    private static let onsetMilliseconds = 60
    /// A pause shorter than this does not end what the caller is saying, only a segment of it.
    private static let continuationWindows = 25
    private static let script = [
        "please", "tell", "me", "when", "you", "are", "open", "because", "I", "would", "like", "to", "come", "on",
        "friday", "with", "four", "people",
    ]

    let settings: Settings
    private var state = State.silence
    private var reader: Watermark.Reader
    private var pending: [Float] = []
    private var odd: UInt8?
    /// Windows of 10 ms received, and how many loud ones in a row.
    private var windows = 0
    private var loud = 0
    private(set) var utterance = 0
    /// The number of the call; read from the caller's watermark, until then the number of the connection.
    private(set) var call: Int
    private(set) var knowsCall = false

    init(settings: Settings, connection: Int) {
        self.settings = settings
        call = connection
        reader = Watermark.Reader(sampleRate: settings.form.sampleRate)
    }

    var tag: Tag { Tag(call: call, utterance: utterance) }
    /// Seconds of audio received.
    var seconds: Double { Double(windows) / 100 }

    /// Takes audio of any length, also cut inside a sample.
    mutating func audio(_ bytes: some Sequence<UInt8>) -> [Event] {
        let samples = decode(bytes)
        // Only the beginning of a connection is searched: a mark comes within the first seconds or not at all.
        if !knowsCall, windows < 600, let number = reader.read(samples) {
            call = number
            knowsCall = true
        }
        pending += samples
        let size = settings.form.sampleRate / 100
        var events: [Event] = []
        var start = 0
        while pending.count - start >= size {
            var energy: Float = 0
            for index in start..<start + size { energy += pending[index] * pending[index] }
            start += size
            windows += 1
            events += window(isLoud: energy / Float(size) >= Self.speechEnergy)
        }
        pending.removeFirst(start)
        return events
    }

    /// `Finalize`: what is there becomes final.
    mutating func finalize() -> [Event] {
        guard case .speech(let begin, let words, _, _) = state else { return [] }
        state = .ended(lastWordEnd: words.last?.end ?? seconds, quiet: 0)
        var results = self.results(begin, words)
        (results.isFinal, results.fromFinalize) = (true, true)
        return [.results(results)]
    }

    /// `CloseStream`: the same without the flag.
    mutating func close() -> [Event] {
        finalize().map { event in
            guard case .results(var results) = event else { return event }
            results.fromFinalize = false
            return .results(results)
        }
    }

    private mutating func window(isLoud: Bool) -> [Event] {
        loud = isLoud ? loud + 1 : 0
        let began = loud * 10 >= Self.onsetMilliseconds
        switch state {
        case .silence: return began ? begin() : []
        case .ended(let end, let quiet):
            // Speech that goes on behind a Finalize is still the same utterance of the caller.
            if began { return begin(continuing: quiet < Self.continuationWindows) }
            state = .ended(lastWordEnd: end, quiet: quiet + 1)
            if let limit = settings.utteranceEndMilliseconds, (quiet + 1) * 10 == limit {
                return [.utteranceEnd(lastWordEnd: end)]
            }
            return []
        case .speech(let begin, var words, let voiced, let quiet):
            guard isLoud else { return silent(begin, words, voiced, quiet + 1) }
            // The first word is complete after 200 ms, each further one 280 ms later.
            let due = 1 + ((voiced + 1) * 10 - 200 + Self.wordMilliseconds) / Self.wordMilliseconds - 1
            let isNew = (voiced + 1) * 10 >= 200 && due > words.count
            if isNew { words.append(word(words.count, end: seconds)) }
            state = .speech(begin: begin, words: words, voiced: voiced + 1, quiet: 0)
            return isNew && settings.interimResults ? [.results(results(begin, words))] : []
        }
    }

    private mutating func begin(continuing: Bool = false) -> [Event] {
        if !continuing { utterance += 1 }
        let begin = windows - loud
        state = .speech(begin: begin, words: [], voiced: loud, quiet: 0)
        return settings.vadEvents ? [.speechStarted(at: Double(begin) / 100)] : []
    }

    private mutating func silent(_ begin: Int, _ words: [Word], _ voiced: Int, _ quiet: Int) -> [Event] {
        guard let limit = settings.endpointingMilliseconds, quiet * 10 >= limit else {
            state = .speech(begin: begin, words: words, voiced: voiced, quiet: quiet)
            return []
        }
        // Too short for a word, such as "mhm": one word all the same.
        let said = words.isEmpty ? [Word(text: "mhm", start: Double(begin) / 100, end: seconds)] : words
        state = .ended(lastWordEnd: said.last?.end ?? seconds, quiet: quiet)
        var results = self.results(begin, said)
        (results.isFinal, results.speechFinal) = (true, true)
        return [.results(results)]
    }

    private func results(_ begin: Int, _ words: [Word]) -> Results {
        let start = Double(begin) / 100
        return Results(words: words, start: start, duration: seconds - start)
    }

    /// The second word names the turn; the first is ordinary, so that one word alone tells nothing.
    private func word(_ index: Int, end: Double) -> Word {
        let text = index == 0 ? "hello" : index == 1 ? tag.word : Self.script[(index - 2) % Self.script.count]
        return Word(text: text, start: end - 0.2, end: end)
    }

    private mutating func decode(_ bytes: some Sequence<UInt8>) -> [Float] {
        switch settings.form.encoding {
        case .mulaw: return bytes.map { Self.muLaw[Int($0)] }
        case .linear16:
            var samples: [Float] = []
            for byte in bytes {
                if let low = odd {
                    samples.append(Float(Int16(bitPattern: UInt16(byte) << 8 | UInt16(low))))
                    odd = nil
                } else {
                    odd = byte
                }
            }
            return samples
        }
    }

    private static let muLaw = MuLaw.linear.map { Float($0) }
}
