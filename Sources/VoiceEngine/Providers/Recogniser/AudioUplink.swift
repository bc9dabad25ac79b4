internal import NIOCore
internal import VoiceEngineCore

/// A caller's audio on its way to a recogniser: cut into messages, kept while the connection cannot take them. Pure.
///
///     append ─► chunk (does not fill a message yet) ─► taken by the connection, or backlog (≤ 10 s, oldest dropped)
///
/// However the audio is split when it is appended, the same messages come out: short ones, that words come early, and
/// longer ones while nobody speaks, because each costs two system calls. The recogniser counts time by what it was sent;
/// `callMilliseconds(ofSent:)` leads back to the time of what was appended.
struct AudioUplink {
    /// [ms] of audio that are kept while nothing can be sent.
    static let longestBacklog = 10_000
    /// [ms] A month: what a recogniser says beyond is no time.
    private static let longestCall: Int64 = 2_700_000_000

    /// Whether the connection took a message. Borrowed until return.
    typealias Take = (UnsafeRawBufferPointer) -> Bool

    private let format: AudioFormat
    private let chunkBytes: Int
    private let quietBytes: Int
    /// Of the message that is being filled.
    private var messageBytes: Int
    private let smallestBytes: Int
    private let maximumBacklogBytes: Int
    /// Audio that does not fill a message yet.
    private var chunk: [UInt8] = []
    private var backlog = CircularBuffer<[UInt8]>()
    /// [bytes] of audio that wait for the connection.
    private(set) var backlogBytes = 0
    /// [bytes] since the start: given by the caller, put in between as silence, dropped from the backlog.
    private var appended: Int64 = 0
    private var inserted: Int64 = 0
    private var dropped: Int64 = 0
    /// Where silence was put in, as positions in what is sent; the oldest are only counted.
    private var insertions = CircularBuffer<Range<Int64>>()
    private var oldInsertions: Int64 = 0
    private static let longestMemory = 64

    /// - Parameters:
    ///   - chunkMilliseconds: Length of a message.
    ///   - quietMilliseconds: The same while nobody speaks, if it is longer.
    ///   - smallestMilliseconds: What is shorter when it is flushed is filled up with silence.
    init(format: AudioFormat, chunkMilliseconds: Int, quietMilliseconds: Int = 0, smallestMilliseconds: Int = 0) {
        self.format = format
        func bytes(_ milliseconds: Int) -> Int {
            format.bytes(forSamples: format.samples(inMilliseconds: milliseconds))
        }
        chunkBytes = max(1, bytes(chunkMilliseconds))
        quietBytes = max(chunkBytes, bytes(quietMilliseconds))
        messageBytes = chunkBytes
        smallestBytes = min(chunkBytes, bytes(smallestMilliseconds))
        maximumBacklogBytes = max(quietBytes, bytes(Self.longestBacklog))
        chunk.reserveCapacity(quietBytes)
    }

    /// [ms] of audio that the recogniser was sent.
    var sentMilliseconds: Int64 {
        milliseconds(appended + inserted - dropped - Int64(chunk.count) - Int64(backlogBytes))
    }

    /// The recogniser's time as time of the caller's audio.
    func callMilliseconds(ofSent sent: Int64) -> Int64 {
        guard (0...Self.longestCall).contains(sent) else { return 0 }
        let position = Int64(format.bytes(forSamples: format.samples(inMilliseconds: Int(sent))))
        let silence = insertions.reduce(oldInsertions) { $0 + max(0, min($1.upperBound, position) - $1.lowerBound) }
        return milliseconds(max(0, position - silence + dropped))
    }

    mutating func append(_ audio: UnsafeRawBufferPointer, _ take: Take) {
        appended += Int64(audio.count)
        fill(audio, take)
    }

    /// Nobody speaks: the messages may be long.
    mutating func quieten() { messageBytes = quietBytes }

    /// Somebody speaks: what has been collected goes, and the messages are short again.
    mutating func attend(_ take: Take) {
        messageBytes = chunkBytes
        if chunk.count >= messageBytes { emit(take) }
    }

    /// The speaker pauses, and the words before that are waited for: what has been collected goes, if the recogniser
    /// takes so little.
    mutating func pause(_ take: Take) {
        if chunk.count >= max(smallestBytes, format.bytesPerSample) { flush(take) }
    }

    /// Puts in silence that the caller did not send, and flushes.
    mutating func appendSilence(milliseconds: Int, _ take: Take) {
        let count = format.bytes(forSamples: format.samples(inMilliseconds: milliseconds))
        noteInsertion(count)
        [UInt8](repeating: format.encoding.silence, count: count).withUnsafeBytes { fill($0, take) }
        flush(take)
    }

    /// What does not fill a message goes all the same.
    mutating func flush(_ take: Take) {
        // Half a sample waits for its other half.
        let rest = chunk.count % max(1, format.bytesPerSample)
        let half = Array(chunk.suffix(rest))
        chunk.removeLast(rest)
        if !chunk.isEmpty {
            let padding = smallestBytes - chunk.count
            if padding > 0 {
                noteInsertion(padding)
                chunk.append(contentsOf: repeatElement(format.encoding.silence, count: padding))
            }
            emit(take)
        }
        chunk.append(contentsOf: half)
    }

    /// Sends from the backlog, at most so many bytes.
    ///
    /// - Returns: bytes that were taken.
    mutating func drain(atMost limit: Int = .max, _ take: Take) -> Int {
        var taken = 0
        while taken < limit, let first = backlog.first, first.withUnsafeBytes(take) {
            backlog.removeFirst()
            backlogBytes -= first.count
            taken += first.count
        }
        return taken
    }

    /// Nothing will be sent any more.
    mutating func removeAll() {
        chunk.removeAll()
        backlog.removeAll()
        backlogBytes = 0
    }

    // MARK: -

    private mutating func fill(_ audio: UnsafeRawBufferPointer, _ take: Take) {
        var rest = audio
        while rest.count > 0 {
            let count = min(rest.count, messageBytes - chunk.count)
            chunk.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if chunk.count == messageBytes { emit(take) }
        }
    }

    private mutating func noteInsertion(_ count: Int) {
        let start = appended + inserted - dropped
        inserted += Int64(count)
        let range = start..<(start + Int64(count))
        if let last = insertions.last, last.upperBound == start {
            insertions[insertions.index(before: insertions.endIndex)] = last.lowerBound..<range.upperBound
        } else {
            insertions.append(range)
        }
        if insertions.count > Self.longestMemory, let oldest = insertions.popFirst() {
            oldInsertions += Int64(oldest.count)
        }
    }

    private mutating func emit(_ take: Take) {
        defer { chunk.removeAll(keepingCapacity: true) }
        if backlog.isEmpty, chunk.withUnsafeBytes(take) { return }
        backlog.append(chunk)
        backlogBytes += chunk.count
        while backlogBytes > maximumBacklogBytes, let oldest = backlog.popFirst() {
            backlogBytes -= oldest.count
            dropped += Int64(oldest.count)
        }
    }

    private func milliseconds(_ bytes: Int64) -> Int64 {
        Int64(format.milliseconds(ofSamples: format.samples(inBytes: Int(clamping: bytes))).rounded())
    }
}

extension AudioFormat {
    /// What a recogniser is given of a caller in this format: the same where it can, else linear audio, at 16 kHz when
    /// the caller's rate would only cost. Opus packets are decoded first: raw packets have no place in the protocols.
    ///
    /// - Parameter codecs: Encodings that the recogniser takes besides linear audio.
    func forRecogniser(taking codecs: Set<AudioEncoding>) -> AudioFormat {
        switch encoding {
        case .mulaw, .alaw:
            if codecs.contains(encoding) { return self }
            return (try? AudioFormat(encoding: .pcm16, sampleRate: sampleRate)) ?? self
        case .pcm16 where sampleRate <= 24_000: return self
        case .pcm16, .opus: return (try? AudioFormat(encoding: .pcm16, sampleRate: 16_000)) ?? self
        }
    }
}
