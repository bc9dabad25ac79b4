internal import Synchronization

/// What became of the media streams that our webhook promised, by call SID: when a stream has ended Twilio asks how to go
/// on, and a caller whom no agent has answered must not be hung up on. Bounded: the oldest are forgotten. Safe to use
/// from any thread.
final class TwilioCallLedger: Sendable {
    enum Fate: Equatable, Sendable {
        /// The webhook named the stream; it has not come.
        case promised
        /// An agent has answered.
        case connected
        /// The stream was refused, or Twilio could not open or keep it.
        case failed
    }

    private struct State {
        var fates: [String: Fate] = [:]
        /// A ring of SIDs, in the order in which they came.
        var order: [String] = []
        var next = 0
    }

    private let most: Int
    private let state = Mutex(State())

    init(most: Int = 8_192) { self.most = max(1, most) }

    func promise(_ call: String) { note(call, .promised) }

    /// The stream has come, and was taken or refused.
    func streamCame(_ call: String, isConnected: Bool) { note(call, isConnected ? .connected : .failed) }

    /// Twilio reports that it could not open the stream, or has lost it.
    func streamFailed(_ call: String) { note(call, .failed) }

    func fate(of call: String) -> Fate? { state.withLock { $0.fates[call] } }

    private func note(_ call: String, _ fate: Fate) {
        guard !call.isEmpty, call.utf8.count <= 128 else { return }
        state.withLock { state in
            if state.fates.updateValue(fate, forKey: call) != nil { return }
            guard state.order.count >= most else { return state.order.append(call) }
            state.fates[state.order[state.next]] = nil
            state.order[state.next] = call
            state.next = (state.next + 1) % most
        }
    }
}
