internal import VoiceEngineCore

/// The caller's utterance as it forms on the server: pieces of committed audio, and their transcripts, which come later
/// and in any order. Pure.
///
///     voice ─► audio goes out ─pause─► commit ─► committed(item) ─► deltas ─► transcript ─► settled
///
/// With the engine's own detection each pause commits what was said, so that its words are there when the silence has
/// been long enough; a turn may so be several items. Otherwise the server commits.
struct OpenAIRealtimeEars {
    private struct Item: Equatable {
        let id: String
        var text = ""
        var isComplete = false
        /// Of its audio, that is kept for another connection.
        var bytes: Int
    }

    /// [ms] The server refuses to commit less.
    private static let shortestCommit = 100
    /// [ms] A voice that never pauses is committed piece by piece, or nobody would know what it says.
    private static let longestPiece = 10_000
    /// [ms] Audio before the server has noticed speech in it.
    private static let idleAudio = 1_000
    /// Pieces without a transcript; the oldest of more will not get one any more.
    private static let mostPending = 8
    /// Pieces of one utterance; of more, the oldest are forgotten.
    private static let mostItems = 128
    /// [bytes] Longest text of one piece.
    private static let longestText = 16_384
    /// [ms] Most audio that is kept.
    private static let longestAudio = 15_000

    let detection: OpenAIRealtimeOptions.Detection
    private let bytesPerMillisecond: Int
    private var items: [Item] = []
    /// Bytes of each commit that was not confirmed.
    private var commits: [Int] = []
    /// The server hears speech that it has not committed.
    private var hearsSpeech = false
    /// Audio goes to the server.
    private(set) var isOpen: Bool
    /// [bytes] of audio since the last commit.
    private var uncommitted = 0
    /// [bytes] at the front that need not be kept any more.
    private var released = 0
    private var reported = Transcript(text: "", isSettled: true)
    private var wantsSettled = false

    init(_ detection: OpenAIRealtimeOptions.Detection, bytesPerMillisecond: Int) {
        self.detection = detection
        self.bytesPerMillisecond = bytesPerMillisecond
        isOpen = detection != .engine
    }

    /// A new stream begins with nothing; the voice may be in the middle of its speech.
    mutating func restart() {
        var fresh = OpenAIRealtimeEars(detection, bytesPerMillisecond: bytesPerMillisecond)
        fresh.isOpen = isOpen
        self = fresh
    }

    /// Nothing of an utterance is on its way: the connection may be changed.
    var isQuiet: Bool { items.isEmpty && commits.isEmpty && !hearsSpeech && (detection != .engine || !isOpen) }

    /// The transcript covers everything so far.
    private var isSettled: Bool {
        commits.isEmpty && !hearsSpeech && items.allSatisfy(\.isComplete)
            && (detection != .engine || !isOpen || uncommitted == 0)
    }

    private var text: String { items.map(\.text).filter { !$0.isEmpty }.joined(separator: " ") }

    // MARK: - From the session

    /// Audio went to the server, or waits to.
    mutating func sent(bytes: Int) -> [OpenAIRealtimeCommand] {
        uncommitted += bytes
        guard detection == .engine else {
            if items.isEmpty, !hearsSpeech, uncommitted > 2 * Self.idleAudio * bytesPerMillisecond {
                released += uncommitted - Self.idleAudio * bytesPerMillisecond
                uncommitted = Self.idleAudio * bytesPerMillisecond
            }
            trim()
            return []
        }
        trim()
        return uncommitted >= Self.longestPiece * bytesPerMillisecond ? commit() : []
    }

    mutating func voiceStarted() { isOpen = true }

    mutating func voicePaused() -> [OpenAIRealtimeCommand] {
        guard detection == .engine, isOpen else { return [] }
        isOpen = false
        return commit()
    }

    /// A settled transcript is wanted.
    mutating func finish() -> (commands: [OpenAIRealtimeCommand], events: [SpeechToTextEvent]) {
        let commands = detection == .engine && isOpen ? commit() : []
        wantsSettled = true
        return (commands, reports())
    }

    /// The session has taken the utterance so far. Audio without words yet belongs to the next one.
    mutating func taken() -> [(item: String, text: String)] {
        let taken = items.filter { $0.isComplete || !$0.text.isEmpty }
        released += taken.reduce(0) { $0 + $1.bytes }
        items.removeAll { $0.isComplete || !$0.text.isEmpty }
        wantsSettled = false
        reported = Transcript(text: "", isSettled: true)
        return taken.map { ($0.id, $0.text) }
    }

    /// [bytes] of the oldest audio that may be forgotten.
    mutating func takeReleased() -> Int {
        defer { released = 0 }
        return released
    }

    // MARK: - From the server

    mutating func speechStarted() -> [SpeechToTextEvent] {
        guard detection != .engine else { return [] }
        hearsSpeech = true
        return [.turnStarted]
    }

    mutating func committed(_ item: String) {
        hearsSpeech = false
        var bytes = 0
        if detection == .engine {
            if !commits.isEmpty { bytes = commits.removeFirst() }
        } else {
            (bytes, uncommitted) = (uncommitted, 0)
        }
        guard !item.isEmpty, !items.contains(where: { $0.id == item }) else { return released += bytes }
        items.append(Item(id: item, bytes: bytes))
        if items.count > Self.mostItems { released += items.removeFirst().bytes }
        if items.count(where: { !$0.isComplete }) > Self.mostPending,
            let oldest = items.firstIndex(where: { !$0.isComplete })
        {
            items[oldest].isComplete = true
            releaseCompleted()
        }
    }

    /// There was nothing to commit.
    mutating func commitRefused() -> [SpeechToTextEvent] {
        if !commits.isEmpty { released += commits.removeFirst() }
        return reports()
    }

    mutating func delta(_ item: String, _ text: String) -> [SpeechToTextEvent] {
        guard let place = items.firstIndex(where: { $0.id == item && !$0.isComplete }),
            items[place].text.utf8.count + text.utf8.count <= Self.longestText
        else { return [] }
        items[place].text += items[place].text.isEmpty ? Self.trimmed(text) : text
        return reports()
    }

    /// - Parameter text: nil keeps what came in deltas.
    mutating func completed(_ item: String, _ text: String?) -> [SpeechToTextEvent] {
        guard let place = items.firstIndex(where: { $0.id == item && !$0.isComplete }) else { return [] }
        items[place].isComplete = true
        items[place].text = Self.folded(String((text ?? items[place].text).prefix(Self.longestText)))
        releaseCompleted()
        var events = reports()
        if detection != .engine, isSettled, !self.text.isEmpty { events.append(.endOfTurn) }
        return events
    }

    /// The connection is new, and gets all audio that was kept: what was not transcribed is one piece again.
    ///
    /// - Returns: What to say after the audio.
    mutating func reconnected() -> [OpenAIRealtimeCommand] {
        let first = items.firstIndex { !$0.isComplete } ?? items.endIndex
        uncommitted += items[first...].reduce(0) { $0 + $1.bytes } + commits.reduce(0, +)
        items.removeSubrange(first...)
        commits = []
        hearsSpeech = false
        return detection == .engine && !isOpen ? commit() : []
    }

    // MARK: -

    private mutating func releaseCompleted() {
        for place in items.indices {
            guard items[place].isComplete else { break }
            released += items[place].bytes
            items[place].bytes = 0
        }
    }

    private mutating func commit() -> [OpenAIRealtimeCommand] {
        guard uncommitted >= Self.shortestCommit * bytesPerMillisecond else { return [] }
        commits.append(uncommitted)
        uncommitted = 0
        return [.commit]
    }

    /// The oldest audio beyond the limit is forgotten.
    private mutating func trim() {
        var excess = uncommitted + commits.reduce(0, +) + items.reduce(0) { $0 + $1.bytes }
        excess -= Self.longestAudio * bytesPerMillisecond
        guard excess > 0 else { return }
        released += excess
        func take(_ bytes: inout Int) {
            let taken = min(bytes, excess)
            bytes -= taken
            excess -= taken
        }
        for place in items.indices { take(&items[place].bytes) }
        for place in commits.indices { take(&commits[place]) }
        take(&uncommitted)
    }

    private mutating func reports() -> [SpeechToTextEvent] {
        let transcript = Transcript(text: Self.trimmed(text), isSettled: isSettled)
        guard transcript != reported || wantsSettled && transcript.isSettled,
            transcript.isSettled || !transcript.text.isEmpty
        else { return [] }
        if transcript.isSettled { wantsSettled = false }
        reported = transcript
        return [.transcript(transcript)]
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace ?? false { rest.removeFirst() }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }

    /// Blanks at the ends go, and line breaks become blanks.
    private static func folded(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
