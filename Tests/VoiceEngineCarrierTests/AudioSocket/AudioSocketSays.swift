/// What Asterisk sends over an AudioSocket.
enum AudioSocketSays {
    static let id = "40325ec2-5efd-4bd3-805f-53576e581d13"
    /// The example of the protocol's documentation.
    static let identifier: [UInt8] = [
        0x01, 0x00, 0x10, 0x40, 0x32, 0x5e, 0xc2, 0x5e, 0xfd, 0x4b, 0xd3, 0x80, 0x5f, 0x53, 0x57, 0x6e, 0x58, 0x1d,
        0x13,
    ]
    static let terminate: [UInt8] = [0, 0, 0]

    static func frame(_ kind: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
        [kind, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload
    }

    static func digit(_ digit: Character) -> [UInt8] { frame(0x03, [digit.asciiValue ?? 0]) }

    /// 20 ms of a ramp, 8 kHz unless another kind says so.
    static func audio(_ kind: UInt8 = 0x10, samples: Int = 160) -> [UInt8] {
        frame(kind, (0..<samples).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8 & 0x0F)] })
    }
}
