import NIOCore

/// A call that sends a frame every 20 ms. Confined to its event loop.
protocol WheelCall: AnyObject, SendableMetatype {
    associatedtype Measurement: Sendable

    var isOver: Bool { get }
    /// What is kept of a call that is over.
    var measurement: Measurement { get }
    /// Connects; to be called on `loop`.
    func start(on loop: any EventLoop)
    /// Sends the frame that is due.
    func tick(at now: Int64)
    /// Ends the call when the benchmark is over.
    func finish()
}

/// Keeps many calls going on one event loop: a wheel of 20 slots, one per millisecond, so that the calls' frames are
/// spread as they are in real life and the callers need one timer in all. Confined to its loop.
final class CallWheel<Call: WheelCall> {
    private let loop: any EventLoop
    private var slots = [[Call]](repeating: [], count: 20)
    private var began = monotonicNanoseconds()
    private var ticked: Int64 = 0
    private var wheel: RepeatedTask?
    private(set) var finished: [Call.Measurement] = []
    /// How late the wheel itself was, in milliseconds: what the caller's side adds to every figure.
    private(set) var lag = Distribution()
    private(set) var failures: [String] = []

    init(on loop: any EventLoop) { self.loop = loop }

    var live: Int { slots.reduce(0) { $0 + $1.count } }

    /// Starts the wheel; to be called on the loop.
    func start() {
        began = monotonicNanoseconds()
        let bound = NIOLoopBound(self, eventLoop: loop)
        wheel = loop.scheduleRepeatedTask(initialDelay: .milliseconds(1), delay: .milliseconds(1)) { _ in
            bound.value.turn()
        }
    }

    func stop() {
        wheel?.cancel()
        for call in slots.joined() { call.finish() }
        collect()
    }

    /// Adds a call whose webhook has been answered.
    func add(_ call: Call) {
        let emptiest = slots.indices.min { slots[$0].count < slots[$1].count } ?? 0
        slots[emptiest].append(call)
        call.start(on: loop)
    }

    func failed(_ reason: String) {
        if failures.count < 20 { failures.append(reason) }
    }

    /// Hands out what is kept of the calls that are over, once.
    func takeFinished() -> [Call.Measurement] {
        collect()
        defer { finished = [] }
        return finished
    }

    /// Forgets what was measured so far: the level has settled.
    func resetLag() { lag = Distribution() }

    private func turn() {
        let elapsed = (monotonicNanoseconds() - began) / 1_000_000
        while ticked < elapsed {
            ticked += 1
            let now = monotonicNanoseconds()
            if ticked % 20 == 0 { lag.add(Double(now - began - ticked * 1_000_000) / 1e6) }
            for call in slots[Int(ticked % 20)] { call.tick(at: now) }
        }
        collect()
    }

    private func collect() {
        for slot in slots.indices where slots[slot].contains(where: \.isOver) {
            finished += slots[slot].filter(\.isOver).map(\.measurement)
            slots[slot].removeAll(where: \.isOver)
        }
    }
}
