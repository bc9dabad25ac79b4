import NIOCore
import Synchronization
import VoiceEngineCore
import VoiceEngineSession

/// A host whose sessions echo what they hear and write down everything that happens to them.
final class ScriptedHost: CallHost {
    struct State {
        var refusal: CallRefusal?
        var isReady = true
        /// Sessions report their begin and end to the carrier.
        var reports = false
        var agents: Set<String> = ["", "reception", "agent & co"]
        var setups: [CallSetup] = []
        var notes: [String] = []
        var live = 0
        var audioBytes = 0
        /// Ends the gathering of the calls that do.
        var releases: [@Sendable () -> Void] = []
    }

    let state = Mutex(State())

    func accept(
        _ setup: CallSetup, carrier: any Carrier, on eventLoop: any EventLoop
    ) throws(CallRefusal) -> any CallSession {
        eventLoop.assertInEventLoop()
        try admit(agent: setup.agent)
        state.withLock {
            $0.setups.append(setup)
            $0.live += 1
        }
        if state.withLock({ $0.reports }) { carrier.report(SessionEvent(.started, turn: .none, time: .zero)) }
        return EchoSession(host: self, carrier: carrier, eventLoop: eventLoop)
    }

    func admit(agent: String) throws(CallRefusal) {
        let refusal = state.withLock { state in
            state.agents.contains(agent)
                ? state.refusal : CallRefusal(.unknownAgent, "agent \"\(agent)\": not one of this engine's")
        }
        if let refusal { throw refusal }
    }

    func sayGoodbye(reason: String) { state.withLock { $0.notes.append("goodbye: \(reason)") } }

    var isReady: Bool { state.withLock { $0.isReady } }
    var agentNames: [String] { state.withLock { $0.agents.subtracting([""]).sorted() } }
    func metricsText() -> String { "# TYPE voice_engine_calls gauge\nvoice_engine_calls \(live)\n" }

    var live: Int { state.withLock { $0.live } }
    var notes: [String] { state.withLock { $0.notes } }
    var setups: [CallSetup] { state.withLock { $0.setups } }
    var audioBytes: Int { state.withLock { $0.audioBytes } }
    func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }
}

/// Sends back what it hears. `9` cuts, `0` hangs up, `5` asks for a transfer, `3` says three frames at once, `4` one that
/// is the last, `2` gathers two frames, `1` ends that in all calls.
final class EchoSession: CallSession {
    private let host: ScriptedHost
    private var carrier: (any Carrier)?
    private let eventLoop: any EventLoop
    let clock: SessionClock

    init(host: ScriptedHost, carrier: any Carrier, eventLoop: any EventLoop) {
        self.host = host
        self.carrier = carrier
        self.eventLoop = eventLoop
        clock = SessionClock(eventLoop: eventLoop)
    }

    func receive(_ audio: UnsafeRawBufferPointer) {
        host.state.withLock { $0.audioBytes += audio.count }
        carrier?.play(audio, samples: audio.count)
        carrier?.flush()
    }

    func receiveDigits(_ digits: String) {
        host.set { $0.notes.append("digits \(digits)") }
        switch digits {
        case "9":
            let heard = carrier?.cut(at: .zero) ?? -1
            host.set { $0.notes.append("heard \(heard)") }
        case "1": for release in host.state.withLock({ $0.releases }) { release() }
        case "2":
            carrier?.gather(40)
            let (bound, eventLoop) = (NIOLoopBound(carrier, eventLoop: eventLoop), eventLoop)
            host.set { $0.releases.append { eventLoop.execute { bound.value?.gather(0) } } }
        case "3":
            for frame in UInt8(1)...3 {
                [UInt8](repeating: frame, count: 160).withUnsafeBytes { carrier?.play($0, samples: 160) }
            }
            carrier?.flush()
        case "4":
            [UInt8](repeating: 4, count: 160).withUnsafeBytes { carrier?.play($0, samples: 160) }
            carrier?.speechEnds()
            carrier?.flush()
        case "5":
            let isDone = carrier?.perform(.transfer("+1")) ?? true
            host.set { $0.notes.append("transfer \(isDone)") }
        case "0":
            let carrier = self.carrier
            self.carrier = nil
            host.set { $0.live -= 1 }
            _ = carrier?.perform(.hangUp(reason: "all said"))
        default: break
        }
    }

    var memory: CallMemory {
        var memory = CallMemory()
        memory.messages = host.notes.map { .user($0) }
        return memory
    }

    func carrierPlays(_ isPlaying: Bool) { host.set { $0.notes.append("carrier plays \(isPlaying)") } }

    func carrierFound(_ finding: AnswerFinding) { host.set { $0.notes.append("answered by \(finding.rawValue)") } }

    func carrierClosed(reason: String) {
        host.set { state in state.notes.append("closed: \(reason)") }
        guard let carrier else { return }
        if host.state.withLock({ $0.reports }) { carrier.report(SessionEvent(.closed, turn: .none, time: .zero)) }
        self.carrier = nil
        host.set { $0.live -= 1 }
    }
}

/// What a closure was told, in order.
final class Notes: Sendable {
    private let notes = Mutex<[String]>([])

    func note(_ text: String) { notes.withLock { $0.append(text) } }

    func take() -> [String] {
        notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
    }
}
