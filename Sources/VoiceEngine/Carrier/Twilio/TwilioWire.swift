internal import VoiceEngineCore

/// Twilio Media Streams: JSON with base64 of μ-law at 8 kHz, both ways. Only `start` allocates.
///
/// What is sent has exactly the documented fields: one more, and Twilio warns.
package final class TwilioWire: StreamWire {
    static let carrier = "twilio"

    package let name = TwilioWire.carrier
    /// Twilio goes on with the TwiML behind `<Connect>` when the socket closes, and hangs up when there is none.
    package let traits = StreamTraits(joinsFrames: true)
    private var writer: StreamEventWriter?

    package init() {}

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let fields = try StreamEventFields(text)
        return fields.event == .start ? .start(try start(text)) : try fields.message(text)
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        writer?.writeMedia(audio, to: &output)
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        guard let writer else { return false }
        switch command {
        case .mark(let number): writer.writeMark(number, to: &output)
        case .clear: writer.writeClear(to: &output)
        case .accepted, .refused, .reply, .stopped, .digits, .transfer, .hangUp: return false
        }
        return true
    }

    /// Texts of one stream.
    /// - Parameter streamSid: Checked: no character that JSON escapes.
    static func writer(streamSid: String) -> StreamEventWriter {
        StreamEventWriter(
            media: (#"{"event":"media","streamSid":"\#(streamSid)","media":{"payload":""#, #""}}"#),
            mark: (#"{"event":"mark","streamSid":"\#(streamSid)","mark":{"name":"v"#, #""}}"#),
            clear: #"{"event":"clear","streamSid":"\#(streamSid)"}"#)
    }

    // MARK: start

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        let start = try TwilioStart(bytes)
        try start.checkTelephone()
        // A second start is refused by the machine: it must not change what is written.
        if writer == nil { writer = Self.writer(streamSid: start.streamSid) }
        return start.streamStart
    }
}

/// The `start` message of Twilio and of those that speak as Twilio does.
package struct TwilioStart: Equatable, Sendable {
    package private(set) var streamSid = ""
    package private(set) var callSid = ""
    package private(set) var accountSid = ""
    package private(set) var encoding: String?
    package private(set) var sampleRate: Int64?
    package private(set) var channels: Int64?
    /// The `<Parameter>`s of the TwiML.
    package private(set) var customParameters: [String: String] = [:]

    /// - Parameter bytes: A message that has been scanned.
    package init(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) {
        let inner = try StreamFields.start(of: bytes)
        var outerSid: String?
        StreamFields.visit(bytes) { member in
            if member.isNamed("streamSid") { outerSid = member.text }
        }
        var parameters: Range<Int>?
        StreamFields.visit(inner) { member in
            if member.isNamed("streamSid") { streamSid = member.text ?? "" }
            if member.isNamed("callSid") { callSid = member.text ?? "" }
            if member.isNamed("accountSid") { accountSid = member.text ?? "" }
            if member.isNamed("encoding", in: "mediaFormat") { encoding = member.text }
            if member.isNamed("sampleRate", in: "mediaFormat") { sampleRate = member.integer }
            if member.isNamed("channels", in: "mediaFormat") { channels = member.integer }
            if member.isNamed("customParameters"), member.kind == .object { parameters = member.value }
        }
        if streamSid.isEmpty { streamSid = outerSid ?? "" }
        guard StreamFields.isIdentifier(streamSid) else { throw StreamWireError("streamSid", .identifier) }
        if let parameters {
            let bytes = UnsafeRawBufferPointer(rebasing: inner[parameters])
            try StreamFields.addParameters(bytes, to: &customParameters)
        }
    }

    /// - Throws: When the format is not Twilio's only one. A carrier that leaves it out means that.
    package func checkTelephone() throws(StreamWireError) {
        let encoding = self.encoding ?? "audio/x-mulaw"
        let sampleRate = self.sampleRate ?? 8_000
        let channels = self.channels ?? 1
        guard encoding == "audio/x-mulaw", sampleRate == 8_000, channels == 1 else {
            throw StreamWireError(
                "start.mediaFormat",
                .format(
                    "audio/x-mulaw, 8000 Hz, 1 channel",
                    got: "\(encoding.prefix(32)), \(sampleRate) Hz, \(channels)"))
        }
    }

    /// As the driver takes it, in telephone quality both ways.
    package var streamStart: StreamStart {
        var start = StreamStart()
        start.callID = callSid.isEmpty ? streamSid : callSid
        start.variables = customParameters
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        start.variables["callSid"] = callSid
        start.variables["accountSid"] = accountSid
        return start
    }
}
