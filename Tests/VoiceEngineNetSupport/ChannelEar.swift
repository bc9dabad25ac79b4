package import NIOCore
internal import Synchronization

/// A channel's last handler: keeps what came in, and tells when that satisfies a condition. Safe to use from any thread.
package final class ChannelEar: ChannelInboundHandler, Sendable {
    package typealias InboundIn = ByteBuffer

    private struct State {
        var bytes: [UInt8] = []
        var ends = 0
        var onRead: (@Sendable () -> Void)?
        var waiting: (isReady: @Sendable ([UInt8], Bool) -> Bool, promise: EventLoopPromise<[UInt8]>)?
    }

    private let state = Mutex(State())

    package init() {}

    package var bytes: [UInt8] { state.withLock { $0.bytes } }
    /// How often the end of the channel was told.
    package var ends: Int { state.withLock { $0.ends } }

    /// Called on the channel's loop after each read.
    package func onRead(_ body: (@Sendable () -> Void)?) { state.withLock { $0.onRead = body } }

    /// What came in, once it satisfies `isReady` or the channel has ended.
    ///
    /// - Parameters:
    ///   - limit: A test that would wait for ever fails instead.
    ///   - isReady: Gets all bytes so far, and whether the channel has ended.
    package func bytes(
        on loop: any EventLoop, within limit: TimeAmount,
        when isReady: @escaping @Sendable ([UInt8], Bool) -> Bool
    ) async throws -> [UInt8] {
        let promise = loop.makePromise(of: [UInt8].self)
        let deadline = loop.scheduleTask(in: limit) { promise.fail(ChannelError.connectTimeout(limit)) }
        change { $0.waiting = ({ isReady($0, $1) || $1 }, promise) }
        defer { deadline.cancel() }
        return try await promise.futureResult.get()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = Self.unwrapInboundIn(data)
        change { $0.bytes += Array(buffer.readableBytesView) }
        state.withLock { $0.onRead }?()
    }

    package func channelInactive(context: ChannelHandlerContext) { change { $0.ends += 1 } }
    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func change(_ change: (inout State) -> Void) {
        let done = state.withLock { state -> (EventLoopPromise<[UInt8]>, [UInt8])? in
            change(&state)
            guard let waiting = state.waiting, waiting.isReady(state.bytes, state.ends > 0) else { return nil }
            state.waiting = nil
            return (waiting.promise, state.bytes)
        }
        if let (promise, bytes) = done { promise.succeed(bytes) }
    }
}
