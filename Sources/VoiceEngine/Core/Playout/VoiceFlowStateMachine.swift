/// When a voice is held, by how much of its audio waits to be played. Pure: amounts and times come in.
///
///     flowing ──more than `highWater` waits──► full ──no more than `lowWater` waits──► flowing
///        └──enough waits, and what follows waits in its socket──► resting ──a quarter of that later──► flowing
///
/// Full bounds the memory. A rest saves awakenings: each read of a socket costs one, and while much waits nothing that
/// comes is urgent. After a rest three quarters of what waited are left, and what came meanwhile is read at once.
package struct VoiceFlowStateMachine: Equatable, Sendable {
    private enum State: Equatable {
        case flowing
        case resting(until: Instant)
        case full
    }

    /// [ms] of waiting audio: with what is unheard (480 ms) and one read of a provider's socket (8 KB, a second of G.711)
    /// the queue's ring at 8 kHz is 41 KB at most, and 27 KB where a read brings less than 250 ms.
    static let highWater: Int64 = 1_000
    /// [ms] A local voice begins its next sentence here, and may have to wait for a thread.
    static let lowWater: Int64 = 900
    /// A shorter rest spares no read.
    static let shortestRest = Nanoseconds.milliseconds(20)

    private let clock: SampleClock
    private let highWater: Int
    private let lowWater: Int
    /// A quarter of it is the shortest rest.
    private let enough: Int
    private var state = State.flowing

    package init(sampleRate: Int) {
        clock = SampleClock(sampleRate: sampleRate)
        highWater = Int(clock.samples(in: .milliseconds(Self.highWater)))
        lowWater = Int(clock.samples(in: .milliseconds(Self.lowWater)))
        enough = Int(clock.samples(in: Self.shortestRest * 4))
    }

    /// No more is to be read of the voice.
    package var isHeld: Bool { state != .flowing }

    /// When a rest is over: `played` is wanted then at the latest.
    package var restEnds: Instant? {
        if case .resting(let end) = state { end } else { nil }
    }

    /// More audio came; what is on its way when the voice is held still comes.
    ///
    /// - Parameters:
    ///   - waiting: [samples] All that waits now.
    ///   - mayRest: What the voice sends while it is held waits in its socket. Asked when enough waits.
    package mutating func queued(waiting: Int, mayRest: @autoclosure () -> Bool, at now: Instant) {
        if waiting > highWater { return state = .full }
        guard state != .full, waiting >= enough, mayRest() else { return }
        state = .resting(until: now + clock.duration(ofSamples: Int64(waiting / 4)))
    }

    /// Some of it was played or dropped, or time has passed.
    package mutating func played(waiting: Int, at now: Instant) {
        switch state {
        case .flowing: break
        case .resting(let end): if now >= end || waiting == 0 { state = .flowing }
        case .full: if waiting <= lowWater { state = .flowing }
        }
    }

    /// Nothing waits any more, and what comes next is another reply's.
    package mutating func restart() { state = .flowing }
}
