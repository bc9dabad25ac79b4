internal import VoiceEngineCore

/// chan_websocket's events as plain text: a name, then `key:value` pairs in any order. Values may hold colons; only
/// `error_text`, which is the last, holds blanks.
enum AsteriskPlainText {
    private static let blank = UInt8(ascii: " ")

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let end = bytes.firstIndex(of: blank) ?? bytes.count
        let name = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        let rest = UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, bytes.count)...])
        if equal(name, "MEDIA_MARK_PROCESSED") || equal(name, "MEDIA_BUFFERING_COMPLETED") {
            return .mark(StreamMarkName.number(rest))
        }
        if equal(name, "DTMF_END") {
            guard let digit = value(of: "digit", in: rest).flatMap(StreamFields.digit) else {
                throw StreamWireError("digit", .digit)
            }
            return .digit(digit)
        }
        if equal(name, "MEDIA_XOFF") { return .flow(isHeld: true) }
        if equal(name, "MEDIA_XON") { return .flow(isHeld: false) }
        if equal(name, "QUEUE_DRAINED") { return .drained }
        if equal(name, "STATUS") { return .nothing }
        if equal(name, "ERROR") { return .failure(errorText(rest)) }
        if equal(name, "MEDIA_START") { return .start(try start(rest)) }
        return .unknown
    }

    private static func start(_ rest: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        func text(_ key: StaticString) -> String {
            value(of: key, in: rest).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        var start = AsteriskMediaStart()
        start.connectionID = text("connection_id")
        start.channel = text("channel")
        start.channelID = text("channel_id")
        start.format = text("format")
        return try start.streamStart()
    }

    /// The value of the first pair with this key.
    private static func value(of key: StaticString, in pairs: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var rest = pairs
        while !rest.isEmpty {
            let end = rest.firstIndex(of: blank) ?? rest.count
            let pair = UnsafeRawBufferPointer(rebasing: rest[..<end])
            if let colon = pair.firstIndex(of: UInt8(ascii: ":")),
                equal(UnsafeRawBufferPointer(rebasing: pair[..<colon]), key)
            {
                return UnsafeRawBufferPointer(rebasing: pair[(colon + 1)...])
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
        }
        return nil
    }

    private static func errorText(_ rest: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: rest, as: UTF8.self)
        let key = "error_text:"
        var tail = text[...]
        while !tail.isEmpty {
            if tail.hasPrefix(key) { return String(tail.dropFirst(key.count)) }
            tail = tail.drop { $0 != " " }.dropFirst()
        }
        return text
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { $0.elementsEqual(bytes) }
    }
}
