/// What this server does with one call of Telnyx's, from webhook to webhook. Pure. Webhooks may come twice or out of
/// order, and none of them is certain to come.
struct TelnyxCallStateMachine: Equatable, Sendable {
    /// Whether an incoming call is taken.
    enum Admission: Equatable, Sendable {
        case welcome
        /// No agent can answer.
        case refused(CallFallback)
        /// There is no such agent.
        case unknownAgent
    }

    enum Event: Equatable, Sendable {
        case incoming(Admission)
        case dialled
        case answered
        /// Telnyx could not open the stream to us, or has lost it.
        case streamFailed
        case speakEnded
        /// Telnyx did not take our last command.
        case commandFailed
        case hungUp
    }

    enum Action: Equatable, Sendable {
        case none
        case answerWithStream
        /// To speak to the caller, or to hand the call on.
        case answer
        case reject(busy: Bool)
        case speak(String)
        case transfer(String)
        case hangUp
        /// It makes no sense in this state.
        case ignored
    }

    private enum State: Equatable, Sendable {
        case new
        /// `answer` is under way.
        case answering
        /// Answered without an agent: what the caller gets instead.
        case excusing(CallFallback)
        case speaking
        case dialling
        case connected
        /// The last command is out.
        case ending
        case ended
    }

    private var state = State.new

    var isEnded: Bool { state == .ended }

    /// - Parameter fallback: For a caller whose stream fails.
    mutating func take(_ event: Event, fallback: CallFallback) -> Action {
        switch (event, state) {
        case (.hungUp, .ended): return .ignored
        case (.hungUp, _): return go(.ended, .none)
        case (_, .ended): return .ignored
        case (.incoming(let admission), .new): return begin(admission)
        case (.dialled, .new): return go(.dialling, .none)
        case (.answered, .new), (.answered, .answering), (.answered, .dialling): return go(.connected, .none)
        case (.answered, .excusing(let excuse)): return self.excuse(excuse)
        case (.streamFailed, .answering), (.streamFailed, .connected), (.streamFailed, .new):
            return self.excuse(fallback)
        case (.speakEnded, .speaking): return go(.ending, .hangUp)
        case (.commandFailed, .answering), (.commandFailed, .excusing), (.commandFailed, .speaking):
            return go(.ending, .hangUp)
        case (.incoming, .answering), (.incoming, .excusing), (.incoming, .speaking), (.incoming, .dialling),
            (.incoming, .connected), (.incoming, .ending), (.dialled, .answering), (.dialled, .excusing),
            (.dialled, .speaking), (.dialled, .dialling), (.dialled, .connected), (.dialled, .ending),
            (.answered, .speaking), (.answered, .connected), (.answered, .ending), (.streamFailed, .excusing),
            (.streamFailed, .speaking), (.streamFailed, .dialling), (.streamFailed, .ending), (.speakEnded, .new),
            (.speakEnded, .answering), (.speakEnded, .excusing), (.speakEnded, .dialling), (.speakEnded, .connected),
            (.speakEnded, .ending), (.commandFailed, .new), (.commandFailed, .dialling), (.commandFailed, .connected),
            (.commandFailed, .ending):
            return .ignored
        }
    }

    private mutating func begin(_ admission: Admission) -> Action {
        switch admission {
        case .welcome: return go(.answering, .answerWithStream)
        case .unknownAgent: return go(.ending, .reject(busy: false))
        // Telnyx has nobody to ask how to go on.
        case .refused(.url): return go(.ending, .reject(busy: true))
        case .refused(let fallback): return go(.excusing(fallback), .answer)
        }
    }

    /// The call is answered: says sorry, or hands it on.
    private mutating func excuse(_ fallback: CallFallback) -> Action {
        switch fallback {
        case .say(let sentence): return go(.speaking, .speak(sentence))
        case .dial(let target): return go(.ending, .transfer(target))
        case .url: return go(.ending, .hangUp)
        }
    }

    private mutating func go(_ next: State, _ action: Action) -> Action {
        state = next
        return action
    }
}
