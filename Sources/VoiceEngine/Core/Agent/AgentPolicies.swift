extension AgentDocument {
    /// When a turn is over, and when the caller may interrupt.
    package struct TurnPolicy: Equatable, Sendable {
        package var endpoint: EndpointPolicy
        package var bargeIn: BargeInPolicy
        package var speculation: SpeculationPolicy
        /// The local model that judges pauses by their sound is asked, where it is installed.
        package var usesEndOfTurnModel: Bool
        /// So many words that are no backchannel interrupt while they are being spoken.
        package var minimumWords: Int
        /// In addition to the language's own list.
        package var backchannels: [String]
        /// Phrases that interrupt at once, in addition to the language's own.
        package var always: [String]
        /// Texts that are heard to their end.
        package var protected: [String]

        private enum ModelUse: String, CaseIterable { case auto, off }

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            var end = try reader.nested("end")
            let preset = EndpointPolicy()
            let silence = try end.integer("silence_ms", 100...5_000, default: preset.silence.wholeMilliseconds)
            let presetIncomplete = max(preset.incompleteSilence.wholeMilliseconds, silence)
            let incomplete = try end.integer("incomplete_ms", 100...10_000, default: presetIncomplete)
            guard incomplete >= silence else {
                throw end.wrong("incomplete_ms", .int(incomplete), "at least silence_ms (\(silence))")
            }
            let presetSpelled = max(preset.spelledSilence.wholeMilliseconds, silence)
            let spelled = try end.integer("spelled_ms", 100...10_000, default: presetSpelled)
            guard spelled >= silence else {
                throw end.wrong("spelled_ms", .int(spelled), "at least silence_ms (\(silence))")
            }
            endpoint = EndpointPolicy(
                silence: .milliseconds(silence), incompleteSilence: .milliseconds(incomplete),
                spelledSilence: .milliseconds(spelled),
                transcriptWait: try end.milliseconds(
                    "max_wait_ms", 0...10_000, default: preset.transcriptWait.wholeMilliseconds))
            usesEndOfTurnModel = try end.choice("model", default: ModelUse.auto) == .auto
            try end.finish()

            let ahead = SpeculationPolicy()
            speculation = SpeculationPolicy(
                isEnabled: try reader.bool("speculate", default: ahead.isEnabled),
                mostDrafts: Int(try reader.integer("most_drafts", 1...10, default: Int64(ahead.mostDrafts))))

            var interruption = try reader.nested("barge_in")
            let usual = BargeInPolicy()
            bargeIn = BargeInPolicy(
                isEnabled: try interruption.bool("enabled", default: true),
                pauseAfter: try interruption.milliseconds("min_ms", 0...2_000, default: 0),
                confirmAfter: try interruption.milliseconds(
                    "confirm_ms", 100...10_000, default: usual.confirmAfter.wholeMilliseconds),
                wordsWait: try interruption.milliseconds(
                    "words_wait_ms", 0...5_000, default: usual.wordsWait.wholeMilliseconds),
                longest: try interruption.milliseconds(
                    "hold_ms", 500...30_000, default: usual.longest.wholeMilliseconds))
            minimumWords = Int(try interruption.integer("min_words", 1...20, default: 2))
            backchannels = try interruption.texts("backchannels") ?? []
            always = try interruption.texts("always") ?? ["stop", "wait"]
            protected = try interruption.texts("protected", .text(1_000)) ?? []
            try interruption.finish()
            try reader.finish()
        }
    }

    /// How the caller's audio is heard.
    package struct AudioPolicy: Equatable, Sendable {
        package enum VoiceActivity: String, CaseIterable, Sendable {
            /// The neural model where it is there, else the energy detector.
            case auto
            case neural
            case energy
        }

        package var voiceActivity: VoiceActivity
        /// [dBFS] Noise in place of silence; nil: none.
        package var comfortNoise: Int?

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            voiceActivity = try reader.choice("voice_activity", default: .auto)
            let levels = Int64(ComfortNoise.levels.lowerBound)...Int64(ComfortNoise.levels.upperBound)
            comfortNoise = try reader.integer("comfort_noise_dbfs", levels).map { Int($0) }
            try reader.finish()
        }
    }

    /// What the agent does when nothing happens, or things fail.
    package struct Manners: Equatable, Sendable {
        /// Silence after which the caller is asked; nil never asks.
        package var checkInAfter: Nanoseconds?
        package var checkIn: String
        /// 0 never hangs up.
        package var hangUpAfterCheckIns: Int
        package var longestCall: Nanoseconds
        /// So long before the end of the longest call the caller is warned; nil: not at all.
        package var callWarningBefore: Nanoseconds?
        package var callWarning: String
        /// Said before the agent ends a call by itself; nil says nothing.
        package var goodbye: String?
        package var fillers: Fillers
        /// Said when no reply can be made; nil says nothing.
        package var onFailure: String?

        init(_ reader: consuming KeyedReader, language: String, mode: Mode) throws(AgentError) {
            let usual = MannersTexts.of(language)
            let after = try reader.integer("check_in_after_s", 0...600, default: 8)
            checkInAfter = after == 0 ? nil : .seconds(after)
            checkIn = try reader.text("check_in", .text(500)) ?? usual.checkIn
            hangUpAfterCheckIns = Int(try reader.integer("hang_up_after_check_ins", 0...20, default: 2))
            // Who listens costs no model and bothers nobody.
            let longest = try reader.integer("max_call_s", 10...86_400, default: mode == .listen ? 14_400 : 1_800)
            longestCall = .seconds(longest)
            let warning = try reader.integer("max_call_warning_s", 0...3_600)
            if let warning, warning >= longest {
                throw reader.wrong("max_call_warning_s", .int(warning), "less than max_call_s (\(longest))")
            }
            // A warning of its own accord only in calls that are long.
            let before = warning ?? (longest >= 300 ? 60 : 0)
            callWarningBefore = before == 0 ? nil : .seconds(before)
            callWarning = try reader.text("max_call_warning", .text(500)) ?? usual.callWarning
            let goodbye = try reader.text("goodbye", .textOrEmpty(500)) ?? usual.goodbye
            self.goodbye = goodbye.isEmpty ? nil : goodbye
            fillers =
                reader.value("fillers") == nil
                ? Fillers() : try Fillers(try reader.nested("fillers"), usual: usual.fillers)
            let failure = try reader.text("on_failure", .textOrEmpty(500)) ?? usual.onFailure
            onFailure = failure.isEmpty ? nil : failure
            try reader.finish()
        }
    }

    /// What becomes of digits that the caller keys in: collected digits are a turn of the caller.
    package struct KeypadPolicy: Equatable, Sendable {
        package var isEnabled: Bool
        /// Ends the number and is no part of it; nil: only the gap ends it.
        package var endKey: Character?
        /// Pause after which a number is complete.
        package var gap: Nanoseconds
        package var mostDigits: Int
        package var delivery: KeypadDelivery
        package var interrupts: KeypadInterruption

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            isEnabled = try reader.bool("enabled", default: true)
            let end = try reader.text("end_key", .textOrEmpty(1)) ?? "#"
            guard end.isEmpty || "0123456789*#ABCD".contains(end) else {
                throw reader.wrong("end_key", .string(end), "one of 0 to 9, *, # and A to D, or an empty text")
            }
            endKey = end.first
            gap = try reader.milliseconds("gap_ms", 200...10_000, default: 2_000)
            mostDigits = Int(try reader.integer("max_digits", 1...64, default: 32))
            delivery = try reader.choice("deliver", default: .text)
            let keys = try reader.text("interrupts", .textOrEmpty(16)) ?? "any"
            guard let interruption = KeypadInterruption(keys) else {
                throw reader.wrong(
                    "interrupts", .string(keys), "\"any\", or keys out of 0 to 9, *, # and A to D, or an empty text")
            }
            interrupts = interruption
            try reader.finish()
        }
    }

    package struct Limits: Equatable, Sendable {
        /// Messages of the conversation that the model is given; older ones are left out.
        package var historyMessages: Int
        /// How long the host has to answer a tool call.
        package var toolTimeout: Nanoseconds

        init(_ reader: consuming KeyedReader) throws(AgentError) {
            historyMessages = Int(try reader.integer("history_messages", 2...1_000, default: 100))
            toolTimeout = try reader.milliseconds("tool_timeout_ms", 100...120_000, default: 15_000)
            try reader.finish()
        }
    }
}

extension FailoverPolicy {
    /// The section `failover`.
    init(_ reader: consuming KeyedReader) throws(AgentError) {
        let usual = FailoverPolicy()
        retry.retries = Int(try reader.integer("retries", 0...5, default: Int64(usual.retry.retries)))
        retry.base = try reader.milliseconds("retry_base_ms", 10...5_000, default: usual.retry.base.wholeMilliseconds)
        hedges = try reader.bool("hedge", default: false)
        breaker = CircuitBreaker.Policy(
            failures: Int(try reader.integer("breaker_failures", 1...100, default: Int64(usual.breaker.failures))),
            open: .seconds(
                try reader.integer("breaker_open_s", 1...3_600, default: usual.breaker.open.wholeMilliseconds / 1_000)))
        replay = .seconds(try reader.integer("replay_s", 10...60, default: usual.replay.wholeMilliseconds / 1_000))
        modelPatience = try Self.patience("first_token_ms", usual.modelPatience, &reader)
        voicePatience = try Self.patience("first_audio_ms", usual.voicePatience, &reader)
        endAfter = Int(try reader.integer("end_after", 0...20, default: Int64(usual.endAfter)))
        try reader.finish()
    }

    /// 0 waits for ever.
    private static func patience(
        _ key: String, _ usual: Nanoseconds?, _ reader: inout KeyedReader
    ) throws(AgentError) -> Nanoseconds? {
        let time = try reader.milliseconds(key, 0...120_000, default: usual?.wholeMilliseconds ?? 0)
        return time == .zero ? nil : time
    }
}
