internal import NIOCore

/// What a server's connection sends: collected here, and written together.
///
/// A write that fails reads what is left in the socket, and ends the channel, before it returns. Whoever is called by that
/// asks whether it `isWriting`, and tells others only after it.
///
/// - Important: Confined to the connection's loop.
final class ServerOutput {
    /// Not yet written.
    var bytes: ByteBuffer
    private var direct = DirectWriter()
    /// [bytes] Given to a socket that takes no more; 0 while it does.
    private var stalled = 0
    private let mostStalled: Int
    /// Writes that have not returned.
    private var writes = 0

    /// - Parameter mostStalled: [bytes] So much may wait for a client that does not read.
    init(allocator: ByteBufferAllocator, mostStalled: Int) {
        bytes = allocator.buffer(capacity: 1_024)
        self.mostStalled = mostStalled
    }

    /// From now on there is somewhere to write to. The channel's pipeline is complete.
    func open(_ channel: any Channel) { direct = DirectWriter(channel) }

    /// Writes what was collected.
    ///
    /// - Parameter tooSlow: Called within the write when the client leaves too much waiting.
    func flush(to context: ChannelHandlerContext, tooSlow: () -> Void) {
        let count = bytes.readableBytes
        guard count > 0 else { return }
        writes += 1
        defer { writes -= 1 }
        if !direct.write(&bytes, to: context.channel) { context.writeAndFlush(NIOAny(bytes), promise: nil) }
        // Keeps its memory when the write has already happened, else takes new one.
        bytes.clear()
        guard !context.channel.isWritable else { return }
        stalled += count
        if stalled > mostStalled { tooSlow() }
    }

    /// The socket takes more again.
    func becameWritable() { stalled = 0 }

    var isWriting: Bool { writes > 0 }

    /// Tells it now; within a write on the loop's next turn.
    func afterWriting(on eventLoop: any EventLoop, _ tell: @escaping () -> Void) {
        guard isWriting else { return tell() }
        let tell = NIOLoopBound(tell, eventLoop: eventLoop)
        eventLoop.execute { tell.value() }
    }
}
