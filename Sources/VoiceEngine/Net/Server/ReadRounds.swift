internal import Glibc
internal import NIOCore

/// Reads the sockets of many calls together, in rounds of the clock. Their frames come at any time, and waking the loop
/// for each of them costs more than what is then done with it; network cards moderate their interrupts for the same
/// reason.
///
///     few sockets:     frame ► the loop's own epoll ► channel                         at once
///     many of them:    frame, frame, frame … ► round ► channel, channel, channel …    up to `interval` late
///
/// Only what waits in the sockets is read here, for the connection's reader where nothing changes the bytes on their way,
/// else into the head of the channel's pipeline. Writing, and the end of a connection, stay the channels' own.
///
/// - Important: Confined to its loop.
final class ReadRounds {
    /// Rounds are at its multiples, as the ticks of calls are: both are one awakening then. Half of it is what a frame
    /// waits on average.
    static let interval = TimeAmount.milliseconds(10)
    /// From so many sockets on they are read in rounds, until less than half of them are left.
    static let fewest = 16
    /// Within a round of very many: what else the loop has to do comes in between.
    private static let breath = TimeAmount.microseconds(100)
    /// [bytes] Read from a socket in one round: 16 KB in 10 ms is five times as much as any call sends.
    private static let most = 16_384

    /// One socket that is read here. 0: none.
    struct Place: Equatable {
        fileprivate var number: UInt64 = 0

        static let none = Place()
    }

    private struct Member {
        let channel: any Channel
        let socket: NIOBSDSocket.Handle
        let reader: (any RoundReader)?
    }

    private enum Mode {
        /// Each socket wakes the loop.
        case single
        case rounds(ReadySockets, next: Scheduled<Void>)
    }

    private let eventLoop: any EventLoop
    private var members: [UInt64: Member] = [:]
    private var places: UInt64 = 0
    private var mode = Mode.single
    private var buffer = ByteBuffer()

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Whether sockets are read in rounds now.
    var areHeld: Bool {
        if case .rounds = mode { true } else { false }
    }

    /// From now on the input of this channel may be read in rounds, until `leave`.
    ///
    /// - Parameter reader: Takes what is read; nil: the channel's pipeline does.
    /// - Returns: `none` for a channel without a socket.
    func join(_ channel: any Channel, for reader: (any RoundReader)? = nil) -> Place {
        eventLoop.assertInEventLoop()
        guard let socket = channel.socket else { return .none }
        places += 1
        let member = Member(channel: channel, socket: socket, reader: reader)
        members[places] = member
        switch mode {
        case .single: if members.count >= Self.fewest { begin() }
        case .rounds(let sockets, _): hold(member, places, in: sockets)
        }
        return Place(number: places)
    }

    /// The channel reads by itself again, unless it has ended. Without effect on who is not here.
    func leave(_ place: Place) {
        eventLoop.assertInEventLoop()
        guard let member = members.removeValue(forKey: place.number) else { return }
        guard case .rounds(let sockets, let next) = mode else { return }
        release(member, from: sockets)
        guard members.count < Self.fewest / 2 else { return }
        next.cancel()
        mode = .single
        for member in members.values { release(member, from: sockets) }
    }

    private func begin() {
        // Without descriptors left, each socket goes on to wake the loop.
        guard let sockets = ReadySockets() else { return }
        for (number, member) in members { hold(member, number, in: sockets) }
        schedule(sockets, at: nextRound)
    }

    private func hold(_ member: Member, _ number: UInt64, in sockets: ReadySockets) {
        guard member.channel.isActive, sockets.add(member.socket, as: number) else { return }
        try? member.channel.syncOptions?.setOption(.autoRead, value: false)
    }

    /// A descriptor that is closed has left by itself; its number may be another's by now.
    private func release(_ member: Member, from sockets: ReadySockets) {
        guard member.channel.isActive else { return }
        sockets.remove(member.socket)
        try? member.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    // MARK: A round

    private func schedule(_ sockets: ReadySockets, at due: NIODeadline) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        mode = .rounds(sockets, next: eventLoop.scheduleTask(deadline: due) { bound.value.read() })
    }

    private var nextRound: NIODeadline {
        let interval = UInt64(Self.interval.nanoseconds)
        return .uptimeNanoseconds((eventLoop.now.uptimeNanoseconds / interval + 1) * interval)
    }

    private func read() {
        guard case .rounds(let sockets, _) = mode else { return }
        let isDone = sockets.forEachReady { read($0, of: sockets) }
        // Whoever was read may have been the last one.
        guard case .rounds(let current, _) = mode, current === sockets else { return }
        schedule(sockets, at: isDone ? nextRound : eventLoop.now + Self.breath)
    }

    private func read(_ number: UInt64, of sockets: ReadySockets) {
        // The descriptor of a channel that has ended may be another's by now.
        guard let member = members[number], member.channel.isActive else { return }
        buffer.clear()
        var count = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.most) { free in
            count = recv(member.socket, free.baseAddress, Self.most, Int32(MSG_DONTWAIT))
            return max(count, 0)
        }
        guard count > 0 else {
            // The end, or an error: the channel reads it again, and acts on it.
            if count == 0 || errno != EAGAIN && errno != EINTR { release(member, from: sockets) }
            return
        }
        if let reader = member.reader { return reader.read(buffer) }
        member.channel.pipeline.fireChannelRead(buffer)
        member.channel.pipeline.fireChannelReadComplete()
    }
}

/// Who takes what is read from one connection in a round.
protocol RoundReader: AnyObject {
    func read(_ bytes: ByteBuffer)
}

/// The rounds of each loop of a server.
struct LoopReadRounds: Sendable {
    private let rounds: [ObjectIdentifier: NIOLoopBoundBox<ReadRounds>]

    init(_ group: any EventLoopGroup) {
        let loops = group.makeIterator().map { loop in
            let rounds = ReadRounds(eventLoop: loop)
            return (ObjectIdentifier(loop), NIOLoopBoundBox.makeBoxSendingValue(rounds, eventLoop: loop))
        }
        rounds = Dictionary(uniqueKeysWithValues: loops)
    }

    /// On the loop only; nil for one that is not of this group.
    subscript(loop: any EventLoop) -> ReadRounds? { rounds[ObjectIdentifier(loop)]?.value }
}
