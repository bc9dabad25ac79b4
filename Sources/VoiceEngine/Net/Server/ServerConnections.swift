internal import NIOCore
internal import Synchronization

/// The open connections of a server. Safe to use from any thread.
final class ServerConnections: Sendable {
    private struct Seat {
        var channel: any Channel
        var origin: ServerSeats.Origin?
        var isWaiting: Bool
    }

    private struct State {
        var taken: [ObjectIdentifier: Seat] = [:]
        var seats: ServerSeats
        var handshakes: HandshakeRate
        var isStopped = false
    }

    private let limits: ServerLimits
    private let counters: ServerCounters
    private let state: Mutex<State>

    init(limits: ServerLimits, counters: ServerCounters = ServerCounters()) {
        self.limits = limits
        self.counters = counters
        state = Mutex(
            State(seats: ServerSeats(limits: limits), handshakes: HandshakeRate(most: limits.handshakesPerSecond)))
    }

    var count: Int { state.withLock { $0.seats.total.all } }
    /// Those that are no WebSocket.
    var waitingCount: Int { state.withLock { $0.seats.total.waiting } }

    /// Takes a new connection in until it closes; false when there are too many or the server stops.
    ///
    /// - Parameters:
    ///   - isWaiting: It may become a WebSocket, and is counted among those that wait until it does.
    ///   - isSecure: It begins with a TLS handshake.
    func add(_ channel: any Channel, isWaiting: Bool = false, isSecure: Bool = false) -> Bool {
        let id = ObjectIdentifier(channel)
        let second = Int64(clamping: channel.eventLoop.now.uptimeNanoseconds / 1_000_000_000)
        let address = channel.remoteAddress?.ipAddress
        let (isTaken, refusal) = state.withLock { state -> (Bool, ServerCounters.Refusal?) in
            guard !state.isStopped else { return (false, nil) }
            let origin = state.seats.origin(of: address)
            if let refusal = state.seats.take(origin, isWaiting: isWaiting) { return (false, refusal) }
            if isSecure, !state.handshakes.take(in: second) {
                state.seats.leave(origin, wasWaiting: isWaiting)
                return (false, .handshakes)
            }
            state.taken[id] = Seat(channel: channel, origin: origin, isWaiting: isWaiting)
            counters.note(open: state.seats.total.all, waiting: state.seats.total.waiting)
            return (true, nil)
        }
        if let refusal { counters.note(refusal) }
        guard isTaken else { return false }
        counters.noteAccepted()
        channel.closeFuture.whenComplete { _ in self.remove(id) }
        return true
    }

    /// The connection has become a WebSocket.
    func upgraded(_ channel: any Channel) {
        state.withLock { state in
            guard var seat = state.taken[ObjectIdentifier(channel)], seat.isWaiting else { return }
            seat.isWaiting = false
            state.taken[ObjectIdentifier(channel)] = seat
            state.seats.upgraded(seat.origin)
            counters.note(open: state.seats.total.all, waiting: state.seats.total.waiting)
        }
    }

    private func remove(_ id: ObjectIdentifier) {
        state.withLock { state in
            guard let seat = state.taken.removeValue(forKey: id) else { return }
            state.seats.leave(seat.origin, wasWaiting: seat.isWaiting)
            counters.note(open: state.seats.total.all, waiting: state.seats.total.waiting)
        }
    }

    func stop(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let channels = state.withLock { state in
            state.isStopped = true
            return state.taken.values.map(\.channel)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ServerStopEvent.stop) }
        let cutOff = loop.scheduleTask(in: limits.stopTimeout) {
            for channel in channels { channel.close(promise: nil) }
        }
        let closed = EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: loop)
        closed.whenComplete { _ in cutOff.cancel() }
        return closed
    }
}
