internal import NIOCore
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineNet

/// What Telnyx's Call Control does with calls. Safe to use from any thread.
struct TelnyxCallControl: CallControl {
    let wire: TelnyxREST
    let rest: CarrierREST
    let playbacks: TelnyxPlaybacks

    /// Sends a command. One with the id of an earlier one does nothing, so each may be repeated.
    ///
    /// - Parameter commandID: nil makes a new one.
    func send(
        _ command: TelnyxREST.Command, to call: String, commandID: String? = nil, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        let purpose = "\(command.purpose) call \(call)"
        let id = commandID ?? TelnyxPlaybacks.makeID("cmd")
        return rest.send(
            wire.command(command, call: call, commandID: id), purpose, .harmless, on: eventLoop
        ).flatMapThrowing { answer in
            guard answer.isGood else { throw TelnyxREST.refusal(answer, purpose) }
        }
    }

    func transfer(_ call: String, to target: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        guard let target = DialTarget(target) else {
            return Self.failed("transfer call \(call): \(DialTarget.expectation)", on: eventLoop)
        }
        return send(.transfer(to: target.address), to: call, on: eventLoop)
    }

    func sendDigits(_ digits: String, in call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        guard let digits = KeyedDigits.checked(digits) else {
            return Self.failed(
                "key digits in call \(call): expected 1 to \(KeyedDigits.most) of 0-9, A-D, *, # and w", on: eventLoop)
        }
        return send(.sendDigits(digits), to: call, on: eventLoop)
    }

    func hangUp(_ call: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let purpose = "end call \(call)"
        let request = wire.command(.hangUp, call: call, commandID: TelnyxPlaybacks.makeID("cmd"))
        return rest.send(request, purpose, .harmless, on: eventLoop).flatMapThrowing { answer in
            guard answer.isGood || TelnyxREST.saysCallIsOver(answer) else {
                throw TelnyxREST.refusal(answer, purpose)
            }
        }
    }

    /// Places a call.
    ///
    /// - Returns: Its call control id.
    func dial(_ call: TelnyxNewCall, on eventLoop: any EventLoop) -> EventLoopFuture<String> {
        let purpose = "place a call to \(call.to)"
        let request = wire.dial(call, commandID: TelnyxPlaybacks.makeID("dial"))
        return rest.send(request, purpose, .onlyOnce, on: eventLoop).flatMapThrowing { answer in
            guard answer.isGood else { throw TelnyxREST.refusal(answer, purpose) }
            guard let id = answer.json?["data"]?["call_control_id"]?.string, !id.isEmpty else {
                throw CallControlError(description: "\(purpose): Telnyx's answer names no call")
            }
            return id
        }
    }

    // MARK: Sounds

    /// Plays a recording that Telnyx fetches from `url`, beside what the stream plays.
    ///
    /// - Returns: What `stop` and the end of the sound are known by, once Telnyx has taken it, and a future of its end
    ///   in Telnyx's words (`completed`, `cancelled`, `call_hangup`, `file_not_found` …).
    func play(
        _ url: String, in call: String, keeping state: TelnyxClientState, on eventLoop: any EventLoop
    ) -> EventLoopFuture<(id: String, end: EventLoopFuture<String>)> {
        var state = state
        let (id, end) = playbacks.begin(call: call, on: eventLoop)
        state.playback = id
        return send(.startPlayback(url: url, state), to: call, commandID: id, on: eventLoop)
            .map { (id, end) }
            .flatMapErrorThrowing { error in
                playbacks.ended(id, status: "failed")
                throw error
            }
    }

    /// Stops the sound that plays, or all that wait as well.
    func stopPlayback(in call: String, all: Bool, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        send(.stopPlayback(all: all), to: call, on: eventLoop)
    }

    private static func failed(_ description: String, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        eventLoop.makeFailedFuture(CallControlError(description: description))
    }
}

/// The sounds that Telnyx plays for us, until it reports their end. Bounded: the oldest is taken to have ended. Safe to
/// use from any thread.
final class TelnyxPlaybacks: Sendable {
    private struct Playback {
        let call: String
        let end: EventLoopPromise<String>
    }

    private struct State {
        var playing: [String: Playback] = [:]
        var order: [String] = []
    }

    private let most: Int
    private let state = Mutex(State())

    init(most: Int = 1_024) { self.most = max(1, most) }

    deinit {
        // A promise that nobody keeps would be a trap in a debug build, and a waiter for ever in another.
        for playback in state.withLock({ $0.playing.values }) { playback.end.succeed("unknown") }
    }

    var count: Int { state.withLock { $0.playing.count } }

    func begin(call: String, on eventLoop: any EventLoop) -> (id: String, end: EventLoopFuture<String>) {
        let id = Self.makeID("play")
        let promise = eventLoop.makePromise(of: String.self)
        let oldest = state.withLock { state -> Playback? in
            state.playing[id] = Playback(call: call, end: promise)
            state.order.append(id)
            guard state.order.count > most else { return nil }
            return state.playing.removeValue(forKey: state.order.removeFirst())
        }
        oldest?.end.succeed("unknown")
        return (id, promise.futureResult)
    }

    func ended(_ id: String, status: String) {
        let playback = state.withLock { state in
            state.order.removeAll { $0 == id }
            return state.playing.removeValue(forKey: id)
        }
        playback?.end.succeed(status.isEmpty ? "unknown" : status)
    }

    /// Telnyx reports nothing more of a call that is over.
    func callEnded(_ call: String) {
        let ended = state.withLock { state in
            let ids = state.order.filter { state.playing[$0]?.call == call }
            state.order.removeAll { ids.contains($0) }
            return ids.compactMap { state.playing.removeValue(forKey: $0) }
        }
        for playback in ended { playback.end.succeed("call_hangup") }
    }

    static func makeID(_ prefix: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let (high, low): (UInt64, UInt64) = (generator.next(), generator.next())
        return "\(prefix)-" + String(high, radix: 16) + String(low, radix: 16)
    }
}
