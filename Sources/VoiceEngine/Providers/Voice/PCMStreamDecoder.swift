internal import VoiceEngineCore

/// The bytes of a voice, cut anywhere, as whole samples of one format. Pure.
///
/// - Half a sample at the end of a piece waits for its other half.
/// - A WAV header at the head is read and checked against the format that was asked for. Another rate is refused as
///   another encoding is: audio is converted in one place of the engine only, which is told the rate before the first
///   byte comes. The text of the fault says what to write into the document.
/// - Servers that send one file for each sentence put a header in between: it is found where the data of the one before
///   ends, and at the beginning of any piece. What a file holds behind its samples is skipped.
/// - JSON that begins like an error is not played.
/// - Silence at the start may be left out, up to a limit.
struct PCMStreamDecoder {
    enum Fault: Error, Equatable, Sendable {
        /// What came is not audio; its first bytes.
        case notAudio(String)
        case wrongFormat(String)
    }

    private enum State {
        /// Too few bytes to know what follows. `isFirst`: nothing has been played yet.
        case head([UInt8], isFirst: Bool)
        /// Samples; [bytes] of them until the file's next chunk, where that is known.
        case samples(left: Int?)
        /// [bytes] of a chunk that are no audio.
        case skipping(Int)
        case failed(Fault)
    }

    /// How the errors of the services begin. Raw audio begins like none of them: the shortest is eight bytes.
    private static let errorStarts = [
        #"{"error""#, #"{"detail""#, #"{"message""#, #"{"err_code""#, #"{"err_msg""#, #"{"title""#, #"{"status""#,
        "{\"type\":\"error\"", "<!DOCTYPE", "<html",
    ].map { Array($0.utf8) }

    private let format: AudioFormat
    private var state = State.head([], isFirst: true)
    /// First half of a sample.
    private var carry: UInt8?
    /// [samples] of silence that may still be left out.
    private var trimmable: Int
    /// [samples] left out so far.
    private(set) var trimmed = 0

    /// - Parameter trimming: [ms] of silence at the start that are left out at most.
    init(_ format: AudioFormat, trimming: Int = 0) {
        self.format = format
        trimmable = format.samples(inMilliseconds: trimming)
    }

    /// Takes the next bytes and hands over the whole samples in them. Borrowed until `audio` returns.
    ///
    /// - Returns: why the stream cannot be played; from then on nothing is.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ audio: (UnsafeRawBufferPointer) -> Void) -> Fault? {
        var rest = bytes
        if case .samples = state, carry == nil, Self.isWave(rest) { state = .head([], isFirst: false) }
        // Each round takes bytes, or leaves `head` for a state that does.
        while !rest.isEmpty {
            switch state {
            case .head(let start, let isFirst):
                let all = start + rest
                switch look(at: all, isFirst: isFirst) {
                case .keep:
                    state = .head(all, isFirst: isFirst)
                    return nil
                case .fault(let fault):
                    (state, carry) = (.failed(fault), nil)
                    return fault
                case .skip(let length, let next):
                    state = next
                    if length < start.count {
                        // What waited to be recognised is a part of what follows.
                        let fault = start.suffix(start.count - length).withUnsafeBytes { feed($0, audio) }
                        if let fault { return fault }
                    } else {
                        rest = Self.dropping(length - start.count, rest)
                    }
                }
            case .samples(let left):
                let count = min(left ?? rest.count, rest.count)
                play(Self.prefix(count, rest), audio)
                rest = Self.dropping(count, rest)
                if let left {
                    carry = left == count ? nil : carry
                    state = left == count ? .head([], isFirst: false) : .samples(left: left - count)
                }
            case .skipping(let left):
                let count = min(left, rest.count)
                rest = Self.dropping(count, rest)
                state = left == count ? .head([], isFirst: false) : .skipping(left - count)
            case .failed(let fault): return fault
            }
        }
        return failure
    }

    /// The stream is over: what waited to be recognised was audio after all.
    mutating func end(_ audio: (UnsafeRawBufferPointer) -> Void) {
        guard case .head(let start, _) = state, !start.isEmpty, !start.starts(with: "RIFF".utf8) else { return }
        state = .samples(left: nil)
        start.withUnsafeBytes { play($0, audio) }
    }

    private var failure: Fault? { if case .failed(let fault) = state { fault } else { nil } }

    // MARK: What comes

    private enum Verdict {
        /// Too few bytes.
        case keep
        case fault(Fault)
        /// So many bytes are no audio; what is behind them is this.
        case skip(Int, State)
    }

    private func look(at bytes: [UInt8], isFirst: Bool) -> Verdict {
        if bytes.starts(with: "RIFF".utf8) || (bytes.count < 4 && "RIFF".utf8.starts(with: bytes)) {
            switch bytes.withUnsafeBytes(WaveHeader.read) {
            case .incomplete:
                let isTooLong = bytes.count > WaveHeader.longest
                return isTooLong ? .fault(.wrongFormat("a WAV header without end")) : .keep
            case .invalid: return .fault(.wrongFormat("a WAV header that is damaged"))
            case .complete(let header, let length):
                if let complaint = complaint(about: header) { return .fault(.wrongFormat(complaint)) }
                return .skip(length, .samples(left: header.dataBytes))
            }
        }
        return isFirst ? lookAtStart(bytes) : lookBehindData(bytes)
    }

    private func lookAtStart(_ bytes: [UInt8]) -> Verdict {
        for start in Self.errorStarts {
            if bytes.starts(with: start) {
                return .fault(.notAudio(String(decoding: bytes.prefix(400), as: UTF8.self)))
            }
            if bytes.count < start.count, start.starts(with: bytes) { return .keep }
        }
        return .skip(0, .samples(left: nil))
    }

    /// The file's samples are over: another chunk, or a server that counted wrongly and goes on with samples.
    private func lookBehindData(_ bytes: [UInt8]) -> Verdict {
        guard bytes.count >= 8 else { return .keep }
        let isName = bytes.prefix(4).allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x20
        }
        let size = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
        if isName, bytes.starts(with: "data".utf8) {
            return .skip(8, .samples(left: size > 0 && size < 0x7FFF_0000 ? size : nil))
        }
        guard isName, size <= 1 << 20 else { return .skip(0, .samples(left: nil)) }
        return .skip(8, size == 0 ? .head([], isFirst: false) : .skipping(size + size % 2))
    }

    private func complaint(about header: WaveHeader) -> String? {
        switch header.encoding {
        case .other(let name): return "a WAV stream of \(name); 16-bit PCM or G.711 is needed"
        case .known(let encoding):
            guard encoding == format.encoding else {
                return "\(encoding.rawValue) instead of \(format.encoding.rawValue)"
            }
        }
        guard header.channels == 1 else { return "\(header.channels) channels instead of one" }
        guard header.sampleRate == format.sampleRate else {
            return "audio at \(header.sampleRate) Hz instead of \(format.sampleRate) Hz;"
                + " set sample_rate to \(header.sampleRate) where the document allows it"
        }
        return nil
    }

    // MARK: Samples

    private mutating func play(_ bytes: UnsafeRawBufferPointer, _ audio: (UnsafeRawBufferPointer) -> Void) {
        guard format.bytesPerSample == 2 else { return trim(bytes, audio) }
        var rest = bytes
        if let half = carry, let other = rest.first {
            carry = nil
            withUnsafeBytes(of: (half, other)) { trim($0, audio) }
            rest = Self.dropping(1, rest)
        }
        if rest.count % 2 == 1, let last = rest.last {
            carry = last
            rest = Self.prefix(rest.count - 1, rest)
        }
        trim(rest, audio)
    }

    private mutating func trim(_ bytes: UnsafeRawBufferPointer, _ audio: (UnsafeRawBufferPointer) -> Void) {
        guard !bytes.isEmpty else { return }
        guard trimmable > 0 else { return audio(bytes) }
        let size = format.bytesPerSample
        let count = bytes.count / size
        var silent = 0
        while silent < min(count, trimmable), isSilent(bytes, silent * size) { silent += 1 }
        trimmed += silent
        trimmable = silent == count ? trimmable - silent : 0
        if silent < count { audio(Self.dropping(silent * size, bytes)) }
    }

    /// Below about -50 dB of full scale: what a synthesiser puts before its first word.
    private func isSilent(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
        switch format.encoding {
        case .pcm16:
            let sample = Int(Int16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8))
            return (-100...100).contains(sample)
        // Steps of 8 (μ-law) and 16 (A-law) in the lowest segment.
        case .mulaw: return ~bytes[at] & 0x7F <= 11
        case .alaw: return (bytes[at] ^ 0x55) & 0x7F <= 5
        case .opus: return false
        }
    }

    private static func isWave(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 12 && prefix(4, bytes).elementsEqual("RIFF".utf8)
            && bytes[8..<12].elementsEqual("WAVE".utf8)
    }

    private static func prefix(_ count: Int, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes.prefix(count))
    }

    private static func dropping(_ count: Int, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes.dropFirst(count))
    }
}
