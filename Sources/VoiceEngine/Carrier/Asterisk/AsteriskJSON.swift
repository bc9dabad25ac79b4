internal import VoiceEngineCore

/// chan_websocket's events as JSON: one object per message, told apart by `event`.
enum AsteriskJSON {
    private enum Event {
        case missing, start, digit, hold, go, drained, marked, status, error, unknown
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        var event = Event.missing
        var digit: UInt8?
        var mark: Range<Int>?
        do {
            try JSONScanner.scan(bytes) { member in
                if member.isNamed("event"), event == .missing, member.kind == .string {
                    event = Self.event(member)
                } else if member.isNamed("digit"), member.kind == .string {
                    digit = digit ?? StreamFields.digit(member.valueBytes)
                } else if member.isNamed("correlation_id"), member.kind == .string {
                    mark = mark ?? member.value
                }
            }
        } catch {
            throw StreamWireError("message", .json(error))
        }
        switch event {
        case .missing: throw StreamWireError("event", .string)
        case .start: return .start(try start(bytes))
        case .digit:
            guard let digit else { throw StreamWireError("digit", .digit) }
            return .digit(digit)
        case .hold: return .flow(isHeld: true)
        case .go: return .flow(isHeld: false)
        case .drained: return .drained
        case .marked:
            return .mark(mark.flatMap { StreamMarkName.number(UnsafeRawBufferPointer(rebasing: bytes[$0])) })
        case .status: return .nothing
        case .error: return .failure(errorText(bytes))
        case .unknown: return .unknown
        }
    }

    private static func event(_ member: borrowing JSONScanner.Member) -> Event {
        if member.isString("MEDIA_MARK_PROCESSED") { return .marked }
        if member.isString("MEDIA_BUFFERING_COMPLETED") { return .marked }
        if member.isString("DTMF_END") { return .digit }
        if member.isString("MEDIA_XOFF") { return .hold }
        if member.isString("MEDIA_XON") { return .go }
        if member.isString("QUEUE_DRAINED") { return .drained }
        if member.isString("STATUS") { return .status }
        if member.isString("ERROR") { return .error }
        if member.isString("MEDIA_START") { return .start }
        return .unknown
    }

    private static func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        var start = AsteriskMediaStart()
        var variables: Range<Int>?
        StreamFields.visit(bytes) { member in
            if member.isNamed("connection_id") { start.connectionID = member.text ?? "" }
            if member.isNamed("channel") { start.channel = member.text ?? "" }
            if member.isNamed("channel_id") { start.channelID = member.text ?? "" }
            if member.isNamed("format") { start.format = member.text ?? "" }
            if member.isNamed("channel_variables"), member.kind == .object { variables = member.value }
        }
        if let variables {
            let object = UnsafeRawBufferPointer(rebasing: bytes[variables])
            try StreamFields.addParameters(object, to: &start.variables)
        }
        return try start.streamStart()
    }

    private static func errorText(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        StreamFields.visit(bytes) { member in
            if member.isNamed("error_text") { text = member.text ?? "" }
        }
        return text
    }
}
