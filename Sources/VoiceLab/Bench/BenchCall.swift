import NIOCore

/// One live call of the benchmark on its WebSocket. A `CallWheel` calls `tick` every 20 ms.
final class BenchCall: WheelCall {
    /// Audio that all calls share.
    struct Sounds: Sendable {
        var utterance: BenchClip
        var interruption: BenchClip
        /// Against the scripted providers: the caller's number is heard as a watermark, and every reply has its tone.
        var isScripted = true
    }

    private enum State { case connecting, running(BenchCallMachine), over }

    /// The two codes of mu-law next to zero decode to no more than this.
    private static let silence: UInt16 = 8
    /// [samples] The longest usual message.
    private static let pace = Telephone.samples(milliseconds: 40)

    private let number: Int
    private let setup: SimulatedCall.Setup
    private let sounds: Sounds
    private let watermark: BenchClip
    private let socket: WebSocketClient
    private var writer: BenchWriter
    private var state = State.connecting
    private(set) var measurement = BenchMeasurement()
    private var judge = PacingJudge()
    private var clock = PlayState()
    private var strictMessages = 20

    /// When the agent's audio has been played.
    private struct PlayState {
        var playedUntil: Int64 = 0
        /// The same without the silence behind the last sound; only kept while an interruption is under way.
        var audibleUntil: Int64 = 0
        var partBegan: Int64?
        var lastArrival: Int64 = 0
        var marks: [(name: String, due: Int64)] = []
        /// Set by an interruption until the agent has fallen silent: onset, and the tone that must not come again.
        var interruption: (onset: Int64, cleared: Int64?)?
        var tone: Int?
        var forbidden: (tone: Int, until: Int64)?
    }

    /// Called once, when the call is over.
    var onOver: () -> Void = {}

    var isOver: Bool { if case .over = state { true } else { false } }

    init(number: Int, setup: SimulatedCall.Setup, sounds: Sounds) {
        self.number = number
        self.setup = setup
        self.sounds = sounds
        watermark = BenchClip(samples: Watermark.samples(call: number), keepingSilence: true)
        writer = BenchWriter(streamSid: setup.streamSid)
        socket = WebSocketClient(endpoint: setup.endpoint, trust: setup.trust)
    }

    /// Connects; to be called on `loop`.
    func start(on loop: any EventLoop) {
        socket.onOpen = { [self] in
            var start = StreamWriter(streamSid: setup.streamSid, callSid: setup.callSid, accountSid: setup.accountSid)
            socket.send(text: StreamWriter.connected)
            socket.send(text: start.start(parameters: setup.parameters))
            state = .running(
                BenchCallMachine(
                    began: monotonicNanoseconds(), utteranceFrames: sounds.utterance.frames.count,
                    interruptionFrames: sounds.interruption.frames.count,
                    watermarkFrames: sounds.isScripted ? watermark.frames.count : 0))
        }
        socket.onMessage = { [self] in received($0) }
        socket.onClose = { [self] violation in
            if !isOver { violated(violation?.description ?? "the server ended the call") }
            end()
        }
        socket.connect(on: loop)
    }

    /// Sends the frame that is due.
    func tick(at now: Int64) {
        guard case .running(var machine) = state else { return }
        let frame = machine.next(at: now, replyBegan: clock.partBegan, playedUntil: clock.playedUntil)
        state = .running(machine)
        switch frame {
        case .silence: socket.send(text: writer.media(BenchClip.silence))
        case .watermark(let index): socket.send(text: writer.media(watermark.frames[index]))
        case .utterance(let index): speak(sounds.utterance, index, now, interrupts: false)
        case .interruption(let index): speak(sounds.interruption, index, now, interrupts: true)
        case .over: return finish()
        }
        while let mark = clock.marks.first, mark.due <= now {
            clock.marks.removeFirst()
            socket.send(text: writer.mark(mark.name, streamSid: setup.streamSid))
        }
        if let interruption = clock.interruption, now - interruption.onset > 1_000_000_000 { settle(interruption) }
    }

    /// Ends the call when the benchmark is over.
    func finish() {
        guard !isOver else { return }
        measurement.completed = measurement.turns.count == 3
        end()
        var last = StreamWriter(streamSid: setup.streamSid, callSid: setup.callSid, accountSid: setup.accountSid)
        socket.send(text: last.stop())
        socket.close(code: 1000)
    }

    private func end() {
        state = .over
        onOver()
        onOver = {}
    }

    private func speak(_ clip: BenchClip, _ index: Int, _ now: Int64, interrupts: Bool) {
        if index == 0 {
            // A frame leaves when it has been spoken: its first sample was 20 ms ago.
            let zero = now - Telephone.frameNanoseconds
            let tag = Tag(call: number, utterance: measurement.turns.count + 1)
            let end = zero + Telephone.nanoseconds(ofSample: clip.speech.upperBound)
            measurement.turns.append(.init(tag: tag, speechEnd: end))
            if interrupts {
                clock.interruption = (zero + Telephone.nanoseconds(ofSample: clip.speech.lowerBound), nil)
                clock.audibleUntil = clock.playedUntil
            }
        }
        socket.send(text: writer.media(clip.frames[index]))
    }

    // MARK: From the server

    private func received(_ message: WebSocketMessage) {
        guard case .text(let text) = message else {
            if case .binary = message { violated("31950: a binary frame") }
            return
        }
        let now = monotonicNanoseconds()
        if strictMessages > 0 {
            // Strict reading costs too much for every frame; the first messages show what kind of server it is.
            strictMessages -= 1
            do {
                _ = try ServerMessage.parse(Array(text.readableBytesView), streamSid: setup.streamSid)
            } catch {
                violated("\(error)")
            }
        }
        guard let scanned = MediaScanner.scan(text) else {
            switch try? ServerMessage.parse(Array(text.readableBytesView), streamSid: setup.streamSid) {
            case .mark(let name): clock.marks.append((name, max(now, clock.playedUntil)))
            case .clear: cleared(now)
            case .media, nil: break
            }
            return
        }
        media(text, scanned, now)
    }

    private func media(_ text: ByteBuffer, _ scanned: MediaScanner.Media, _ now: Int64) {
        let duration = Telephone.nanoseconds(ofSample: scanned.samples)
        let isFirst = now - max(clock.lastArrival, clock.playedUntil) > 400_000_000 || clock.partBegan == nil
        if isFirst {
            judge.reset()
            clock.partBegan = now
            clock.tone = tone(text, scanned)
            replied(now)
        } else if clock.playedUntil < now {
            measurement.gaps += 1
        }
        judgePace(of: scanned.samples, now)
        if let forbidden = clock.forbidden {
            if now > forbidden.until {
                clock.forbidden = nil
            } else if tone(text, scanned) == forbidden.tone {
                measurement.staleFrames += Self.frames(scanned.samples)
            }
        }
        clock.lastArrival = now
        if clock.interruption != nil, let audible = audible(text, scanned) {
            clock.audibleUntil = max(clock.playedUntil, now) + Telephone.nanoseconds(ofSample: audible)
        }
        clock.playedUntil = max(clock.playedUntil, now) + duration
    }

    /// A message of up to 40 ms has one place in the stretch of speech; a longer one is as late as its beginning.
    private func judgePace(of samples: Int, _ now: Int64) {
        for start in stride(from: 0, to: samples, by: Self.pace) {
            let piece = min(Self.pace, samples - start)
            measurement.frames += Self.frames(piece)
            guard let late = judge.frame(at: now, samples: piece) else { continue }
            measurement.lateness.add(Double(late) / 1e6)
            if late > PacingJudge.limit { measurement.lateFrames += Self.frames(piece) }
        }
    }

    /// Of 20 ms, a begun one included.
    private static func frames(_ samples: Int) -> Int { (samples + 159) / 160 }

    /// The first frame of a reply belongs to the caller's last words, once those are over.
    private func replied(_ now: Int64) {
        guard let last = measurement.turns.indices.last, measurement.turns[last].firstFrame == nil,
            now > measurement.turns[last].speechEnd
        else { return }
        measurement.turns[last].firstFrame = now
        measurement.turns[last].tone = clock.tone
        if sounds.isScripted, clock.tone != ToneBank.index(measurement.turns[last].tag) { measurement.wrongTones += 1 }
    }

    private func cleared(_ now: Int64) {
        for mark in clock.marks { socket.send(text: writer.mark(mark.name, streamSid: setup.streamSid)) }
        clock.marks.removeAll()
        if var interruption = clock.interruption, interruption.cleared == nil {
            interruption.cleared = now
            clock.interruption = interruption
            if let tone = clock.tone { clock.forbidden = (tone, now + 1_500_000_000) }
        }
        clock.playedUntil = min(clock.playedUntil, now)
        clock.audibleUntil = min(clock.audibleUntil, now)
        // What comes next is a new reply, however soon.
        clock.partBegan = nil
    }

    /// A second after the onset it is clear when the agent fell silent.
    private func settle(_ interruption: (onset: Int64, cleared: Int64?)) {
        clock.interruption = nil
        measurement.bargeInToLastSample.append(clock.audibleUntil - interruption.onset)
        if let cleared = interruption.cleared { measurement.bargeInToClear.append(cleared - interruption.onset) }
    }

    private func tone(_ text: ByteBuffer, _ scanned: MediaScanner.Media) -> Int? {
        guard sounds.isScripted, let samples = samples(text, scanned) else { return nil }
        return ToneBank.recognize(samples[...])
    }

    /// Samples up to the last that is no silence; nil: there is none.
    private func audible(_ text: ByteBuffer, _ scanned: MediaScanner.Media) -> Int? {
        samples(text, scanned)?.lastIndex { $0.magnitude > Self.silence }.map { $0 + 1 }
    }

    private func samples(_ text: ByteBuffer, _ scanned: MediaScanner.Media) -> [Int16]? {
        let payload = text.readableBytesView.dropFirst(scanned.payload.lowerBound).prefix(scanned.payload.count)
        return Base64.decode(payload).map { MuLaw.decode($0) }
    }

    private func violated(_ text: String) {
        if measurement.violations.count < 10 { measurement.violations.append(text) }
    }
}

/// Finds the payload of a media message without reading the rest: the benchmark's hot path.
enum MediaScanner {
    struct Media: Equatable {
        /// Where the base64 text lies, from the first readable byte.
        var payload: Range<Int>
        var samples: Int
    }

    private static let key = Array(#""payload":"#.utf8)

    static func scan(_ text: ByteBuffer) -> Media? {
        text.withUnsafeReadableBytes { bytes in
            guard let colon = find(bytes) else { return nil }
            var start = colon
            while start < bytes.count, bytes[start] == 32 { start += 1 }
            guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else { return nil }
            start += 1
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\"") { end += 1 }
            guard end > start, (end - start) % 4 == 0 else { return nil }
            var padding = 0
            while padding < 2, bytes[end - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
            return Media(payload: start..<end, samples: (end - start) / 4 * 3 - padding)
        }
    }

    /// The byte after `"payload":`.
    private static func find(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        while index + key.count <= bytes.count {
            if bytes[index] == key[0], bytes[index + 1] == key[1], bytes[index + 2] == key[2] {
                var matched = 3
                while matched < key.count, bytes[index + matched] == key[matched] { matched += 1 }
                if matched == key.count { return index + matched }
            }
            index += 1
        }
        return nil
    }
}
