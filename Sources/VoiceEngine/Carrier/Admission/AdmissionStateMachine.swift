internal import VoiceEngineCore

/// Whether a new call is taken: not while the server drains, is full, or has late frames, and only so many in a second.
/// Pure.
///
///     frames   on time ──(p99 above `late`, for `trouble`)──► late ──(p99 at most half of it, for `calm`)──► on time
///
/// A call is announced by its webhook and comes a moment later by its stream. The announcement decides, takes the token
/// and keeps a place for `promise`; the stream that follows takes the place and is not asked again. A call without a
/// webhook is decided when it comes.
struct AdmissionStateMachine {
    enum Refusal: String, CaseIterable, Equatable, Sendable {
        case draining
        /// As many calls as there may be.
        case calls
        /// More new calls in a second than there may be.
        case rate
        /// Frames are late: another call would harm those that are live.
        case lateness
    }

    enum Verdict: Equatable {
        case take
        /// - retryAfter: When it may be different; zero where that is not known.
        case refuse(Refusal, retryAfter: Nanoseconds)
    }

    enum Pressure: Equatable { case none, began, ended }

    /// How long an announced call may take to come.
    static let promise = Nanoseconds.seconds(15)
    /// How long frames must be late: one hiccup of the machine is no overload.
    static let trouble = Nanoseconds.seconds(1)
    /// How long frames must be on time again.
    static let calm = Nanoseconds.seconds(3)

    private enum Frames: Equatable {
        case onTime(lateSince: Instant?)
        case late(calmSince: Instant?)
    }

    private enum Door: Equatable { case open, draining }

    private let most: Int
    private let late: Nanoseconds
    private var bucket: TokenBucket?
    private var frames = Frames.onTime(lateSince: nil)
    private var door = Door.open
    /// When the places of announced calls are given up, oldest first.
    private var promised: [Instant] = []

    /// - Parameters:
    ///   - most: Live calls and announced ones together.
    ///   - rate: New calls in a second and at once; nil: any.
    ///   - late: Lateness above which no call is taken; zero: not looked at.
    init(most: Int, rate: (perSecond: Double, burst: Int)?, late: Nanoseconds) {
        self.most = max(1, most)
        self.late = late
        bucket = rate.map { TokenBucket(rate: $0.perSecond, size: $0.burst) }
    }

    var isDraining: Bool { door == .draining }
    var isLate: Bool {
        if case .late = frames { true } else { false }
    }

    mutating func drain() { door = .draining }

    /// A webhook asks for a call.
    mutating func announced(live: Int, at now: Instant) -> Verdict {
        let verdict = decide(live: live, at: now)
        if verdict == .take { promised.append(now + Self.promise) }
        return verdict
    }

    /// A call is there.
    mutating func arrived(live: Int, at now: Instant) -> Verdict {
        forget(at: now)
        guard !promised.isEmpty else { return decide(live: live, at: now) }
        if door == .draining { return .refuse(.draining, retryAfter: .zero) }
        promised.removeFirst()
        return live < most ? .take : .refuse(.calls, retryAfter: .zero)
    }

    /// The lateness of frames over the last moments.
    mutating func observed(_ p99: Nanoseconds, at now: Instant) -> Pressure {
        guard late > .zero else { return .none }
        switch frames {
        case .onTime(let lateSince):
            guard p99 > late else {
                frames = .onTime(lateSince: nil)
                return .none
            }
            let since = lateSince ?? now
            guard now - since >= Self.trouble else {
                frames = .onTime(lateSince: since)
                return .none
            }
            frames = .late(calmSince: nil)
            return .began
        case .late(let calmSince):
            guard p99.rawValue <= late.rawValue / 2 else {
                frames = .late(calmSince: nil)
                return .none
            }
            let since = calmSince ?? now
            guard now - since >= Self.calm else {
                frames = .late(calmSince: since)
                return .none
            }
            frames = .onTime(lateSince: nil)
            return .ended
        }
    }

    private mutating func decide(live: Int, at now: Instant) -> Verdict {
        forget(at: now)
        if door == .draining { return .refuse(.draining, retryAfter: .zero) }
        if live + promised.count >= most { return .refuse(.calls, retryAfter: .zero) }
        if isLate { return .refuse(.lateness, retryAfter: Self.calm) }
        if let wait = bucket?.take(at: now) { return .refuse(.rate, retryAfter: wait) }
        return .take
    }

    private mutating func forget(at now: Instant) {
        while let first = promised.first, first <= now { promised.removeFirst() }
    }
}
