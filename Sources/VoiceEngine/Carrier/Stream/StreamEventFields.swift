package import VoiceEngineCore

/// The message format that Twilio began and others took over: one JSON object per message, told apart by `event`, with
/// an object of that name inside.
///
///     {"event":"media","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"…"}}
///
/// One pass over a message finds the fields that come with every one; of repeated keys the first counts. What `start`
/// holds differs from carrier to carrier. No allocation.
package struct StreamEventFields {
    package enum Event: Equatable, Sendable {
        case missing, connected, start, media, dtmf, mark, playedStream, clearedAudio, error, stop, unknown
    }

    package private(set) var event = Event.missing
    private var payload: Range<Int>?
    private var hasEscapes = false
    private var isInbound: Bool?
    private var chunk: Int64?
    private var timestamp: Int64?
    private var digit: UInt8?
    private var markName: Range<Int>?
    private var name: Range<Int>?

    /// - Throws: When the message is no JSON object or has no event.
    package init(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) {
        do {
            try JSONScanner.scan(bytes) { take($0) }
        } catch {
            throw StreamWireError("message", .json(error))
        }
        if event == .missing { throw StreamWireError("event", .string) }
    }

    /// The message, but for `start` and what only one carrier has: those are `unknown`.
    package func message(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        switch event {
        case .missing: throw StreamWireError("event", .string)
        case .connected: return .connected
        case .stop: return .stop
        case .media:
            guard let payload else { throw StreamWireError("media.payload", .string) }
            if isInbound == false { return .nothing }
            return .media(
                StreamMedia(payload, hasEscapes ? .escapedBase64 : .base64, sequence: chunk, timestamp: timestamp))
        case .dtmf:
            guard let digit else { throw StreamWireError("dtmf.digit", .digit) }
            return .digit(digit)
        case .mark: return try mark(markName, "mark.name", bytes)
        case .playedStream: return try mark(name, "name", bytes)
        case .clearedAudio: return .nothing
        case .start, .error, .unknown: return .unknown
        }
    }

    private func mark(
        _ name: Range<Int>?, _ field: String, _ bytes: UnsafeRawBufferPointer
    ) throws(StreamWireError) -> StreamMessage {
        guard let name else { throw StreamWireError(field, .string) }
        return .mark(StreamMarkName.number(UnsafeRawBufferPointer(rebasing: bytes[name])))
    }

    private mutating func take(_ member: borrowing JSONScanner.Member) {
        // Names are told apart by their length first: that costs no comparison.
        switch member.key.count {
        case 4: takeName(member)
        case 5: takeShort(member)
        case 7:
            guard payload == nil, case .string = member.kind, member.isNamed("payload", in: "media") else { return }
            payload = member.value
            hasEscapes = member.hasEscapes
        case 9:
            if timestamp == nil, member.isNamed("timestamp", in: "media") { timestamp = member.integer }
        default: break
        }
    }

    private mutating func takeName(_ member: borrowing JSONScanner.Member) {
        guard case .string = member.kind else { return }
        if member.isNamed("name", in: "mark") {
            if markName == nil { markName = member.value }
        } else if member.isNamed("name") {
            if name == nil { name = member.value }
        }
    }

    private mutating func takeShort(_ member: borrowing JSONScanner.Member) {
        if chunk == nil, member.isNamed("chunk", in: "media") {
            chunk = member.integer
            return
        }
        guard case .string = member.kind else { return }
        if event == .missing, member.isNamed("event") {
            event = Self.event(member)
        } else if isInbound == nil, member.isNamed("track", in: "media") {
            isInbound = !member.isString("outbound")
        } else if digit == nil, member.isNamed("digit", in: "dtmf") {
            digit = StreamFields.digit(member.valueBytes)
        }
    }

    private static func event(_ member: borrowing JSONScanner.Member) -> Event {
        if member.isString("media") { return .media }
        if member.isString("mark") { return .mark }
        if member.isString("playedStream") { return .playedStream }
        if member.isString("clearedAudio") { return .clearedAudio }
        if member.isString("dtmf") { return .dtmf }
        if member.isString("start") { return .start }
        if member.isString("stop") { return .stop }
        if member.isString("connected") { return .connected }
        if member.isString("error") { return .error }
        return .unknown
    }
}

/// Reading of what messages have in common.
package enum StreamFields {
    package static let mostParameters = 64

    /// A DTMF digit: one byte of 0-9, A-D, `*` and `#`.
    package static func digit(_ text: UnsafeRawBufferPointer) -> UInt8? {
        guard text.count == 1, let byte = text.first else { return nil }
        return isDigit(byte) ? byte : nil
    }

    package static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "D"),
            UInt8(ascii: "a")...UInt8(ascii: "d"), UInt8(ascii: "*"), UInt8(ascii: "#"):
            true
        default: false
        }
    }

    /// The format that a media type names: μ-law at 8 kHz, or 16-bit samples, least significant byte first.
    ///
    /// - Parameter linear: The carrier's type of 16-bit samples, in lower case.
    package static func format(
        _ encoding: String, _ sampleRate: Int64, linear: String, field: String
    ) throws(StreamWireError) -> StreamFormat {
        let type = encoding.lowercased()
        if type == "audio/x-mulaw", sampleRate == 8_000 { return .telephone }
        if type == linear, [8_000, 16_000, 24_000].contains(sampleRate),
            let format = try? AudioFormat(encoding: .pcm16, sampleRate: Int(clamping: sampleRate))
        {
            return StreamFormat(format)
        }
        throw StreamWireError(
            field,
            .format(
                "audio/x-mulaw at 8000 Hz, or \(linear) at 8000, 16000 or 24000 Hz",
                got: "\(encoding.prefix(32)), \(sampleRate) Hz"))
    }

    /// A stream's name goes into every message that is sent: without escapes, and short.
    package static func isIdentifier(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Text of a carrier for a log: one line, and short.
    package static func line(_ text: String) -> String {
        String(
            text.unicodeScalars.prefix(200).map { $0.properties.isWhitespace || $0.value < 32 ? " " : Character($0) })
    }

    /// Visits the members of an object that has been scanned before, so that it cannot fail.
    package static func visit(_ bytes: UnsafeRawBufferPointer, _ visit: (borrowing JSONScanner.Member) -> Void) {
        try? JSONScanner.scan(bytes, visit)
    }

    /// The object that is the member `start` of a message.
    package static func start(of bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> UnsafeRawBufferPointer {
        var body: Range<Int>?
        visit(bytes) { member in
            if member.isNamed("start"), member.kind == .object { body = body ?? member.value }
        }
        guard let body else { throw StreamWireError("start", .object) }
        return UnsafeRawBufferPointer(rebasing: bytes[body])
    }

    /// Adds the members of a JSON object of texts; numbers and booleans become text, others are left out.
    package static func addParameters(
        _ bytes: UnsafeRawBufferPointer, to variables: inout [String: String]
    ) throws(StreamWireError) {
        guard let members = (try? JSONValue.parse(bytes))?.object?.members else {
            throw StreamWireError("start", .object)
        }
        guard members.count <= mostParameters else {
            throw StreamWireError("start", .fewerParameters(mostParameters))
        }
        for member in members { variables[member.key] = member.value.lenientString }
    }
}
