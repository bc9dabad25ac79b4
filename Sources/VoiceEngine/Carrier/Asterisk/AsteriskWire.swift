// Asterisk's own channel over a WebSocket (chan_websocket, in Asterisk since 20.16, 21.11, 22.6 and 23.0), without any
// module of ours: `Dial(WebSocket/…)` connects to this server.
//
//     Asterisk ── MEDIA_START, then binary messages of audio, DTMF_END, marks ──►
//              ◄── binary messages of audio, MARK_MEDIA, FLUSH_MEDIA, HANGUP ────
//
// What decides here is the version: there are two formats of control messages, `plain-text` and `json`, and the dialplan
// (or chan_websocket.conf) says which; the first message shows it. Before 20.18, 22.8 and 23.2 there was no JSON and no
// MARK_MEDIA; the end of "buffering" is a mark that every version has, so plain text uses that.
//
// Asterisk plays from a queue of its own, a frame every 20 ms. It hangs up on a ping (older versions), on a fragmented
// message (older versions) and on a frame beyond 65,500 bytes, and ignores commands beyond 128 bytes.

internal import VoiceEngineCore

/// chan_websocket's messages, in both control formats.
package final class AsteriskWire: StreamWire {
    package enum ControlFormat: Equatable, Sendable { case plainText, json }

    package let name = "asterisk"
    /// Asterisk's own: longer commands are ignored. [bytes]
    package static let longestCommand = 128

    package let traits: StreamTraits
    /// What Asterisk's first message was written in.
    package private(set) var controlFormat = ControlFormat.plainText
    /// With the dial option `p` Asterisk has no queue and refuses every command about it. The audio is in time all the
    /// same, because the session paces it; what was heard is an estimate then. Once is enough to say so.
    private var hasReportedPassthrough = false
    private let answers: Bool

    /// - Parameter answers: The call is taken by a command: with the dial option `n` Asterisk leaves it to us.
    package init(answers: Bool = false) {
        self.answers = answers
        var traits = StreamTraits()
        traits.hangUp = .byMessage
        traits.takesPings = false
        self.traits = traits
    }

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let format = text.first == UInt8(ascii: "{") ? ControlFormat.json : .plainText
        let message =
            switch format {
            case .json: try AsteriskJSON.decode(text)
            case .plainText: try AsteriskPlainText.decode(text)
            }
        switch message {
        case .start: controlFormat = format
        case .failure(let text) where text.hasSuffix(Self.passthroughRefusal):
            if hasReportedPassthrough { return .nothing }
            hasReportedPassthrough = true
        case .connected, .media, .digit, .mark, .drained, .flow, .needsReply, .nothing, .failure, .stop, .unknown: break
        }
        return message
    }

    private static let passthroughRefusal = "not supported in passthrough mode"

    package func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        .media(StreamMedia(0..<binary.count))
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        output.binary { $0.writeBytes(audio) }
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch (command, controlFormat) {
        case (.mark(let number), .json):
            output.text { buffer in
                buffer.writeStaticString(#"{"command":"MARK_MEDIA","correlation_id":"v"#)
                buffer.writeDecimal(number)
                buffer.writeStaticString(#""}"#)
            }
        case (.mark(let number), .plainText):
            output.text { buffer in
                buffer.writeStaticString("STOP_MEDIA_BUFFERING v")
                buffer.writeDecimal(number)
            }
        case (.clear, .json): output.text { $0.writeStaticString(#"{"command":"FLUSH_MEDIA"}"#) }
        case (.clear, .plainText): output.text { $0.writeStaticString("FLUSH_MEDIA") }
        case (.hangUp, .json): output.text { $0.writeStaticString(#"{"command":"HANGUP"}"#) }
        case (.hangUp, .plainText): output.text { $0.writeStaticString("HANGUP") }
        case (.accepted, .json) where answers: output.text { $0.writeStaticString(#"{"command":"ANSWER"}"#) }
        case (.accepted, .plainText) where answers: output.text { $0.writeStaticString("ANSWER") }
        // Digits and transfers need ARI, AMI or the dialplan; the rest has no message and needs none.
        case (.accepted, _), (.refused, _), (.reply, _), (.digits, _), (.transfer, _), (.stopped, _): return false
        }
        return true
    }
}

/// What MEDIA_START tells.
struct AsteriskMediaStart {
    var connectionID = ""
    var channel = ""
    /// Missing in plain text before 20.17, 22.7 and 23.1.
    var channelID = ""
    var format = ""
    /// JSON only: those of the WebSocket's channel.
    var variables: [String: String] = [:]

    private static let rates = [
        "slin": 8_000, "slin12": 12_000, "slin16": 16_000, "slin24": 24_000, "slin32": 32_000, "slin44": 44_100,
        "slin48": 48_000,
    ]

    /// - Throws: When the audio is in a format that the engine has not: what to write into the dial string.
    func streamStart() throws(StreamWireError) -> StreamStart {
        guard !format.isEmpty else { throw StreamWireError("format", .string) }
        var start = StreamStart()
        start.callID = [channelID, channel, connectionID].first { !$0.isEmpty } ?? ""
        start.variables = variables
        start.agent = start.variables.removeValue(forKey: "agent") ?? ""
        if !channel.isEmpty { start.variables["channel"] = channel }
        if !channelID.isEmpty { start.variables["channel_id"] = channelID }
        start.input = StreamFormat(try audio())
        start.output = start.input
        return start
    }

    private func audio() throws(StreamWireError) -> AudioFormat {
        let encoding: AudioEncoding
        let rate: Int
        switch format {
        case "ulaw": (encoding, rate) = (.mulaw, 8_000)
        case "alaw": (encoding, rate) = (.alaw, 8_000)
        default:
            guard let known = Self.rates[format] else { throw refused }
            (encoding, rate) = (.pcm16, known)
        }
        guard let audio = try? AudioFormat(encoding: encoding, sampleRate: rate) else { throw refused }
        return audio
    }

    private var refused: StreamWireError {
        StreamWireError(
            "format",
            .format(
                "ulaw, alaw, slin, slin12, slin16, slin24, slin32, slin44 or slin48, by the dial option c(slin16)",
                got: String(format.prefix(16))))
    }
}
