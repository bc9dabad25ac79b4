import NIOCore

/// The client's half of a WebSocket, as bytes.
enum ClientFrames {
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    static func handshake(_ path: String, headers: [String] = []) -> String {
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(key)",
            ] + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    static func frame(
        _ payload: [UInt8], opcode: UInt8 = 1, fin: Bool = true, mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D],
        reserved: UInt8 = 0
    ) -> [UInt8] {
        var frame: [UInt8] = [(fin ? 0x80 : 0) | reserved | opcode]
        let bit: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case 0...125: frame.append(bit | UInt8(payload.count))
        case 126...0xFFFF: frame += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: frame += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        guard let mask else { return frame + payload }
        return frame + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    static func text(_ text: String) -> [UInt8] { frame(Array(text.utf8)) }
}

/// One frame of a server.
struct ServerFrame: Equatable {
    var opcode: UInt8
    var payload: [UInt8]
    var text: String { String(decoding: payload, as: UTF8.self) }
    var closeCode: Int? {
        opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
    }
    var closeReason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }

    /// Takes whole frames off the front of `bytes`; a masked or reserved one ends the reading with nil.
    static func take(from bytes: inout [UInt8]) -> [ServerFrame]? {
        var frames: [ServerFrame] = []
        while bytes.count >= 2 {
            guard bytes[0] & 0xF0 == 0x80, bytes[1] & 0x80 == 0 else { return nil }
            var length = Int(bytes[1])
            var start = 2
            if length >= 126 {
                let count = length == 126 ? 2 : 8
                guard bytes.count >= 2 + count else { break }
                length = bytes[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
                start += count
            }
            guard bytes.count >= start + length else { break }
            frames.append(ServerFrame(opcode: bytes[0] & 15, payload: Array(bytes[start..<(start + length)])))
            bytes.removeFirst(start + length)
        }
        return frames
    }
}

/// What Twilio sends.
enum TwilioSays {
    static let connected = #"{"event":"connected","protocol":"Call","version":"1.0.0"}"#
    static let stop =
        #"{"event":"stop","sequenceNumber":"99","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}"#

    static func start(parameters: String = #"{"caller":"+15551","called":"+15552","tenant":"acme"}"#) -> String {
        #"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","#
            + #""tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"#
            + #""customParameters":"# + parameters + #"},"streamSid":"MZ1"}"#
    }

    static func media(_ payload: String, number: Int = 3) -> String {
        #"{"event":"media","sequenceNumber":"\#(number)","media":{"track":"inbound","chunk":"\#(number - 2)","#
            + #""timestamp":"5","payload":"\#(payload)"},"streamSid":"MZ1"}"#
    }

    static func mark(_ name: String) -> String {
        #"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"\#(name)"}}"#
    }

    static func dtmf(_ digit: String) -> String {
        #"{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"\#(digit)"}}"#
    }

    /// 160 bytes of μ-law silence.
    static let silence = String(repeating: "/", count: 213) + "w=="
}
