/// Who sits at a server: how many connections there are, of whom, and how many of them carry no WebSocket. Pure.
///
///     take ──► waiting ──► upgraded ──► leave
///       │         └────────────────────► leave
///       └─► (no HTTP: never waits) ────► leave
struct ServerSeats {
    /// Where a connection comes from, for counting: an IPv4 address, or the first half of an IPv6 address, because a
    /// customer's line has all addresses of that half.
    typealias Origin = [UInt8]

    struct Count: Equatable {
        var all = 0
        var waiting = 0
    }

    private let limits: ServerLimits
    private(set) var total = Count()
    private var origins: [Origin: Count] = [:]

    init(limits: ServerLimits) { self.limits = limits }

    /// Addresses that have connections.
    var originCount: Int { origins.count }

    /// nil for a connection that is not counted by address.
    func origin(of address: String?) -> Origin? {
        guard let bytes = address.flatMap({ AddressRange.bytes(of: $0) }),
            !limits.uncounted.contains(where: { $0.contains(bytes) })
        else { return nil }
        return bytes.count == 16 ? Array(bytes[..<8]) : bytes
    }

    /// A new connection sits down, or is refused.
    mutating func take(_ origin: Origin?, isWaiting: Bool) -> ServerCounters.Refusal? {
        guard total.all < limits.connections else { return .connections }
        guard !isWaiting || total.waiting < limits.waitingConnections else { return .waiting }
        if let origin {
            let count = origins[origin] ?? Count()
            guard count.all < limits.connectionsPerAddress else { return .address }
            guard !isWaiting || count.waiting < limits.waitingPerAddress else { return .waitingAddress }
        }
        change(origin, all: 1, waiting: isWaiting ? 1 : 0)
        return nil
    }

    /// A connection that sits has become a WebSocket.
    mutating func upgraded(_ origin: Origin?) { change(origin, all: 0, waiting: -1) }

    /// A connection has gone.
    mutating func leave(_ origin: Origin?, wasWaiting: Bool) { change(origin, all: -1, waiting: wasWaiting ? -1 : 0) }

    private mutating func change(_ origin: Origin?, all: Int, waiting: Int) {
        total.all += all
        total.waiting += waiting
        guard let origin else { return }
        var count = origins[origin] ?? Count()
        count.all += all
        count.waiting += waiting
        origins[origin] = count.all > 0 ? count : nil
    }
}
