import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import VoiceLab

@Suite struct LabTLSTests {
    /// What the handlers above TLS see.
    private final class Seen: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var isActive = false
        var bytes: [UInt8] = []
        var errors: [String] = []

        func channelActive(context: ChannelHandlerContext) { isActive = true }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Array(unwrapInboundIn(data).readableBytesView)
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append("\(error)") }
    }

    private struct Pair {
        let client = EmbeddedChannel()
        let server = EmbeddedChannel()
        let atClient = Seen()
        let atServer = Seen()

        init(_ certificate: LabCertificate, authority: String, host: String) throws {
            let trust = try LabTLSContext(trusting: authority)
            try server.pipeline.syncOperations.addHandlers([
                LabTLSHandler(LabTLSContext(certificate)), atServer,
            ])
            try client.pipeline.syncOperations.addHandlers([LabTLSHandler(trust, host: host), atClient])
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
            server.connect(to: address, promise: nil)
            client.connect(to: address, promise: nil)
        }

        /// Carries records over until both sides are silent.
        func pump() throws {
            while true {
                var isSilent = true
                while let records = try client.readOutbound(as: ByteBuffer.self) {
                    isSilent = false
                    if server.isActive { try server.writeInbound(records) }
                }
                while let records = try server.readOutbound(as: ByteBuffer.self) {
                    isSilent = false
                    if client.isActive { try client.writeInbound(records) }
                }
                if isSilent { return }
            }
        }
    }

    private static let folder = FileManager.default.temporaryDirectory.path + "/lab-tls-\(UUID().uuidString)"

    @Test func bothSidesReadEachOtherAfterTheHandshake() throws {
        let certificate = try LabCertificate.make(in: Self.folder + "-a")
        defer { try? FileManager.default.removeItem(atPath: Self.folder + "-a") }
        for host in ["localhost", "127.0.0.1"] {
            let pair = try Pair(certificate, authority: certificate.authority, host: host)
            #expect(!pair.atClient.isActive)
            try pair.pump()
            #expect(pair.atClient.isActive)
            let question = [UInt8](repeating: 7, count: 40_000)
            try pair.client.writeOutbound(ByteBuffer(bytes: question))
            try pair.server.writeOutbound(ByteBuffer(string: "answer"))
            try pair.pump()
            #expect(pair.atServer.bytes == question)
            #expect(pair.atClient.bytes == Array("answer".utf8))
            #expect(pair.atClient.errors.isEmpty && pair.atServer.errors.isEmpty)
        }
    }

    @Test func aClientTrustsOnlyItsAuthorityAndTheNameItAskedFor() throws {
        let mine = try LabCertificate.make(in: Self.folder + "-b")
        let other = try LabCertificate.make(in: Self.folder + "-c")
        defer {
            for end in ["-b", "-c"] { try? FileManager.default.removeItem(atPath: Self.folder + end) }
        }
        for (authority, host) in [(other.authority, "localhost"), (mine.authority, "voice.example")] {
            let pair = try Pair(mine, authority: authority, host: host)
            try pair.pump()
            #expect(!pair.atClient.isActive)
            #expect(pair.atClient.errors.count == 1)
            #expect(!pair.client.isActive)
        }
        #expect(throws: WireViolation.self) { try LabTLSContext(trusting: Self.folder + "/no-such-file") }
    }
}
