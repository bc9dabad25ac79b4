import VoiceEngineCore

/// Twilio's half of a stream, as bytes.
enum ClientSide {
    static let handshake =
        "GET /twilio/media/frames HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    static let start =
        #"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","#
        + #""tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"#
        + #""customParameters":{}},"streamSid":"MZ1"}"#

    /// A masked media message.
    static func media(_ audio: [UInt8]) -> [UInt8] { frame(mediaText(audio)) }

    /// The same without its frame.
    static func mediaText(_ audio: [UInt8]) -> [UInt8] {
        let head =
            #"{"event":"media","sequenceNumber":"4242","media":{"track":"inbound","chunk":"4241","timestamp":"84800","#
            + #""payload":""#
        return Array(head.utf8) + base64(audio) + Array(#""},"streamSid":"MZ1"}"#.utf8)
    }

    private static func base64(_ audio: [UInt8]) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: Base64.encodedCount(audio.count))
        var target = text.mutableSpan
        let count = (try? Base64.encode(audio.span, into: &target)) ?? 0
        return Array(text.prefix(count))
    }

    /// A masked text frame.
    static func frame(_ payload: [UInt8]) -> [UInt8] {
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)] : [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        return [0x81] + length + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }
}
