internal import VoiceEngineCore

// FreeSWITCH's mod_audio_fork and jambonz' `listen`, which is built on it: linear samples in binary messages, both ways.
//
//     first text: what the call is (JSON; may be missing)   then binary audio, DTMF, marks   close
//
// Its buffer has four traps. It plays from 160 ms on, and after an underrun from 80 ms on: the end of every stretch needs
// that much silence behind it. A mark goes in front of the next binary message, so silence must follow it too. There are
// at most 30 marks. And the sample -1 is its own sign for a mark: it is never sent.

/// Messages of mod_audio_fork with bidirectional streaming switched on.
package final class AudioForkWire: StreamWire {
    package enum Dialect: String, Sendable {
        /// The verb `listen` of jambonz.
        case jambonz
        /// mod_audio_fork by itself, started by `uuid_audio_fork`.
        case freeSWITCH = "freeswitch"

        package var subprotocol: String {
            switch self {
            case .jambonz: "audio.jambonz.org"
            case .freeSWITCH: "audio.drachtio.org"
            }
        }
    }

    private enum State {
        case waiting
        case started
    }

    package let name: String
    package let traits: StreamTraits
    /// From the address, where the module does not tell it. [Hz]
    private let assumedRate: Int
    private var state = State.waiting
    private let dialect: Dialect
    /// A copy of a message's audio without the sample -1.
    private var samples: [Int16] = []

    package init(_ dialect: Dialect, sampleRate: Int = 8_000) {
        self.dialect = dialect
        name = dialect.rawValue
        assumedRate = sampleRate
        var traits = StreamTraits()
        traits.marks = .echoed(most: 30)
        // 160 ms, with a frame to spare.
        traits.tailMilliseconds = 180
        // Playback begins with 160 ms in the buffer.
        traits.leadMilliseconds = 200
        traits.hangUp = dialect == .jambonz ? .byMessage : .byClosing
        self.traits = traits
        samples.reserveCapacity(2_048)
    }

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        switch state {
        case .waiting:
            let start = try self.start(text)
            state = .started
            return .start(start)
        case .started: return try event(text)
        }
    }

    package func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let media = StreamMedia(0..<(binary.count & ~1))
        guard case .waiting = state else { return .media(media) }
        // Started without metadata.
        var start = StreamStart()
        start.input = StreamFormat(try Self.format(assumedRate))
        start.output = start.input
        start.firstAudio = media
        state = .started
        return .start(start)
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        samples.removeAll(keepingCapacity: true)
        for offset in stride(from: 0, to: audio.count & ~1, by: 2) {
            let sample = audio.loadUnaligned(fromByteOffset: offset, as: Int16.self)
            samples.append(sample == -1 ? 0 : sample)
        }
        output.binary { buffer in samples.withUnsafeBytes { _ = buffer.writeBytes($0) } }
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch command {
        case .mark(let number):
            output.text { buffer in
                buffer.writeStaticString(#"{"type":"mark","data":{"name":"v"#)
                buffer.writeDecimal(number)
                buffer.writeStaticString(#""}}"#)
            }
        case .clear: output.text { $0.writeStaticString(#"{"type":"killAudio"}"#) }
        // mod_audio_fork makes an event of it, and nothing else.
        case .hangUp:
            guard dialect == .jambonz else { return false }
            output.text { $0.writeStaticString(#"{"type":"disconnect"}"#) }
        case .accepted, .refused, .reply, .digits, .transfer, .stopped: return false
        }
        return true
    }

    // MARK: -

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        var start = StreamStart()
        var rate = Int64(assumedRate)
        var channels = 1
        if (try? JSONScanner.scan(bytes) { _ in }) != nil {
            try StreamFields.addParameters(bytes, to: &start.variables)
            if let text = start.variables.removeValue(forKey: "sampleRate"), let told = Int64(text) { rate = told }
            if start.variables.removeValue(forKey: "mixType") == "stereo" { channels = 2 }
        } else {
            // `uuid_audio_fork … start` takes any text for metadata.
            start.variables["metadata"] = String(String(decoding: bytes, as: UTF8.self).prefix(1_024))
        }
        start.callID = start.variables["callSid"] ?? start.variables["callId"] ?? ""
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        if let from = start.variables["from"] { start.variables["caller"] = from }
        if let to = start.variables["to"] { start.variables["called"] = to }
        let format = try Self.format(Int(clamping: rate))
        start.input = StreamFormat(format, channels: channels)
        start.output = StreamFormat(format)
        return start
    }

    private static func format(_ rate: Int) throws(StreamWireError) -> AudioFormat {
        guard [8_000, 16_000, 24_000, 32_000, 48_000].contains(rate),
            let format = try? AudioFormat(encoding: .pcm16, sampleRate: rate)
        else {
            throw StreamWireError("sampleRate", .format("8000, 16000, 24000, 32000 or 48000", got: "\(rate)"))
        }
        return format
    }

    private func event(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        var isMark = false
        var isDigit = false
        var isPlayed = false
        var digit: UInt8?
        var mark: Range<Int>?
        do {
            try JSONScanner.scan(bytes) { member in
                if member.isNamed("type") {
                    isMark = isMark || member.isString("mark")
                    isPlayed = isPlayed || member.isString("playDone")
                } else if member.isNamed("event") {
                    isDigit = isDigit || member.isString("dtmf")
                } else if member.isNamed("dtmf"), member.kind == .string {
                    digit = digit ?? StreamFields.digit(member.valueBytes)
                } else if member.isNamed("name", in: "data"), member.kind == .string {
                    mark = mark ?? member.value
                }
            }
        } catch {
            // `uuid_audio_fork … send_text` sends any text.
            return .unknown
        }
        if isMark {
            guard let mark else { throw StreamWireError("data.name", .string) }
            return .mark(StreamMarkName.number(UnsafeRawBufferPointer(rebasing: bytes[mark])))
        }
        if isDigit {
            guard let digit else { throw StreamWireError("dtmf", .digit) }
            return .digit(digit)
        }
        return isPlayed ? .nothing : .unknown
    }
}
