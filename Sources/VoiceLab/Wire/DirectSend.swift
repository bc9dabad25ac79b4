import Glibc
import NIOCore

/// Sends into the socket of a plain connection, past its channel: a simulated caller is little else than a message every
/// 20 ms, and a laboratory that is short of processor time measures itself.
///
/// The first message that the socket does not take whole ends this: from then on the channel sends, which keeps the
/// order.
struct DirectSend {
    private var socket: NIOBSDSocket.Handle?

    /// Nothing is sent directly.
    init() {}

    /// - Parameter context: Of a channel that has nothing left to send; on its loop.
    init(_ context: ChannelHandlerContext) {
        // Other transports than sockets have none.
        socket = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable { $0 }
    }

    /// Sends `bytes`, through the channel where the socket does not take them.
    mutating func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        var rest = bytes
        if let socket {
            let taken = bytes.withUnsafeReadableBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT | MSG_NOSIGNAL))
            }
            if taken == bytes.readableBytes { return }
            self.socket = nil
            rest.moveReaderIndex(forwardBy: max(0, taken))
        }
        context.writeAndFlush(NIOAny(rest), promise: nil)
    }
}
