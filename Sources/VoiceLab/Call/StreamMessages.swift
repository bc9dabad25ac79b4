import Foundation

/// What a server may send on a bidirectional media stream.
enum ServerMessage: Equatable {
    case media(payload: [UInt8])
    case mark(name: String)
    case clear

    /// Reads one text message as strictly as Twilio does: nothing beyond the documented fields is accepted.
    ///
    /// - Throws: `WireViolation` with Twilio's warning number.
    static func parse(_ text: [UInt8], streamSid: String) throws -> ServerMessage {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text)), let message = object as? [String: Any]
        else { throw WireViolation("31951: not a JSON object: \(excerpt(text))") }
        guard let event = message["event"] as? String else { throw WireViolation("31951: no event: \(excerpt(text))") }
        guard let sid = message["streamSid"] as? String else {
            throw WireViolation("31951: \(event) without streamSid")
        }
        guard sid == streamSid else { throw WireViolation("31951: \(event) with the streamSid \(sid)") }
        switch event {
        case "media":
            let media = try body("media", of: message, fields: ["payload"])
            guard let payload = media["payload"] as? String else { throw WireViolation("31951: media without payload") }
            guard let bytes = Base64.decode(payload.utf8), !bytes.isEmpty else {
                throw WireViolation("31930: a payload that is no base64: \(excerpt(Array(payload.utf8)))")
            }
            // A file instead of raw audio would be played as noise.
            guard !bytes.starts(with: Array("RIFF".utf8)) else {
                throw WireViolation("31930: a WAV header in the payload")
            }
            return .media(payload: bytes)
        case "mark":
            let mark = try body("mark", of: message, fields: ["name"])
            guard let name = mark["name"] as? String, !name.isEmpty else {
                throw WireViolation("31951: mark without name")
            }
            return .mark(name: name)
        case "clear":
            try check(message, allowed: ["event", "streamSid"], in: "clear")
            return .clear
        default: throw WireViolation("31951: unknown event \(event)")
        }
    }

    private static func body(_ event: String, of message: [String: Any], fields: Set<String>) throws -> [String: Any] {
        try check(message, allowed: ["event", "streamSid", event], in: event)
        guard let body = message[event] as? [String: Any] else {
            throw WireViolation("31951: \(event) has no \(event) object")
        }
        try check(body, allowed: fields, in: "\(event).\(event)")
        return body
    }

    private static func check(_ object: [String: Any], allowed: Set<String>, in place: String) throws {
        for key in object.keys.sorted() where !allowed.contains(key) {
            throw WireViolation("31951: \(place) has the unknown field \(key)")
        }
    }

    private static func excerpt(_ text: [UInt8]) -> String {
        let start = String(decoding: text.prefix(80), as: UTF8.self)
        return text.count > 80 ? start + "…" : start
    }
}

/// What Twilio sends on a media stream, field for field; numbers are strings, as on Twilio's wire.
struct StreamWriter {
    let streamSid: String
    let callSid: String
    let accountSid: String
    private var sequence = 0
    private var chunk = 0

    init(streamSid: String, callSid: String, accountSid: String) {
        self.streamSid = streamSid
        self.callSid = callSid
        self.accountSid = accountSid
    }

    static let connected = Array(#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#.utf8)

    mutating func start(parameters: [TwiML.Parameter]) -> [UInt8] {
        let custom = parameters.map { "\(Self.quoted($0.name)):\(Self.quoted($0.value))" }.joined(separator: ",")
        return message(
            "start",
            #"{"accountSid":"\#(accountSid)","streamSid":"\#(streamSid)","callSid":"\#(callSid)","tracks":["inbound"],"#
                + #""mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"#
                + #""customParameters":{\#(custom)}}"#)
    }

    /// - Parameter timestamp: milliseconds since the stream began.
    mutating func media(_ frame: some Collection<UInt8>, timestamp: Int) -> [UInt8] {
        chunk += 1
        let payload = String(decoding: Base64.encode(frame), as: UTF8.self)
        return message(
            "media", #"{"track":"inbound","chunk":"\#(chunk)","timestamp":"\#(timestamp)","payload":"\#(payload)"}"#)
    }

    mutating func mark(_ name: String) -> [UInt8] { message("mark", #"{"name":\#(Self.quoted(name))}"#) }

    mutating func dtmf(_ digit: Character) -> [UInt8] {
        message("dtmf", #"{"track":"inbound_track","digit":"\#(digit)"}"#)
    }

    mutating func stop() -> [UInt8] {
        message("stop", #"{"accountSid":"\#(accountSid)","callSid":"\#(callSid)"}"#)
    }

    private mutating func message(_ event: String, _ body: String) -> [UInt8] {
        sequence += 1
        return Array(
            #"{"event":"\#(event)","sequenceNumber":"\#(sequence)","\#(event)":\#(body),"streamSid":"\#(streamSid)"}"#
                .utf8)
    }

    /// A JSON string.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
