internal import VoiceEngineCore

/// Telnyx media streaming in mode `rtp`: Twilio's message format in snake_case, with a codec for each direction.
///
/// From Telnyx comes what `start.media_format` says; to Telnyx goes what was asked for as
/// `stream_bidirectional_codec`. Messages may overtake each other.
package final class TelnyxWire: StreamWire {
    package enum Codec: String, CaseIterable, Sendable {
        case pcmu = "PCMU"
        case pcma = "PCMA"
        case g722 = "G722"
        case l16 = "L16"
        case opus = "OPUS"
    }

    package struct Settings: Equatable, Sendable {
        /// `stream_bidirectional_codec` of the call.
        package var codec = Codec.pcmu
        /// `stream_bidirectional_sampling_rate` [Hz], of L16 and Opus; G.711 has 8,000.
        package var sampleRate = 16_000
        /// Telnyx does not document the byte order of L16; RFC 2586 has the most significant byte first.
        package var isL16BigEndian = true
        /// `stream_auth_token`; nil: whoever knows the address may open a stream.
        package var authToken: String?

        package init() {}
    }

    /// The header of the request, and the member of `connected`, that carry the token.
    package static let tokenField = "x-telnyx-streaming-auth-token"

    static let carrier = "telnyx"

    package let name = TelnyxWire.carrier
    private let settings: Settings
    /// What the request for the socket brought; replaced by what `connected` brings.
    private var token: String?
    private let writer = StreamEventWriter(
        media: (#"{"event":"media","media":{"payload":""#, #""}}"#),
        mark: (#"{"event":"mark","mark":{"name":"v"#, #""}}"#), clear: #"{"event":"clear"}"#)

    /// - Parameter token: Of the header `tokenField`.
    package init(_ settings: Settings = Settings(), token: String? = nil) {
        self.settings = settings
        self.token = token
    }

    package var traits: StreamTraits {
        var traits = StreamTraits(joinsFrames: true)
        traits.hangUp = .byControl
        traits.reorders = true
        // The stream of an outgoing call connects while it rings.
        traits.startSeconds = 180
        return traits
    }

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let fields = try StreamEventFields(text)
        switch fields.event {
        case .connected:
            takeToken(text)
            try checkToken()
            return .connected
        case .start: return .start(try start(text))
        case .error: return .failure(Self.failure(text))
        case .missing, .media, .dtmf, .mark, .playedStream, .clearedAudio, .stop, .unknown:
            return try fields.message(text)
        }
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        writer.writeMedia(audio, to: &output)
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch command {
        case .mark(let number): writer.writeMark(number, to: &output)
        case .clear: writer.writeClear(to: &output)
        // All of these are for the REST API.
        case .accepted, .refused, .reply, .stopped, .digits, .transfer, .hangUp: return false
        }
        return true
    }

    // MARK: connected

    private func takeToken(_ bytes: UnsafeRawBufferPointer) {
        StreamFields.visit(bytes) { member in
            if member.isNamed("x-telnyx-streaming-auth-token"), let text = member.text { token = text }
        }
    }

    /// - Throws: When the stream does not bring the token that it was announced with.
    private func checkToken() throws(StreamWireError) {
        guard let expected = settings.authToken else { return }
        guard let token, SecretText.isEqual(token, expected) else {
            throw StreamWireError(Self.tokenField, .secret)
        }
    }

    // MARK: start

    private func start(_ bytes: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamStart {
        try checkToken()
        let inner = try StreamFields.start(of: bytes)
        var start = StreamStart()
        var (encoding, sampleRate, channels): (String?, Int64?, Int64?)
        var (state, parameters): (String?, Range<Int>?)
        StreamFields.visit(inner) { member in
            if member.isNamed("call_control_id") { start.callID = member.text ?? "" }
            if member.isNamed("from") { start.variables["caller"] = member.text }
            if member.isNamed("to") { start.variables["called"] = member.text }
            if member.isNamed("call_session_id") { start.variables["callSessionId"] = member.text }
            if member.isNamed("client_state") { state = member.text }
            if member.isNamed("custom_parameters") { parameters = member.value }
            if member.isNamed("encoding", in: "media_format") { encoding = member.text }
            if member.isNamed("sample_rate", in: "media_format") { sampleRate = member.integer }
            if member.isNamed("channels", in: "media_format") { channels = member.integer }
        }
        if start.callID.isEmpty {
            StreamFields.visit(bytes) { if $0.isNamed("stream_id") { start.callID = $0.text ?? "" } }
        }
        guard !start.callID.isEmpty, start.callID.utf8.count <= 256 else {
            throw StreamWireError("start.call_control_id", .string)
        }
        start.input = try Self.input(encoding ?? "PCMU", sampleRate ?? 8_000, channels ?? 1, settings)
        start.output = try output()
        if let parameters {
            try Self.addParameters(UnsafeRawBufferPointer(rebasing: inner[parameters]), to: &start.variables)
        }
        // After the parameters: what was given to Telnyx with the call cannot be overridden by them.
        if let state { Self.addState(state, to: &start.variables) }
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        // The pass of the call, for the gate that knows it, unless the client state has brought it.
        if settings.authToken == nil, start.variables["token"] == nil { start.variables["token"] = token }
        return start
    }

    private static func input(
        _ encoding: String, _ sampleRate: Int64, _ channels: Int64, _ settings: Settings
    ) throws(StreamWireError) -> StreamFormat {
        let channels = Int(clamping: max(1, min(channels, 2)))
        switch (encoding.uppercased(), sampleRate) {
        case ("PCMU", 8_000): return StreamFormat(.telephone, channels: channels)
        case ("PCMA", 8_000):
            if let format = try? AudioFormat(encoding: .alaw, sampleRate: 8_000) {
                return StreamFormat(format, channels: channels)
            }
        // Its RTP clock is 8 kHz by RFC 3551, so either number may be told.
        case ("G722", 8_000), ("G722", 16_000):
            if SpanDSP.shared != nil, let format = try? AudioFormat(encoding: .pcm16, sampleRate: 16_000) {
                return StreamFormat(format, packing: .g722)
            }
        case ("L16", _):
            if let format = try? AudioFormat(encoding: .pcm16, sampleRate: Int(clamping: sampleRate)) {
                return StreamFormat(format, packing: settings.isL16BigEndian ? .bigEndian : .same, channels: channels)
            }
        case ("OPUS", _):
            // An Opus packet can be decoded at any of its rates; more than this a telephone line does not have.
            if let format = try? AudioFormat(encoding: .opus, sampleRate: 16_000) { return StreamFormat(format) }
        default: break
        }
        throw StreamWireError(
            "start.media_format",
            .format(
                "PCMU or PCMA at 8000 Hz, L16 at 8000 to 48000 Hz, OPUS, or G722 where libspandsp is installed "
                    + "(set stream_codec of the call to PCMU)",
                got: "\(encoding.prefix(32)), \(sampleRate) Hz"))
    }

    private func output() throws(StreamWireError) -> StreamFormat {
        do throws(AudioFormatError) {
            switch settings.codec {
            case .pcmu: return .telephone
            case .pcma: return StreamFormat(try AudioFormat(encoding: .alaw, sampleRate: 8_000))
            case .l16:
                let format = try AudioFormat(encoding: .pcm16, sampleRate: settings.sampleRate)
                _ = try format.frameSamples(milliseconds: 20)
                return StreamFormat(format, packing: settings.isL16BigEndian ? .bigEndian : .same)
            case .g722: return StreamFormat(try AudioFormat(encoding: .pcm16, sampleRate: 16_000), packing: .g722)
            case .opus: return StreamFormat(try AudioFormat(encoding: .opus, sampleRate: settings.sampleRate))
            }
        } catch {
            throw StreamWireError(
                "stream_bidirectional_sampling_rate", .format("a rate of \(settings.codec.rawValue)", got: "\(error)"))
        }
    }

    /// `{"name":"value"}`, or `[{"name":…,"value":…}]` as they are given to Telnyx.
    private static func addParameters(
        _ bytes: UnsafeRawBufferPointer, to variables: inout [String: String]
    ) throws(StreamWireError) {
        guard let value = try? JSONValue.parse(bytes), let list = value.array else {
            if bytes.first == UInt8(ascii: "{") { try StreamFields.addParameters(bytes, to: &variables) }
            return
        }
        guard list.count <= StreamFields.mostParameters else {
            throw StreamWireError("start.custom_parameters", .fewerParameters(StreamFields.mostParameters))
        }
        for parameter in list {
            guard let name = parameter["name"]?.string else { continue }
            variables[name] = parameter["value"]?.lenientString
        }
    }

    /// A client state is base64 of any bytes; a JSON object in it holds variables.
    private static func addState(_ base64: String, to variables: inout [String: String]) {
        let characters = Array(base64.utf8)
        guard characters.count <= 8_192 else { return }
        var bytes = [UInt8](repeating: 0, count: Base64.maximumDecodedCount(characters.count))
        var target = bytes.mutableSpan
        guard let count = try? Base64.decode(characters.span, into: &target) else { return }
        bytes.prefix(count).withUnsafeBytes { try? StreamFields.addParameters($0, to: &variables) }
    }

    // MARK: error

    private static func failure(_ bytes: UnsafeRawBufferPointer) -> String {
        var (code, title, detail): (String?, String?, String?)
        StreamFields.visit(bytes) { member in
            let value = member.text ?? member.integer.map { String($0) }
            if member.isNamed("code", in: "payload") || member.isNamed("code") { code = value }
            if member.isNamed("title", in: "payload") || member.isNamed("title") { title = value }
            if member.isNamed("detail", in: "payload") || member.isNamed("detail") { detail = value }
        }
        let text = [code, title, detail].compactMap { $0 }.joined(separator: ", ")
        return text.isEmpty ? "an error without a code" : StreamFields.line(text)
    }
}
