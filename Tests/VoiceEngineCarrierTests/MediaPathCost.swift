import Glibc
import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

/// What one media message in and one out cost; a report, not a test of time. Run with `MEDIA_PATH_COST=200000` (the
/// rounds).
@Suite struct MediaPathCost {
    @Test(.enabled(if: getenv("MEDIA_PATH_COST") != nil))
    func report() throws {
        let rounds = getenv("MEDIA_PATH_COST").flatMap { Int(String(cString: $0)) } ?? 1
        let clock = ContinuousClock()
        let text = Array(TwilioSays.media(TwilioSays.silence).utf8)
        let frame = ClientFrames.frame(text)
        var parser = WebSocketFrameParser(of: .client, maximumMessageBytes: 65_536)
        var inbound = StreamInboundAudio()
        let wire: any StreamWire = TwilioWire()
        _ = try wire.says(TwilioSays.start())
        var output = StreamOutput()
        var bytesSeen = 0
        func pass(_ step: String, _ work: () throws -> Void) rethrows {
            let time = try clock.measure(work)
            print("\(step): \(time / rounds) per message")
        }
        try pass("unmask + decode JSON + base64") {
            for _ in 0..<rounds {
                try frame.withUnsafeBytes { bytes in
                    var rest = bytes
                    guard case .text(let message) = parser.next(&rest),
                        case .media(let media) = try wire.decode(text: message)
                    else { return }
                    bytesSeen += try inbound.decode(media, of: message).count
                }
            }
        }
        let audio = [UInt8](repeating: 255, count: 160)
        pass("write media") {
            for _ in 0..<rounds {
                output.removeAll()
                audio.withUnsafeBytes { wire.writeMedia($0, to: &output) }
                output.forEach { message, _ in bytesSeen += message.count }
            }
        }
        #expect(bytesSeen > rounds * 320)
    }
}
