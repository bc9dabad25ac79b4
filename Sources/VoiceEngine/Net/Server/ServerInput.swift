internal import NIOCore

/// When what comes in on a connection is read: as it comes, when so much is there, or together with other connections'.
///
/// - Important: Confined to the connection's loop.
struct ServerInput {
    private let rounds: LoopReadRounds?
    private var threshold = ReadThreshold()
    private var place = ReadRounds.Place.none

    /// - Parameter rounds: nil: the connection is read by itself.
    init(_ rounds: LoopReadRounds?) { self.rounds = rounds }

    /// As `ReadThreshold.set`.
    mutating func gather(messages: Int, of size: Int, on channel: any Channel) {
        threshold.set(messages: messages, of: size, on: channel)
    }

    /// - Parameter reader: Takes what comes in. The channel's pipeline is complete.
    mutating func readInRounds(_ channel: any Channel, for reader: any RoundReader) {
        guard place == .none, let rounds = rounds?[channel.eventLoop] else { return }
        place = channel.isEncrypted ? rounds.join(channel) : rounds.join(channel, for: reader)
    }

    /// The connection has ended, or ends now.
    mutating func end(on eventLoop: any EventLoop) {
        guard place != .none else { return }
        rounds?[eventLoop]?.leave(place)
        place = .none
    }
}
