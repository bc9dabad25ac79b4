/// One caller of the benchmark: a greeting, two turns, an interruption of the second reply, a third reply. Pure: time is
/// nanoseconds of CLOCK_MONOTONIC, the agent is known by when its audio has been played.
struct BenchCallMachine {
    /// What the caller sends in one 20 ms frame.
    enum Frame: Equatable {
        case silence
        case watermark(Int)
        case utterance(Int)
        case interruption(Int)
        case over
    }

    private enum State {
        /// Listening for the agent's part number `part` to end.
        case listening(part: Int, since: Int64)
        case speaking(part: Int, frame: Int)
        case over
    }

    static let callMilliseconds: Int64 = 21_000
    private static let pause: Int64 = 700_000_000
    /// Without an answer for this long the caller goes on, so that one lost turn does not lose the call.
    private static let patience: Int64 = 6_000_000_000
    private static let interruptAfter: Int64 = 1_500_000_000
    /// 0 = the greeting, 1 = first reply, 2 = the reply that is interrupted, 3 = the last.
    private static let interruptedPart = 2

    let utteranceFrames: Int
    let interruptionFrames: Int
    let watermarkFrames: Int
    private let began: Int64
    private var frame = 0
    private var state: State

    init(began: Int64, utteranceFrames: Int, interruptionFrames: Int, watermarkFrames: Int) {
        self.began = began
        self.utteranceFrames = utteranceFrames
        self.interruptionFrames = interruptionFrames
        self.watermarkFrames = watermarkFrames
        state = .listening(part: 0, since: began)
    }

    /// The next frame.
    ///
    /// - Parameters:
    ///   - replyBegan: when the first audio of the agent's current part arrived, nil before.
    ///   - playedUntil: when the audio received so far will have been played.
    mutating func next(at now: Int64, replyBegan: Int64?, playedUntil: Int64) -> Frame {
        frame += 1
        guard now - began < Self.callMilliseconds * 1_000_000 else {
            state = .over
            return .over
        }
        switch state {
        case .over: return .over
        case .speaking(let part, let index):
            let isInterruption = part == Self.interruptedPart + 1
            let count = isInterruption ? interruptionFrames : utteranceFrames
            state = index + 1 < count ? .speaking(part: part, frame: index + 1) : .listening(part: part, since: now)
            return isInterruption ? .interruption(index) : .utterance(index)
        case .listening(let part, let since):
            let heard = replyBegan.map { $0 >= since } ?? false
            let isDone = heard && now - playedUntil > Self.pause || !heard && now - since > Self.patience
            let interrupts = part == Self.interruptedPart && heard && now - (replyBegan ?? now) > Self.interruptAfter
            if part < 3, isDone || interrupts {
                state = .speaking(part: part + 1, frame: 1)
                return part == Self.interruptedPart ? .interruption(0) : .utterance(0)
            }
            return part == 0 ? background(now) : .silence
        }
    }

    /// The watermark, repeated through the first two seconds.
    private func background(_ now: Int64) -> Frame {
        let index = frame - 6
        guard index >= 0, now - began < 2_000_000_000 else { return .silence }
        let position = index % (watermarkFrames + 2)
        return position < watermarkFrames ? .watermark(position) : .silence
    }
}
