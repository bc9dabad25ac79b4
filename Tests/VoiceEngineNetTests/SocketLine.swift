import Glibc
import NIOCore
import NIOPosix
import Synchronization

@testable import VoiceEngineNet

/// A channel on one end of a pair of sockets; the other end is the test's, to be written to, read and closed at will.
final class SocketLine: Sendable {
    let channel: any Channel
    private let far: Mutex<Int32?>
    private let ear: Ear

    /// Notes what comes in.
    private final class Ear: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        struct State {
            var heard: [UInt8] = []
            var ends = 0
            var onRead: (@Sendable () -> Void)?
            var waiting: (isReady: @Sendable ([UInt8], Int) -> Bool, promise: EventLoopPromise<[UInt8]>)?
        }

        let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(Self.unwrapInboundIn(data).readableBytesView)
            change { $0.heard += bytes }
            state.withLock { $0.onRead }?()
        }

        func channelInactive(context: ChannelHandlerContext) { change { $0.ends += 1 } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func change(_ change: (inout State) -> Void) {
            let done = state.withLock { state -> (EventLoopPromise<[UInt8]>, [UInt8])? in
                change(&state)
                guard let waiting = state.waiting, waiting.isReady(state.heard, state.ends) else { return nil }
                state.waiting = nil
                return (waiting.promise, state.heard)
            }
            done?.0.succeed(done?.1 ?? [])
        }
    }

    private init(_ channel: any Channel, far: Int32, ear: Ear) {
        self.channel = channel
        self.far = Mutex(far)
        self.ear = ear
    }

    deinit { hangUp() }

    static func open(on loop: any EventLoop) async throws -> SocketLine {
        var pair: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
            throw IOError(errnoCode: errno, reason: "socketpair")
        }
        let ear = Ear()
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ear) }
            }
            .withConnectedSocket(pair[0]).get()
        return SocketLine(channel, far: pair[1], ear: ear)
    }

    /// Called on the loop after each read.
    func onRead(_ body: (@Sendable () -> Void)?) { ear.state.withLock { $0.onRead = body } }

    var heard: [UInt8] { ear.state.withLock { $0.heard } }
    var ends: Int { ear.state.withLock { $0.ends } }

    /// What came in, once it is so long or the channel has ended.
    func heard(_ count: Int) async throws -> [UInt8] {
        try await wait { heard, ends in heard.count >= count || ends > 0 }
    }

    func end() async throws { _ = try await wait { _, ends in ends > 0 } }

    private func wait(until isReady: @escaping @Sendable ([UInt8], Int) -> Bool) async throws -> [UInt8] {
        let promise = channel.eventLoop.makePromise(of: [UInt8].self)
        // A test that would wait for ever fails instead.
        let limit = channel.eventLoop.scheduleTask(in: .seconds(60)) {
            promise.fail(ChannelError.connectTimeout(.seconds(60)))
        }
        ear.change { $0.waiting = (isReady, promise) }
        defer { limit.cancel() }
        return try await promise.futureResult.get()
    }

    // MARK: The far end

    /// Waits until the socket has taken all.
    func say(_ bytes: [UInt8]) {
        guard let far = far.withLock({ $0 }) else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(far, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What the channel wrote; waits for that much of it.
    func listen(_ count: Int) -> [UInt8] {
        guard let far = far.withLock({ $0 }) else { return [] }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let read = piece.withUnsafeMutableBytes {
                Glibc.read(far, $0.baseAddress, min($0.count, count - bytes.count))
            }
            guard read > 0 else { break }
            bytes += piece[..<read]
        }
        return bytes
    }

    func hangUp() {
        far.withLock { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }
}
