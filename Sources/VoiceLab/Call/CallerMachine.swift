/// The caller: walks through the scenario, one 20 ms frame at a time. Pure: time is the number of frames, and what the
/// caller hears of the agent is handed in.
struct CallerMachine {
    /// Words of the scenario with their audio, µ-law.
    struct Clip: Sendable {
        var say: Scenario.Say
        var audio: [UInt8]
        /// From the first to the last audible sample, within `audio`.
        var speech: Range<Int>

        /// Cuts silence off both ends down to whole frames and finds the speech inside.
        init(say: Scenario.Say, samples: [Int16]) {
            self.say = say
            // 40 dB below full scale counts as speech here: the recordings are clean, the fades at word ends are kept.
            let spans = Level.audibleSpans(in: samples, thresholdDecibels: -45, joining: samples.count)
            let speech = spans.first ?? 0..<samples.count
            let start = max(0, speech.lowerBound - Telephone.frameSamples)
            let end = min(samples.count, speech.upperBound + Telephone.frameSamples)
            audio = MuLaw.encode(Array(samples[start..<end]))
            self.speech = speech.lowerBound - start..<speech.upperBound - start
        }
    }

    /// What the agent has been heard to say so far, on the caller's sample clock.
    struct Hearing {
        /// Audible stretches, pauses between words joined.
        var spans: [Range<Int>]
        /// The server has ended the stream.
        var streamEnded = false

        var lastAudible: Int { spans.last?.upperBound ?? 0 }
    }

    /// What goes on the line in this frame, and what happened.
    enum Action: Equatable {
        /// Nothing but the line's silence.
        case silence
        /// Audio of the clip with this number; `began` and `ended` mark its first and last frame.
        case speak(clip: Int, audio: [UInt8], began: Bool, ended: Bool)
        case dtmf(String)
        /// The expectation with this number is to be judged as of now.
        case note(Scenario.Expectation)
        /// The caller hangs up. A reason is a failure.
        case hangUp(failure: String?)
    }

    private enum State {
        case step(Int, since: Int)
        case speaking(Int, offset: Int)
        case finished
    }

    private let scenario: Scenario
    private let clips: [Int: Clip]
    private var state = State.step(0, since: 0)
    /// Where the caller's last words ended: a reply is what comes after.
    private var anchor = 0

    /// - Parameter clips: the audio of each `say`, by the number of its step.
    init(scenario: Scenario, clips: [Int: Clip]) {
        self.scenario = scenario
        self.clips = clips
    }

    /// The next thing to do at `sample`, the first of a frame. Returns until it has returned audio, silence or the end
    /// for this frame: `dtmf` and `note` take no time, and the caller asks again.
    mutating func next(at sample: Int, hearing: Hearing) -> Action {
        switch state {
        case .finished: return .silence
        case .speaking(let step, let offset): return speak(step, offset: offset, at: sample)
        case .step(let index, let since):
            guard let step = scenario.steps[safe: index] else { return hangUp(nil) }
            guard Telephone.milliseconds(samples: sample) <= Double(scenario.maxMilliseconds) else {
                return hangUp("the call took longer than \(scenario.maxMilliseconds) ms")
            }
            if hearing.streamEnded, !Self.survivesTheEnd(step) { return hangUp("the agent ended the call early") }
            switch step {
            case .wait(let wait, let timeout):
                if let failure = impossible(wait, hearing, sample) { return hangUp(failure) }
                if isOver(wait, hearing, sample, since: since) {
                    state = .step(index + 1, since: sample)
                    return next(at: sample, hearing: hearing)
                }
                guard Telephone.milliseconds(samples: sample - since) <= Double(timeout) else {
                    return hangUp("waited \(timeout) ms for \(Self.words(wait)), in vain")
                }
                return .silence
            case .say:
                state = .speaking(index, offset: 0)
                return speak(index, offset: 0, at: sample)
            case .dtmf(let digits):
                state = .step(index + 1, since: sample)
                return .dtmf(digits)
            case .expect(let expectation):
                state = .step(index + 1, since: sample)
                return .note(expectation)
            case .hangUp: return hangUp(nil)
            }
        }
    }

    private mutating func speak(_ step: Int, offset: Int, at sample: Int) -> Action {
        guard let clip = clips[step] else { return hangUp("step \(step) has no audio") }
        let end = min(offset + Telephone.frameSamples, clip.audio.count)
        var audio = Array(clip.audio[offset..<end])
        audio += [UInt8](repeating: MuLaw.silence, count: Telephone.frameSamples - audio.count)
        let ended = end == clip.audio.count
        if ended {
            anchor = sample - offset + clip.speech.upperBound
            state = .step(step + 1, since: sample)
        } else {
            state = .speaking(step, offset: end)
        }
        return .speak(clip: step, audio: audio, began: offset == 0, ended: ended)
    }

    private mutating func hangUp(_ failure: String?) -> Action {
        state = .finished
        return .hangUp(failure: failure)
    }

    private func isOver(_ wait: Scenario.Wait, _ hearing: Hearing, _ sample: Int, since: Int) -> Bool {
        let silent = Telephone.milliseconds(samples: sample - hearing.lastAudible)
        switch wait {
        case .agentStarted: return begun(hearing) != nil
        case .agentSpeaking(let length):
            guard let begin = begun(hearing) else { return false }
            return Telephone.milliseconds(samples: sample - begin) >= Double(length)
        case .agentSilent(let length): return silent >= Double(length)
        case .reply(let length): return hearing.lastAudible > anchor && silent >= Double(length)
        case .milliseconds(let length): return Telephone.milliseconds(samples: sample - since) >= Double(length)
        case .farewell(let length):
            return hearing.streamEnded || hearing.lastAudible > anchor && silent >= Double(length)
        case .hangUp: return hearing.streamEnded
        }
    }

    /// An interruption has to hit the agent while it speaks: a reply that was too short is a wrong scenario.
    private func impossible(_ wait: Scenario.Wait, _ hearing: Hearing, _ sample: Int) -> String? {
        guard case .agentSpeaking(let length) = wait, begun(hearing) != nil,
            Telephone.milliseconds(samples: sample - hearing.lastAudible) > 700
        else { return nil }
        return "the agent fell silent before it had spoken for \(length) ms"
    }

    /// Where the first stretch of agent speech after the caller's last words began.
    private func begun(_ hearing: Hearing) -> Int? {
        hearing.spans.first { $0.lowerBound >= anchor }?.lowerBound
    }

    private static func survivesTheEnd(_ step: Scenario.Step) -> Bool {
        switch step {
        case .wait(.hangUp, _), .wait(.farewell, _), .expect, .hangUp: true
        case .wait, .say, .dtmf: false
        }
    }

    private static func words(_ wait: Scenario.Wait) -> String {
        switch wait {
        case .agentStarted, .agentSpeaking: "the agent to speak"
        case .agentSilent(let length): "\(length) ms of silence from the agent"
        case .reply, .farewell: "a whole reply of the agent"
        case .milliseconds(let length): "\(length) ms"
        case .hangUp: "the agent to end the call"
        }
    }
}
