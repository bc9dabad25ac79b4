internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#endif

/// How much input waits in a socket before its loop is woken (`SO_RCVLOWAT`); the end of a connection always wakes it.
struct ReadThreshold {
    /// Of messages: more than is worth waiting for.
    private static let most = 8
    /// [bytes] Less than every receive buffer.
    private static let highest = 1 << 16

    private var bytes = 1

    /// - Parameters:
    ///   - messages: Less than two: everything is read as it comes, what waited included.
    ///   - size: [bytes] About that of each. What frames it, and what TLS adds, may be left out.
    mutating func set(messages: Int, of size: Int, on channel: any Channel) {
        // Half a message short: with the last of them so much is there, whatever the length of its numbers.
        let size = min(max(size, 0), Self.highest)
        let wanted = messages < 2 ? 1 : min(max((2 * min(messages, Self.most) - 1) * size / 2, 1), Self.highest)
        guard wanted != bytes else { return }
        bytes = wanted
        // A socket that does not know the option hands over everything as it comes.
        let option = ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_RCVLOWAT))
        try? channel.syncOptions?.setOption(option, value: wanted)
    }
}
