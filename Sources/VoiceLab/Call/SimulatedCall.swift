import NIOCore

/// Drives one simulated call: the carrier's side of a Twilio media stream, in real time on an absolute clock.
///
/// Frame k carries samples 160k ..< 160k+160 of the caller and leaves when they have been spoken, (k+1) · 20 ms after
/// the stream began. The agent's audio is played from the moment it arrives. Both are indexed by the same sample clock,
/// so every latency is a difference of sample numbers. Confined to its event loop.
final class SimulatedCall {
    /// What the call is, as the webhook and the TwiML said.
    struct Setup: Sendable {
        var scenario: Scenario
        var clips: [Int: CallerMachine.Clip]
        var endpoint: Endpoint
        var parameters: [TwiML.Parameter]
        var callSid: String
        var accountSid: String
        var streamSid: String
        /// Of the WebSocket handshake, such as Twilio's signature.
        var headers: [(String, String)] = []
        /// nil: plain text.
        var trust: LabTLSContext?
    }

    /// Something to tell while it happens; `sample` is when it was.
    enum Notice: Sendable {
        /// The stream runs; sample 0 is at this CLOCK_MONOTONIC time.
        case began(startNanoseconds: Int64)
        case said(Scenario.Say)
        case agentStarted
        case agentStopped(samples: Int)
        case cleared(droppedSamples: Int, marks: Int)
        case digit(String)
        case ended(String)
        case violation(String)
        /// Time goes on: everything up to this sample has been reported.
        case progress
    }

    private enum State { case connecting, streaming(frame: Int), ended }

    private let setup: Setup
    private let loop: any EventLoop
    private let socket: WebSocketClient
    private let report: (Int, Notice) -> Void
    private let promise: EventLoopPromise<CallRecord>
    private var state = State.connecting
    private var writer: StreamWriter
    private var caller: CallerMachine
    private var playout = PlayoutClock()
    private var level: LiveLevel
    private var record = CallRecord()
    private var markTimer: Scheduled<Void>?
    private var reportedSpans = (begun: 0, ended: 0)
    private var streamEnded = false

    /// Connects and runs the call; to be called on `loop`. The future fails only when the stream cannot be opened.
    static func start(
        _ setup: Setup, on loop: any EventLoop, report: @escaping (Int, Notice) -> Void
    ) -> EventLoopFuture<CallRecord> {
        connect(setup, on: loop, report: report).finished
    }

    /// Connects and runs the call, which can be ended from outside; to be called on `loop`.
    static func connect(
        _ setup: Setup, on loop: any EventLoop, report: @escaping (Int, Notice) -> Void
    ) -> SimulatedCall {
        let call = SimulatedCall(setup, loop, report)
        call.socket.onOpen = { call.begin() }
        call.socket.onMessage = { call.received($0) }
        call.socket.onClose = { call.disconnected($0) }
        call.socket.connect(on: loop)
        return call
    }

    /// Fails only when the stream cannot be opened.
    var finished: EventLoopFuture<CallRecord> { promise.futureResult }

    /// Somebody other than the two who talk ends the call.
    func hangUp(by who: String) {
        guard case .streaming = state else { return }
        end(by: who)
    }

    private init(_ setup: Setup, _ loop: any EventLoop, _ report: @escaping (Int, Notice) -> Void) {
        self.setup = setup
        self.loop = loop
        self.report = report
        socket = WebSocketClient(endpoint: setup.endpoint, headers: setup.headers, trust: setup.trust)
        promise = loop.makePromise()
        writer = StreamWriter(streamSid: setup.streamSid, callSid: setup.callSid, accountSid: setup.accountSid)
        caller = CallerMachine(scenario: setup.scenario, clips: setup.clips)
        level = LiveLevel(
            thresholdDecibels: setup.scenario.agentThresholdDecibels, joining: CallRecord.joining)
        record.callSid = setup.callSid
        record.streamSid = setup.streamSid
    }

    private var now: Int { Telephone.sample(at: monotonicNanoseconds() - record.startNanoseconds) }

    // MARK: To the server

    private func begin() {
        socket.send(text: StreamWriter.connected)
        socket.send(text: writer.start(parameters: setup.parameters))
        record.startNanoseconds = monotonicNanoseconds()
        report(0, .began(startNanoseconds: record.startNanoseconds))
        state = .streaming(frame: 0)
        schedule(frame: 0)
    }

    private func schedule(frame: Int) {
        let due = record.startNanoseconds + Int64(frame + 1) * Telephone.frameNanoseconds
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(max(0, due - monotonicNanoseconds()))) { bound.value.tick() }
    }

    /// Sends every frame that is due: one, or several after the machine was held up.
    private func tick() {
        let reached = now
        hear(at: reached)
        while case .streaming(let frame) = state, (frame + 1) * Telephone.frameSamples <= reached {
            state = .streaming(frame: frame + 1)
            send(frame: frame)
        }
        report(reached, .progress)
        if case .streaming(let frame) = state { schedule(frame: frame) }
    }

    private func send(frame: Int) {
        let sample = frame * Telephone.frameSamples
        let hearing = CallerMachine.Hearing(spans: level.spans, streamEnded: streamEnded)
        while true {
            switch caller.next(at: sample, hearing: hearing) {
            case .silence:
                return send([UInt8](repeating: MuLaw.silence, count: Telephone.frameSamples), at: sample)
            case .speak(let clip, let audio, let began, _):
                if began, let clip = setup.clips[clip] {
                    let speech = sample + clip.speech.lowerBound..<sample + clip.speech.upperBound
                    record.utterances.append(.init(say: clip.say, speech: speech))
                    report(speech.lowerBound, .said(clip.say))
                }
                return send(audio, at: sample)
            case .dtmf(let digits):
                for digit in digits where !streamEnded { socket.send(text: writer.dtmf(digit)) }
                record.digits.append((digits, sample))
                report(sample, .digit(digits))
            case .note(let expectation):
                let judged = CallRecord.Judged(
                    expectation: expectation, sample: sample, utterances: record.utterances.count)
                record.judged.append(judged)
            case .hangUp(let failure):
                record.failure = failure
                return end(by: streamEnded ? "agent" : "caller")
            }
        }
    }

    private func send(_ frame: [UInt8], at sample: Int) {
        record.caller += frame
        guard !streamEnded else { return }
        socket.send(text: writer.media(frame, timestamp: sample * 1_000 / Telephone.samplesPerSecond))
    }

    // MARK: From the server

    private func received(_ message: WebSocketMessage) {
        guard case .streaming = state else { return }
        let sample = now
        hear(at: sample)
        switch message {
        case .text(let text): received(text: Array(text.readableBytesView), at: sample)
        case .binary: violated("31950: a binary frame", at: sample)
        case .ping, .pong: break
        case .close(let code, _):
            if let code, code != 1000, code != 1001 { violated("31924: closed with code \(code)", at: sample) }
        }
    }

    private func received(text: [UInt8], at sample: Int) {
        do {
            switch try ServerMessage.parse(text, streamSid: setup.streamSid) {
            case .media(let payload):
                record.mediaMessages += 1
                record.mediaBytes += payload.count
                switch playout.media(payload, at: sample) {
                case .queued: break
                case .queuedAfterGap(let samples): record.gaps.append((sample, samples))
                case .discarded: violated("31931: more than ten minutes of audio queued", at: sample)
                }
            case .mark(let name):
                record.marks.append(.init(name: name, received: sample))
                echo(playout.mark(name, at: sample))
            case .clear:
                let (echoes, dropped) = playout.clear(at: sample)
                record.clears.append(.init(sample: sample, droppedSamples: dropped, marks: echoes.count))
                report(sample, .cleared(droppedSamples: dropped, marks: echoes.count))
                echo(echoes)
            }
        } catch {
            violated("\(error)", at: sample)
        }
        scheduleMark()
    }

    private func violated(_ text: String, at sample: Int) {
        // A broken server would repeat itself for every frame: enough to see the pattern is kept.
        guard record.violations.count < 100 else { return }
        record.violations.append((sample, text))
        report(sample, .violation(text))
    }

    /// Lets the loudspeaker play up to `sample`.
    private func hear(at sample: Int) {
        echo(playout.advance(to: sample))
        level.measure(playout.played)
        if level.spans.count > reportedSpans.begun, let span = level.spans.last {
            reportedSpans.begun = level.spans.count
            report(span.lowerBound, .agentStarted)
        }
        if reportedSpans.ended < reportedSpans.begun, let span = level.spans.last,
            sample - span.upperBound > CallRecord.joining
        {
            reportedSpans.ended = reportedSpans.begun
            report(span.upperBound, .agentStopped(samples: span.count))
        }
    }

    private func echo(_ echoes: [PlayoutClock.Echo]) {
        for echo in echoes {
            if let index = record.marks.lastIndex(where: { $0.name == echo.name && $0.returned == nil }) {
                record.marks[index].returned = echo.sample
                record.marks[index].cause = echo.cause
            }
            if !streamEnded { socket.send(text: writer.mark(echo.name)) }
        }
    }

    /// The next mark goes back when its sample is played, not at the next frame.
    private func scheduleMark() {
        markTimer?.cancel()
        markTimer = nil
        guard let due = playout.nextMark else { return }
        let at = record.startNanoseconds + Telephone.nanoseconds(ofSample: due)
        let bound = NIOLoopBound(self, eventLoop: loop)
        markTimer = loop.scheduleTask(in: .nanoseconds(max(0, at - monotonicNanoseconds()))) {
            let call = bound.value
            guard case .streaming = call.state else { return }
            // The timer may be early by less than a sample's length.
            call.hear(at: max(call.now, due))
            call.scheduleMark()
        }
    }

    // MARK: The end

    private func disconnected(_ violation: WireViolation?) {
        switch state {
        case .connecting: promise.fail(violation ?? WireViolation("the server closed the connection"))
        case .streaming:
            streamEnded = true
            if let violation { violated("31924: \(violation)", at: now) }
        case .ended: break
        }
    }

    private func end(by who: String) {
        hear(at: now)
        markTimer?.cancel()
        state = .ended
        if !streamEnded {
            socket.send(text: writer.stop())
            socket.close(code: 1000)
        }
        record.endedBy = who
        record.agent = playout.played
        record.measureAgent(thresholdDecibels: setup.scenario.agentThresholdDecibels)
        report(now, .ended(who))
        promise.succeed(record)
    }
}
