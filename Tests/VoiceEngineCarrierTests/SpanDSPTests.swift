import Foundation
import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

/// G.722 where libspandsp is installed, as scripts/system-packages.sh does.
@Suite(.enabled(if: SpanDSP.shared != nil)) struct SpanDSPTests {
    /// By another encoder: Tests/GoldenAudio/make_g722.py.
    private static let reference: [UInt8] = {
        let hex = Array(
            "fade329b2894a0a0a0e0e0e3ec6dedf0f3f7fd9cd8d4d2d293d5d9ddfaf5f0eeef72b6fc9cd6d394d5dabbf5f0ef72f8"
                + "9fd8d395d9feb5f0ef75fe96d4d49bf7f1eff6dfd7d496fbf4aef4ffd4d29af7f0affc58d298f9aef1fbd4529eb2eff8"
                + "dbd456b4eef6d9d39df5effb56d5bff0f09cd1dbf170fe92daf3b2ffd35b72b29dd2dfeff7d757f8eebe925ef0b3d3d9"
                + "76b0dcd178adddd2faefdf55feadff91f9ec5bd3b470d695f1f4529cef5ed3b571d596ed3f90f66fd29f6e5b96737692"
                + "f82f92df2d97d830fc9030f68e2ef9d173749135f18f31f6d032f59030f7cf2a98566b955e6c923af0cf30bd506b955f"
                + "6ccf30bc516b933af0cf2d9819eccf6e9a19edd06e9c1bedcf6c933ab8526ed1319b1df352edd230987cb755ee512ed3"
                + "32997ab959f0526ed22f94709836fe3df75ab1d5ee546d546ed6709572d734d6")
        return stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(String(hex[$0...$0 + 1]), radix: 16) }
    }()

    private static let sweep: [Int16] = (0..<640).map {
        Int16(8_000 * sin(2 * .pi * (200 + Double($0) * 3) * Double($0) / 16_000))
    }

    @Test func encodesAsAnotherEncoder() throws {
        guard var encoder = SpanDSP.Encoder(try #require(SpanDSP.shared)) else {
            Issue.record("no encoder")
            return
        }
        var bytes = [UInt8](repeating: 0, count: 320)
        let made = bytes.withUnsafeMutableBytes { bytes in
            Self.sweep.withUnsafeBufferPointer { encoder.encode($0, into: bytes) }
        }
        #expect(made == 320)
        #expect(bytes == Self.reference)
    }

    /// In frames of 20 ms, as they come: 22 samples late, with the noise that G.722 has.
    @Test func decodesWhatItEncodes() throws {
        var inbound = StreamInboundAudio(StreamFormat(try Self.wide, packing: .g722))
        var samples: [Int16] = []
        for start in stride(from: 0, to: 320, by: 160) {
            let message = Array(Self.reference[start..<start + 160])
            let media = StreamMedia(0..<160, .raw)
            try message.withUnsafeBytes { message in
                let audio = try inbound.decode(media, of: message)
                samples += Array(audio.bindMemory(to: Int16.self))
            }
        }
        #expect(samples.count == 640)
        let pairs = zip(samples.dropFirst(22), Self.sweep)
        let noise = pairs.reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        let signal = Self.sweep.reduce(0.0) { $0 + pow(Double($1), 2) }
        #expect(noise < signal / 100, "more than 20 dB below")
    }

    @Test func aMessageOfAFrameIs160Bytes() throws {
        var outbound = StreamOutboundAudio(StreamFormat(try Self.wide, packing: .g722), StreamTraits())
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: 640, by: 320) {
            Array(Self.sweep[start..<start + 320]).withUnsafeBytes { frame in
                guard let message = outbound.take(frame, samples: 320) else { return }
                #expect(message.samples == 320 && message.audio.count == 160)
                bytes += Array(message.audio)
            }
        }
        #expect(bytes == Self.reference)
    }

    @Test func telnyxSpeaksIt() throws {
        let account = try TelnyxAccount(apiKey: "K", codec: .g722)
        #expect(account.codec == .g722)
        #expect(StreamFormat(try Self.wide, packing: .g722) != StreamFormat(try Self.wide))
    }

    @Test func withoutTheLibraryThereIsNone() { #expect(SpanDSP(["libspandsp.so.none"]) == nil) }

    private static var wide: AudioFormat {
        get throws { try AudioFormat(encoding: .pcm16, sampleRate: 16_000) }
    }
}
