package import VoiceEngineCore

/// One message of a Twilio media stream. Ranges are of the bytes that were decoded.
package enum TwilioMessage: Equatable, Sendable {
    case connected
    case start(TwilioStart)
    case media(TwilioMedia)
    case dtmf(digit: UInt8)
    /// The number of a mark of ours, nil for a name that is none of ours.
    case mark(Int64?)
    case stop
    /// An event that this version does not know. Twilio adds events without notice.
    case unknown
}

/// Caller audio: base64 of μ-law bytes, still in the message.
package struct TwilioMedia: Equatable, Sendable {
    package var payload: Range<Int>
    /// The base64 was written with escapes (`\/`).
    package var hasEscapes: Bool
    /// false for the other direction of a stream that carries both tracks.
    package var isInbound: Bool
}

/// What a stream tells about its call at its start.
package struct TwilioStart: Equatable, Sendable {
    package var streamSid = ""
    package var callSid = ""
    package var accountSid = ""
    package var encoding: String?
    package var sampleRate: Int64?
    package var channels: Int64?
    /// The `<Parameter>`s of the TwiML.
    package var customParameters: [String: String] = [:]
}

/// Why a message cannot be used. Made without allocation: it may come with every message.
package struct TwilioWireError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Field: String, Sendable {
        case message
        case event
        case streamSid
        case start
        case payload = "media.payload"
        case digit = "dtmf.digit"
        case markName = "mark.name"
    }

    package enum Expected: Equatable, Sendable {
        case json(JSONFault)
        case string
        case object
        case base64
        /// 1...64 letters, digits, `-` or `_`.
        case identifier
        case digit
        /// At most this many custom parameters.
        case fewerParameters(Int)

        fileprivate var text: String {
            switch self {
            case .json(let fault): "\(fault.expected.rawValue) at byte \(fault.offset)"
            case .string: "a string"
            case .object: "an object"
            case .base64: "base64"
            case .identifier: "1 to 64 letters, digits, - or _"
            case .digit: "one of 0-9, *, #, A-D"
            case .fewerParameters(let most): "at most \(most) custom parameters"
            }
        }
    }

    package let field: Field
    package let expected: Expected

    package var description: String { "\(field.rawValue): expected \(expected.text)" }
}

/// The incoming half of the Twilio media stream protocol: bytes in, values out. Pure; only `start` allocates.
package enum TwilioWire {
    package static let mostParameters = 64

    /// - Throws: `TwilioWireError` naming the field. Unknown fields and events are no error.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(TwilioWireError) -> TwilioMessage {
        var fields = Fields()
        do {
            try JSONScanner.scan(bytes) { fields.take($0) }
        } catch {
            throw TwilioWireError(field: .message, expected: .json(error))
        }
        switch fields.event {
        case .missing: throw TwilioWireError(field: .event, expected: .string)
        case .connected: return .connected
        case .start: return .start(try start(bytes))
        case .stop: return .stop
        case .unknown: return .unknown
        case .media:
            guard let payload = fields.payload else { throw TwilioWireError(field: .payload, expected: .string) }
            return .media(
                TwilioMedia(
                    payload: payload, hasEscapes: fields.payloadHasEscapes, isInbound: fields.track != .outbound))
        case .dtmf:
            guard let digit = fields.digit else { throw TwilioWireError(field: .digit, expected: .digit) }
            return .dtmf(digit: digit)
        case .mark:
            guard let name = fields.markName else { throw TwilioWireError(field: .markName, expected: .string) }
            return .mark(TwilioMarkName.number(UnsafeRawBufferPointer(rebasing: bytes[name])))
        }
    }

    /// What one pass over a message finds; of repeated keys the first counts.
    private struct Fields {
        enum Event { case missing, connected, start, media, dtmf, mark, stop, unknown }
        enum Track { case absent, inbound, outbound }

        var event = Event.missing
        var payload: Range<Int>?
        var payloadHasEscapes = false
        var track = Track.absent
        var digit: UInt8?
        var markName: Range<Int>?

        mutating func take(_ member: borrowing JSONScanner.Member) {
            guard member.kind == .string else { return }
            if member.isNamed("event") {
                if event == .missing { event = Self.event(member) }
            } else if member.isNamed("payload", in: "media") {
                guard payload == nil else { return }
                payload = member.value
                payloadHasEscapes = member.hasEscapes
            } else if member.isNamed("track", in: "media") {
                guard track == .absent else { return }
                track = member.isString("outbound") ? .outbound : .inbound
            } else if member.isNamed("digit", in: "dtmf") {
                let value = member.valueBytes
                guard digit == nil, value.count == 1, let byte = value.first, Self.isDigit(byte) else { return }
                digit = byte
            } else if member.isNamed("name", in: "mark"), markName == nil {
                markName = member.value
            }
        }

        private static func event(_ member: borrowing JSONScanner.Member) -> Event {
            if member.isString("media") { return .media }
            if member.isString("mark") { return .mark }
            if member.isString("dtmf") { return .dtmf }
            if member.isString("start") { return .start }
            if member.isString("stop") { return .stop }
            if member.isString("connected") { return .connected }
            return .unknown
        }

        private static func isDigit(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "D"),
                UInt8(ascii: "a")...UInt8(ascii: "d"), UInt8(ascii: "*"), UInt8(ascii: "#"):
                true
            default: false
            }
        }
    }

    // MARK: start

    private static func start(_ bytes: UnsafeRawBufferPointer) throws(TwilioWireError) -> TwilioStart {
        var start = TwilioStart()
        var body: Range<Int>?
        var outerSid: String?
        scan(bytes) { member in
            if member.isNamed("start"), member.kind == .object { body = member.value }
            if member.isNamed("streamSid") { outerSid = member.text }
        }
        guard let body else { throw TwilioWireError(field: .start, expected: .object) }
        var parameters: Range<Int>?
        let inner = UnsafeRawBufferPointer(rebasing: bytes[body])
        scan(inner) { member in
            if member.isNamed("streamSid") { start.streamSid = member.text ?? "" }
            if member.isNamed("callSid") { start.callSid = member.text ?? "" }
            if member.isNamed("accountSid") { start.accountSid = member.text ?? "" }
            if member.isNamed("encoding", in: "mediaFormat") { start.encoding = member.text }
            if member.isNamed("sampleRate", in: "mediaFormat") { start.sampleRate = member.integer }
            if member.isNamed("channels", in: "mediaFormat") { start.channels = member.integer }
            if member.isNamed("customParameters"), member.kind == .object { parameters = member.value }
        }
        if start.streamSid.isEmpty { start.streamSid = outerSid ?? "" }
        guard isIdentifier(start.streamSid) else { throw TwilioWireError(field: .streamSid, expected: .identifier) }
        if let parameters {
            let bytes = UnsafeRawBufferPointer(rebasing: inner[parameters])
            guard let members = (try? JSONValue.parse(bytes))?.object?.members else {
                throw TwilioWireError(field: .start, expected: .object)
            }
            guard members.count <= mostParameters else {
                throw TwilioWireError(field: .start, expected: .fewerParameters(mostParameters))
            }
            for member in members { start.customParameters[member.key] = member.value.lenientString }
        }
        return start
    }

    /// Scans text that has been scanned before, so that it cannot fail.
    private static func scan(_ bytes: UnsafeRawBufferPointer, _ visit: (borrowing JSONScanner.Member) -> Void) {
        try? JSONScanner.scan(bytes, visit)
    }

    /// A stream's name goes into every message that is sent: without escapes, and short.
    private static func isIdentifier(_ text: String) -> Bool {
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
}

/// The names of our marks: `v` and a number that only grows, so that an echo says which one came back.
enum TwilioMarkName {
    static func number(_ name: UnsafeRawBufferPointer) -> Int64? {
        guard name.first == UInt8(ascii: "v"), (2...18).contains(name.count) else { return nil }
        var number: Int64 = 0
        for byte in name.dropFirst() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number
    }
}
