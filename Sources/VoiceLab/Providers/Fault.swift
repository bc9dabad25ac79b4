/// One thing that a scripted provider does wrong, as `--fault` and the path `/fault/NAME/FAULTS/…` write it:
/// `KIND[=VALUE][@STEP][xTIMES]`.
struct Fault: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// [ms] Everything is this late, in order.
        case latency(Int)
        /// [bytes] Everything comes in pieces of this size.
        case split(Int)
        /// [ms] One byte after the other, this far apart.
        case drip(Int)
        /// Nothing more is sent; the connection stays.
        case stall
        case ending(Ending)
        /// [bytes] Random bytes in place of what was to be sent; then as usual.
        case garbage(Int)
        /// An HTTP answer with this status instead of the service. [s] of `Retry-After`.
        case status(Int, retryAfter: Int?)
    }

    enum Ending: String, Sendable { case reset, close, half }

    /// When it begins.
    enum Step: Equatable, Sendable {
        /// With the nth piece that is to be sent: the first is the head of the answer.
        case sent(Int)
        /// With the nth message that is received after the request.
        case received(Int)
    }

    var kind: Kind
    var step = Step.sent(1)
    /// For how many requests; nil = all.
    var times: Int?

    static let help = """
        latency=MS, split=BYTES, drip=MS (a byte every MS), stall, reset, close, half (closes its side only), \
        garbage=BYTES, or a status such as 401, 500 and 429=SECONDS (Retry-After). @N: from the Nth piece of the answer on \
        (1 = its head); @inN: from the Nth message of the client on; xN: for the first N requests only.
        """

    /// - Throws: `WireViolation` that names the fault.
    static func parse(_ text: some StringProtocol) throws -> Fault {
        let wrong = WireViolation("fault “\(text)”: expected KIND[=VALUE][@STEP][xTIMES]")
        var rest = text[...]
        var times: Int?
        if let mark = rest.lastIndex(of: "x"), let number = Int(rest[rest.index(after: mark)...]) {
            times = number
            rest = rest[..<mark]
        }
        var step = Step.sent(1)
        if let mark = rest.lastIndex(of: "@") {
            let place = rest[rest.index(after: mark)...]
            guard let number = Int(place.hasPrefix("in") ? place.dropFirst(2) : place), number > 0 else { throw wrong }
            step = place.hasPrefix("in") ? .received(number) : .sent(number)
            rest = rest[..<mark]
        }
        let parts = rest.split(separator: "=", maxSplits: 1)
        guard let name = parts.first else { throw wrong }
        let value = parts.count == 2 ? Int(parts[1]) : nil
        guard parts.count == 1 || value.map({ $0 > 0 }) ?? false, times.map({ $0 > 0 }) ?? true else { throw wrong }
        return Fault(kind: try kind(String(name), value) ?? { throw wrong }(), step: step, times: times)
    }

    private static func kind(_ name: String, _ value: Int?) throws -> Kind? {
        switch (name, value) {
        case ("latency", let value?): .latency(value)
        case ("split", let value?): .split(value)
        case ("drip", let value?): .drip(value)
        case ("stall", nil): .stall
        case ("garbage", _): .garbage(value ?? 64)
        case (_, nil) where Ending(rawValue: name) != nil: Ending(rawValue: name).map { .ending($0) }
        default: Int(name).flatMap { (400...599).contains($0) ? .status($0, retryAfter: value) : nil }
        }
    }

    /// Several, joined by `+`.
    static func list(_ text: some StringProtocol) throws -> [Fault] {
        try text.split(separator: "+").map { try parse($0) }
    }
}

/// What becomes of each piece that a provider sends. Pure.
struct FaultMachine {
    enum Action: Equatable {
        case send(delayMilliseconds: Int, pieceBytes: Int?, gapMilliseconds: Int)
        case garbage(bytes: Int)
        case nothing
        case end(Fault.Ending)
    }

    private enum State { case live, mute }

    private let faults: [Fault]
    private var state = State.live
    private var sent = 0
    private var received = 0

    init(_ faults: [Fault]) { self.faults = faults }

    /// A message of the client has come.
    mutating func receiving() -> Action {
        received += 1
        for fault in faults where fault.step == .received(received) {
            switch fault.kind {
            case .stall: state = .mute
            case .ending(let ending): return end(ending)
            case .garbage(let bytes): return .garbage(bytes: bytes)
            case .latency, .split, .drip, .status: break
            }
        }
        return .nothing
    }

    /// A piece is to be sent.
    mutating func sending() -> Action {
        sent += 1
        guard case .live = state else { return .nothing }
        var (delay, piece, gap) = (0, Int?.none, 0)
        for fault in faults where hasBegun(fault) {
            let isNow = fault.step == .sent(sent)
            switch fault.kind {
            case .latency(let milliseconds): delay = milliseconds
            case .split(let bytes): piece = bytes
            case .drip(let milliseconds): (piece, gap) = (1, milliseconds)
            case .stall:
                state = .mute
                return .nothing
            case .ending(let ending): if isNow { return end(ending) }
            case .garbage(let bytes): if isNow { return .garbage(bytes: bytes) }
            case .status: break
            }
        }
        return .send(delayMilliseconds: delay, pieceBytes: piece, gapMilliseconds: gap)
    }

    private func hasBegun(_ fault: Fault) -> Bool {
        switch fault.step {
        case .sent(let number): sent >= number
        case .received(let number): received >= number && fault.kind != .stall
        }
    }

    private mutating func end(_ ending: Fault.Ending) -> Action {
        guard case .live = state else { return .nothing }
        state = .mute
        return .end(ending)
    }
}
