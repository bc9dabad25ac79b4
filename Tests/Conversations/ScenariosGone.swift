import Testing

/// The caller hangs up, whatever the agent is doing: one end, at once, and nothing is left.
@Suite struct GoneScenarios {
    // MARK: - While the agent

    static let states: [Scenario] = [
        Scenario(
            "gone while the agent greets",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            > 400 gone
            400 agent stops
            400 heard "One two" interrupted
            400 closed "the caller hung up"
            """),
        Scenario(
            "gone while the agent listens",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 900 gone
            900 closed "the caller hung up"
            """),
        Scenario(
            "gone while the agent hears the caller",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1400 gone
            1400 closed "the caller hung up"
            """),
        Scenario(
            "gone while the agent waits out a pause of the caller",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            > 2050 gone
            2050 closed "the caller hung up"
            """),
        Scenario(
            "gone while the agent waits for the transcript",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            > 2120 gone
            2120 closed "the caller hung up"
            """),
        Scenario(
            "gone while the agent thinks",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            > 2250 gone
            2250 heard "" interrupted
            2250 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "gone while the agent has the text and no audio yet",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            > 2440 gone
            2440 heard "" interrupted
            2440 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "gone while the agent speaks while a tool runs",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 2700 gone
            2700 agent stops
            2700 heard "One" interrupted
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            2700 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "gone while the agent waits for a tool",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 3500 gone
            3500 agent stops
            3500 heard "One moment please." interrupted
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            3500 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "gone while the agent thinks about the result of a tool",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 4000 result call-1 "nine"
            > 4100 gone
            4100 agent stops
            4100 heard "One moment please." interrupted
            4100 metrics 300+40+0+200+60+0+100+0 = 700
            4100 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "gone while the agent speaks",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 4000 result call-1 "nine"
            4380 text "We open at nine in the morning every day."
            > 4600 gone
            4600 agent stops
            4600 heard "One moment please. We" interrupted
            4600 metrics 300+40+0+200+60+0+100+0 = 700
            4600 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "gone while the agent is paused by a backchannel",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 4000 result call-1 "nine"
            4380 text "We open at nine in the morning every day."
            > 4700 caller "yeah" 200
            4700 caller starts
            4740 barge-in paused at 11680
            > 4800 gone
            4800 agent stops
            4800 heard "One moment please. We open" interrupted
            4800 metrics 300+40+0+200+60+0+100+0 = 700
            4800 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
    ]

    @Test(arguments: states.flatMap(\.runs)) func playsStates(_ run: ScenarioRun) throws { try run.play() }
}
