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

    private struct Entry {
        var fate: Fate
        /// What the webhook promised; nil for a call whose stream TwiML of somebody else's opened.
        var stream: TwiML.Stream?
    }

    private struct State {
        var calls: [String: Entry] = [:]
        /// A ring of SIDs, in the order in which they came.
        var order: [String] = []
        var next = 0
    }

    private let most: Int
    private let state = Mutex(State())

    init(most: Int = 4_096) { self.most = max(1, most) }

    func promise(_ call: String, _ stream: TwiML.Stream? = nil) {
        // A call that was placed may have its stream before we know its SID.
        note(call) { $0 = Entry(fate: $0?.fate ?? .promised, stream: stream ?? $0?.stream) }
    }

    /// The stream has come, and was taken or refused.
    func streamCame(_ call: String, isConnected: Bool) {
        note(call) { $0 = Entry(fate: isConnected ? .connected : .failed, stream: $0?.stream) }
    }

    /// Twilio reports that it could not open the stream, or has lost it.
    func streamFailed(_ call: String) { note(call) { $0 = Entry(fate: .failed, stream: $0?.stream) } }

    func fate(of call: String) -> Fate? { state.withLock { $0.calls[call]?.fate } }

    /// Whom Twilio asks how a call goes on; nil when it is not known.
    func action(of call: String) -> String? { state.withLock { $0.calls[call]?.stream?.action } }

    /// The stream that takes the call up again after TwiML of ours has ended it: the same, and known as one that was
    /// resumed. nil when it is not known (any more).
    func resume(_ call: String) -> TwiML.Stream? {
        state.withLock { state in
            guard var stream = state.calls[call]?.stream else { return nil }
            state.calls[call]?.fate = .promised
            stream.parameters.removeAll { $0.name == StreamParameter.resumed }
            stream.parameters.append((StreamParameter.resumed, "true"))
            return stream
        }
    }

    private func note(_ call: String, _ change: (inout Entry?) -> Void) {
        guard !call.isEmpty, call.utf8.count <= 128 else { return }
        state.withLock { state in
            let isNew = state.calls[call] == nil
            change(&state.calls[call])
            guard isNew else { return }
            guard state.order.count >= most else { return state.order.append(call) }
            state.calls[state.order[state.next]] = nil
            state.order[state.next] = call
            state.next = (state.next + 1) % most
        }
    }
}
