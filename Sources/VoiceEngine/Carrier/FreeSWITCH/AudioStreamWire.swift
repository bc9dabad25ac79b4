internal import VoiceEngineCore

/// Messages of FreeSWITCH's mod_audio_stream: linear samples in binary messages from it, JSON with base64 to it.
///
/// It has no marks and no way to drop what it was sent: so little is sent ahead, because an interruption is heard as late
/// as that, and what was heard is estimated. The community edition writes each message to a file and leaves playing it
/// to the dialplan; the commercial one plays by itself.
package final class AudioStreamWire: StreamWire {
    private enum State {
        case waiting
        case started
    }

    package let name = "mod_audio_stream"
    package let traits: StreamTraits
    private let sampleRate: Int
    private var state = State.waiting
    private let head: String

    /// - Parameter sampleRate: From the address: the module does not tell it. [Hz]
    package init(sampleRate: Int = 8_000) {
        self.sampleRate = sampleRate
        head = #"{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":\#(sampleRate),"audioData":""#
        var traits = StreamTraits()
        traits.marks = .none(delay: .milliseconds(80))
        // With the pacer's reserve of a frame: 60 ms.
        traits.leadMilliseconds = 40
        traits.strideMilliseconds = 0
        self.traits = traits
    }

    package func decode(text: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        // Its only text of its own is the metadata, at the start; the others are the dialplan's `send_text`.
        guard case .waiting = state else { return .unknown }
        var start = try self.start()
        if (try? JSONScanner.scan(text) { _ in }) != nil {
            try StreamFields.addParameters(text, to: &start.variables)
            start.agent = start.variables.removeValue(forKey: "agent") ?? ""
            start.callID = start.variables["uuid"] ?? ""
        } else {
            start.variables["metadata"] = String(String(decoding: text, as: UTF8.self).prefix(1_024))
        }
        state = .started
        return .start(start)
    }

    package func decode(binary: UnsafeRawBufferPointer) throws(StreamWireError) -> StreamMessage {
        let media = StreamMedia(0..<(binary.count & ~1))
        guard case .waiting = state else { return .media(media) }
        var start = try self.start()
        start.firstAudio = media
        state = .started
        return .start(start)
    }

    package func writeMedia(_ audio: UnsafeRawBufferPointer, to output: inout StreamOutput) {
        output.text { buffer in
            buffer.writeString(head)
            buffer.writeBase64(audio)
            buffer.writeStaticString(#""}}"#)
        }
    }

    package func write(_ command: StreamCommand, to output: inout StreamOutput) -> Bool {
        switch command {
        case .accepted, .refused, .reply, .mark, .clear, .digits, .transfer, .hangUp, .stopped: false
        }
    }

    private func start() throws(StreamWireError) -> StreamStart {
        guard [8_000, 16_000, 24_000, 32_000, 48_000].contains(sampleRate),
            let format = try? AudioFormat(encoding: .pcm16, sampleRate: sampleRate)
        else {
            throw StreamWireError("rate", .format("8000, 16000, 24000, 32000 or 48000", got: "\(sampleRate)"))
        }
        var start = StreamStart()
        start.input = StreamFormat(format)
        start.output = start.input
        return start
    }
}
