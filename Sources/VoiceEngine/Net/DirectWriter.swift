internal import Glibc
internal import NIOCore

/// Hands bytes to a channel's socket without a way through its pipeline, where there is nothing on that way: most of what
/// a write costs beside the system call. What the socket does not take is the channel's to write.
///
/// - Important: Confined to the channel's loop. Every write of the channel asks here first, so that none overtakes another.
struct DirectWriter {
    private enum State {
        /// The channel writes everything: what it sends is encrypted, or goes to no socket.
        case never
        /// What the channel has is older.
        case afterChannel(NIOBSDSocket.Handle)
        case now(NIOBSDSocket.Handle)
    }

    private var state = State.never

    init() {}

    /// - Parameter channel: Its pipeline is complete: what is in it now is in it until the end.
    init(_ channel: any Channel) {
        if !channel.isEncrypted, let socket = channel.socket { state = .afterChannel(socket) }
    }

    /// - Returns: Whether all is written. What is left of `bytes` must be given to the channel.
    mutating func write(_ bytes: inout ByteBuffer, to channel: any Channel) -> Bool {
        // The descriptor of a channel that has ended may be another's by now.
        guard channel.isActive, let socket = socket(of: channel) else { return false }
        let count = bytes.readableBytes
        let written = bytes.withUnsafeReadableBytes { Glibc.send(socket, $0.baseAddress, $0.count, Self.flags) }
        if written > 0 { bytes.moveReaderIndex(forwardBy: written) }
        // An error the channel meets as well, and acts on it.
        guard written == count else {
            state = .afterChannel(socket)
            return false
        }
        state = .now(socket)
        return true
    }

    private static let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)

    private func socket(of channel: any Channel) -> NIOBSDSocket.Handle? {
        switch state {
        case .never: nil
        case .now(let socket): socket
        case .afterChannel(let socket):
            (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 ? socket : nil
        }
    }
}
