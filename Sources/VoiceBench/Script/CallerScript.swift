/// One caller of the benchmark: hears the greeting, says something, hears the reply, says something, interrupts the
/// second reply, hears the third to the end of the call. Pure: time is frames of 20 ms.
package struct CallerScript: Equatable, Sendable {
    /// What the caller sends in a frame.
    package enum Frame: Equatable, Sendable {
        case silence
        /// A frame of the turn's recording.
        case turn(Int)
        /// A frame of the interruption's recording.
        case interruption(Int)
        case over
    }

    /// [frames] 21 s.
    package static let callFrames = 1_050
    package static let turns = 3
    /// [frames] The caller answers 700 ms after the agent has fallen silent.
    private static let pause = 35
    /// [frames] Without an answer for this long the caller goes on: one lost turn does not lose the call.
    private static let patience = 300
    /// [frames] Into the second reply.
    private static let interruptAfter = 75
    private static let interruptedPart = 2

    private enum State: Equatable {
        /// Part 0 is the greeting.
        case listening(part: Int, since: Int, heard: ClosedRange<Int>?)
        case speaking(part: Int, index: Int, overAgentUntil: Int?)
        case over
    }

    private let turnFrames: Int
    private let interruptionFrames: Int
    private var frame = 0
    private var state = State.listening(part: 0, since: 0, heard: nil)
    private var interruption: Int?

    /// Turns that were answered, the interruption included.
    package private(set) var answered = 0
    /// Turns that were spoken.
    package private(set) var spoken = 0
    /// [frames] Silent ones inside the agent's speech.
    package private(set) var gaps = 0
    /// [frames] From the first frame of the interruption to the last audible frame of the agent; nil before it is known.
    package private(set) var cutAfter: Int?
    /// [frames] From the begin of the call to the first audible one.
    package private(set) var firstHeard: Int?

    /// - Parameters:
    ///   - turnFrames: Length of what the caller says, in frames of 20 ms.
    ///   - interruptionFrames: The same of the interruption.
    package init(turnFrames: Int, interruptionFrames: Int) {
        self.turnFrames = max(turnFrames, 1)
        self.interruptionFrames = max(interruptionFrames, 1)
    }

    /// The next frame to send, after one from the agent.
    package mutating func next(agentIsAudible: Bool) -> Frame {
        frame += 1
        if agentIsAudible, firstHeard == nil { firstHeard = frame }
        if frame > Self.callFrames { state = .over }
        switch state {
        case .over: return .over
        case .speaking(let part, let index, let until): return speak(part, index, until, agentIsAudible)
        case .listening(let part, let since, let heard): return listen(part, since, heard, agentIsAudible)
        }
    }

    private mutating func speak(_ part: Int, _ index: Int, _ until: Int?, _ agentIsAudible: Bool) -> Frame {
        let isInterruption = part == Self.interruptedPart + 1
        let count = isInterruption ? interruptionFrames : turnFrames
        let end = agentIsAudible && isInterruption ? frame : until
        state = .speaking(part: part, index: index + 1, overAgentUntil: end)
        if index + 1 >= count {
            if isInterruption, let interruption { cutAfter = (end ?? interruption) - interruption }
            state = .listening(part: part, since: frame, heard: nil)
        }
        return isInterruption ? .interruption(index) : .turn(index)
    }

    private mutating func listen(_ part: Int, _ since: Int, _ before: ClosedRange<Int>?, _ agentIsAudible: Bool)
        -> Frame
    {
        var heard = before
        if agentIsAudible {
            if let before {
                gaps += frame - before.upperBound - 1
            } else if part > 0 {
                answered += 1
            }
            heard = (before?.lowerBound ?? frame)...frame
        }
        state = .listening(part: part, since: since, heard: heard)
        guard part < Self.turns else { return .silence }
        let isDone = heard.map { frame - $0.upperBound > Self.pause } ?? (frame - since > Self.patience)
        let interrupts =
            part == Self.interruptedPart && heard.map { frame - $0.lowerBound > Self.interruptAfter } ?? false
        guard isDone || interrupts else { return .silence }
        spoken += 1
        if interrupts { interruption = frame }
        return speak(part + 1, 0, agentIsAudible ? frame : nil, agentIsAudible)
    }
}
