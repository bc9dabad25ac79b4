import NIOCore
import NIOPosix
import Testing

@testable import VoiceEngineNet

@Suite(.serialized, .timeLimit(.minutes(5))) struct DirectWriterSocketTests {
    /// What went out through the channel's pipeline.
    private final class Witness: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        private(set) var bytes = 0

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            bytes += Self.unwrapOutboundIn(data).readableBytes
            context.write(data, promise: promise)
        }
    }

    /// Writes as the owners of a writer do. On the loop only.
    private final class Owner {
        private var writer: DirectWriter
        let witness = Witness()
        private let channel: any Channel

        init(_ channel: any Channel) throws {
            self.channel = channel
            try channel.pipeline.syncOperations.addHandler(witness, position: .first)
            writer = DirectWriter(channel)
        }

        func write(_ bytes: [UInt8]) {
            var buffer = ByteBuffer(bytes: bytes)
            if !writer.write(&buffer, to: channel) { channel.writeAndFlush(buffer, promise: nil) }
        }
    }

    private func piece(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 50_000)
    }

    @Test func writesPastThePipelineWhileTheSocketTakesIt() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let line = try await SocketLine.open(on: loop)
        let owner = try await loop.submit { NIOLoopBound(try Owner(line.channel), eventLoop: loop) }.get()
        try await loop.submit { owner.value.write([1, 2, 3]) }.get()
        #expect(line.listen(3) == [1, 2, 3])
        #expect(try await loop.submit { owner.value.witness.bytes }.get() == 0)
        // Nobody reads: the socket is full before the last of them, and the channel keeps the rest, in order.
        let pieces = 60
        try await loop.submit { for number in 0..<pieces { owner.value.write(piece(number)) } }.get()
        let waiting = try await loop.submit { owner.value.witness.bytes }.get()
        #expect(waiting > 0 && waiting < pieces * 50_000)
        let late = Task.detached { line.listen(pieces * 50_000) }
        #expect(await late.value == (0..<pieces).flatMap { piece($0) })
        // The channel has nothing left: it is left out again, perhaps after one turn of its loop.
        var through = -1
        for turn in 0..<100 where through != 0 {
            let before = try await loop.submit { owner.value.witness.bytes }.get()
            try await loop.submit { owner.value.write([UInt8(turn)]) }.get()
            #expect(line.listen(1) == [UInt8(turn)])
            through = try await loop.submit { owner.value.witness.bytes }.get() - before
        }
        #expect(through == 0)
        line.hangUp()
        try await line.end()
        // Its descriptor is somebody else's now.
        let other = try await SocketLine.open(on: loop)
        try await loop.submit { owner.value.write([9]) }.get()
        try await loop.submit { other.channel.writeAndFlush(ByteBuffer(bytes: [5]), promise: nil) }.get()
        #expect(other.listen(1) == [5])
        try await other.channel.close().get()
        try await group.shutdownGracefully()
    }

    @Test func leavesWhatIsEncryptedToTheChannel() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let line = try await SocketLine.open(on: loop)
        let isWritten = try await loop.submit {
            let context = try TLSContext(.client(.anyone))
            try line.channel.pipeline.syncOperations.addHandler(
                TLSHandler(context, host: "localhost"), position: .first)
            var writer = DirectWriter(line.channel)
            var buffer = ByteBuffer(bytes: [1, 2, 3])
            return writer.write(&buffer, to: line.channel)
        }.get()
        #expect(!isWritten)
        try? await line.channel.close().get()
        try await group.shutdownGracefully()
    }
}
