import NIOCore

/// What became of a call that was only to be answered. Times are CLOCK_MONOTONIC.
struct ArrivalMeasurement: Sendable {
    enum Outcome: Equatable, Sendable {
        case answered
        /// The server said no: by the webhook's answer, or by closing the stream with 1013 before the first frame.
        case refused
        /// Neither an answer nor a refusal.
        case broken(String)
    }

    /// The webhook's connection was begun.
    var called: Int64
    /// The webhook's answer was there and the stream's connection was begun.
    var connecting: Int64?
    /// `start` was sent.
    var started: Int64?
    /// The agent's first frame had come.
    var firstFrame: Int64?
    var outcome: Outcome
    /// The agent's frames, and how late they were [ms].
    var frames = 0
    var lateness = Distribution()
    var lateFrames = 0
    /// The name of the call in the providers' log.
    var tag: Tag?

    /// [ms] From one of the call's moments to another; nil unless it had both.
    static func milliseconds(_ from: Int64?, _ to: Int64?) -> Double? {
        guard let from, let to else { return nil }
        return Double(to - from) / 1e6
    }
}

/// A caller who says nothing: the webhook has answered, the stream begins, and the agent's first frame is waited for.
/// Confined to its event loop.
final class ArrivalCall: WheelCall {
    /// What the caller does.
    enum Habit: Equatable, Sendable {
        /// Stays until the benchmark is over and sends a frame every 20 ms.
        case stays
        /// Sends so many frames at once and hangs up when the agent is heard.
        case hurries(frames: Int)
    }

    private enum State { case connecting, waiting, hearing, over }

    private let setup: SimulatedCall.Setup
    private let habit: Habit
    private let socket: WebSocketClient
    private var writer: BenchWriter
    private var state = State.connecting
    private var judge = PacingJudge()
    private(set) var measurement: ArrivalMeasurement

    /// Called once, when the call is over.
    var onOver: () -> Void = {}

    var isOver: Bool { if case .over = state { true } else { false } }

    /// - Parameter called: When the webhook's connection was begun.
    init(setup: SimulatedCall.Setup, habit: Habit, called: Int64, tag: Tag?) {
        self.setup = setup
        self.habit = habit
        writer = BenchWriter(streamSid: setup.streamSid)
        socket = WebSocketClient(endpoint: setup.endpoint, headers: setup.headers, trust: setup.trust)
        measurement = ArrivalMeasurement(called: called, outcome: .broken("no frame came"), tag: tag)
    }

    func start(on loop: any EventLoop) {
        socket.onOpen = { [self] in begin() }
        socket.onMessage = { [self] in received($0) }
        socket.onClose = { [self] violation in
            if let violation, state != .over { measurement.outcome = .broken(violation.description) }
            end()
        }
        measurement.connecting = monotonicNanoseconds()
        socket.connect(on: loop)
    }

    func tick(at now: Int64) {
        guard case .stays = habit else { return }
        switch state {
        case .connecting, .over: break
        case .waiting, .hearing: socket.send(text: writer.media(BenchClip.silence))
        }
    }

    func finish() {
        guard state != .over else { return }
        hangUp()
    }

    private func begin() {
        var start = StreamWriter(streamSid: setup.streamSid, callSid: setup.callSid, accountSid: setup.accountSid)
        socket.send(text: StreamWriter.connected)
        socket.send(text: start.start(parameters: setup.parameters))
        measurement.started = monotonicNanoseconds()
        state = .waiting
        guard case .hurries(let frames) = habit else { return }
        for _ in 0..<frames { socket.send(text: writer.media(BenchClip.silence)) }
    }

    private func received(_ message: WebSocketMessage) {
        switch message {
        case .text(let text):
            guard let media = MediaScanner.scan(text) else { return }
            heard(samples: media.samples, at: monotonicNanoseconds())
        case .close(let code, _):
            if code == 1013, measurement.firstFrame == nil { measurement.outcome = .refused }
        case .binary, .ping, .pong: break
        }
    }

    private func heard(samples: Int, at now: Int64) {
        if case .waiting = state {
            state = .hearing
            measurement.firstFrame = now
            measurement.outcome = .answered
        }
        measurement.frames += 1
        if let late = judge.frame(at: now, samples: samples) {
            measurement.lateness.add(Double(late) / 1e6)
            if late > PacingJudge.limit { measurement.lateFrames += 1 }
        }
        if case .hurries = habit, state != .over { hangUp() }
    }

    private func hangUp() {
        var last = StreamWriter(streamSid: setup.streamSid, callSid: setup.callSid, accountSid: setup.accountSid)
        socket.send(text: last.stop())
        socket.close(code: 1000)
        end()
    }

    private func end() {
        state = .over
        onOver()
        onOver = {}
    }
}
