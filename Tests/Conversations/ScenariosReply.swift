import Testing

/// Answers that are none, or hardly.
@Suite struct ReplyScenarios {
    // MARK: - What the model writes

    static let answers: [Scenario] = [
        Scenario(
            "nothing",
            """
            check-in after 3000
            answer ""
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            700 heard ""
            3700 text "Are you still there?"
            3800 agent starts
            4600 agent stops
            4600 heard "Are you still there?"
            > 5500 gone
            5500 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "blanks",
            """
            check-in after 3000
            answer "   "
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            700 heard ""
            3700 text "Are you still there?"
            3800 agent starts
            4600 agent stops
            4600 heard "Are you still there?"
            > 5500 gone
            5500 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "only markup",
            """
            check-in after 3000
            answer "** ``` ** --- #"
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            800 heard ""
            3800 text "Are you still there?"
            3900 agent starts
            4700 agent stops
            4700 heard "Are you still there?"
            > 5500 gone
            5500 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "only emoji",
            """
            check-in after 3000
            answer "🙂 👍"
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            740 heard ""
            3740 text "Are you still there?"
            3840 agent starts
            4640 agent stops
            4640 heard "Are you still there?"
            > 5500 gone
            5500 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "only punctuation",
            """
            check-in after 3000
            answer "..."
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            720 heard ""
            3720 text "Are you still there?"
            3820 agent starts
            4620 agent stops
            4620 heard "Are you still there?"
            > 5500 gone
            5500 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "a list with markup",
            """
            answer "- **One** two.\\n- Three `four`."
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            740 text "One two."
            800 text "Three four."
            840 agent starts
            1640 agent stops
            1640 heard "One two. Three four."
            1640 metrics 0+0+0+200+40+0+100+0 = 340
            > 5500 gone
            5500 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "one word without a full stop",
            """
            answer "Yes"
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            720 text "Yes"
            820 agent starts
            1020 agent stops
            1020 heard "Yes"
            1020 metrics 0+0+0+200+20+0+100+0 = 320
            > 3000 gone
            3000 closed "the caller hung up"
            - user "hello"
            """),
        Scenario(
            "nothing, then a tool, then nothing",
            """
            answer calls look_up call-1 ""
            answer ""
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            700 tool look_up call-1 {}
            > 1500 result call-1 "{}"
            1700 heard ""
            > 3000 gone
            3000 closed "the caller hung up"
            - user "hello"
            - assistant "" calls look_up call-1
            - result call-1 {}
            """),
        Scenario(
            "a goodbye without words",
            """
            answer calls hang_up call-1 ""
            > 500 type "that is all"
            500 final "that is all"
            500 turn 1
            700 heard ""
            700 hang-up "the agent ended the call"
            700 closed "the agent ended the call"
            > 3000 end
            - user "that is all"
            """),
        Scenario(
            "it never ends, and the caller asks again",
            """
            answer "We open at nine. On" hangs
            answer "All right then."
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            780 text "We open at nine."
            880 agent starts
            > 4000 caller "are you still there" 800
            4000 caller starts
            4040 barge-in paused at 6400
            4500 barge-in confirmed at 6400
            4500 agent stops
            4500 heard "We open at nine." interrupted
            4500 metrics 0+0+0+200+80+0+100+0 = 380
            4800 caller stops
            5140 final "are you still there"
            5140 turn 2
            5400 text "All right then."
            5500 agent starts
            6100 agent stops
            6100 heard "All right then."
            6100 metrics 300+40+0+200+60+0+100+0 = 700
            > 8000 gone
            8000 closed "the caller hung up"
            - user "hello"
            - assistant "We open at nine."
            - user "are you still there"
            """),
        Scenario(
            "a voice that makes no sound",
            """
            retries 0
            voice fails
            answer "We open at nine."
            > 500 type "hello"
            500 final "hello"
            500 turn 1
            780 text "We open at nine."
            880 error voice "the voice is out"
            880 error tts "no provider is left"
            880 heard "" interrupted
            880 hang-up "no voice is left"
            880 closed "no voice is left"
            > 5000 end
            - user "hello"
            """),
    ]

    @Test(arguments: answers.flatMap(\.runs)) func playsAnswers(_ run: ScenarioRun) throws { try run.play() }
}
