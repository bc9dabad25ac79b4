internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#endif

/// How much input waits in a socket before its loop is woken (`SO_RCVLOWAT`); the end of a connection always wakes it.
struct ReadThreshold {
    /// More than any stretch of audio that is worth waiting for, less than every receive buffer.
    private static let highest = 1 << 16

    private var bytes = 1

    /// - Parameter wanted: [bytes] Less than two: everything is read as it comes, what waited included.
    mutating func set(_ wanted: Int, on channel: any Channel) {
        let wanted = min(max(wanted, 1), Self.highest)
        guard wanted != bytes else { return }
        bytes = wanted
        // A socket that does not know the option hands over everything as it comes.
        let option = ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_RCVLOWAT))
        try? channel.syncOptions?.setOption(option, value: wanted)
    }
}
