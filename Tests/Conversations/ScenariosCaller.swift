import Testing

/// Callers as they are: silent, endless, hesitating, in a noisy place.
@Suite struct CallerScenarios {
    // MARK: - Silence

    static let silence: [Scenario] = [
        Scenario(
            "for ever, and the agent never asks",
            """
            answer "All right then."
            longest call 60000
            60000 hang-up "the call reached its longest duration"
            60000 closed "the call reached its longest duration"
            > 90000 end
            """),
        Scenario(
            "for ever",
            """
            greeting "Hello."
            check-in after 4000
            0 text "Hello."
            100 agent starts
            300 agent stops
            300 heard "Hello."
            4300 text "Are you still there?"
            4400 agent starts
            5200 agent stops
            5200 heard "Are you still there?"
            9200 text "Are you still there?"
            9300 agent starts
            10100 agent stops
            10100 heard "Are you still there?"
            14100 hang-up "the caller is silent"
            14100 closed "the caller is silent"
            > 60000 end
            """),
        Scenario(
            "broken by one word after the first check-in",
            """
            greeting "Hello."
            check-in after 4000
            answer "All right then."
            0 text "Hello."
            100 agent starts
            300 agent stops
            300 heard "Hello."
            4300 text "Are you still there?"
            4400 agent starts
            5200 agent stops
            5200 heard "Are you still there?"
            > 6500 caller "hello" 400
            6500 caller starts
            6900 caller stops
            7240 final "hello"
            7240 turn 3
            7500 text "All right then."
            7600 agent starts
            8200 agent stops
            8200 heard "All right then."
            8200 metrics 300+40+0+200+60+0+100+0 = 700
            12200 text "Are you still there?"
            12300 agent starts
            13100 agent stops
            13100 heard "Are you still there?"
            17100 text "Are you still there?"
            17200 agent starts
            18000 agent stops
            18000 heard "Are you still there?"
            22000 hang-up "the caller is silent"
            22000 closed "the caller is silent"
            > 60000 end
            - assistant "Hello. Are you still there?"
            - user "hello"
            """),
        Scenario(
            "broken by noise only: nobody is there",
            """
            greeting "Hello."
            check-in after 4000
            0 text "Hello."
            100 agent starts
            300 agent stops
            300 heard "Hello."
            > 3000 caller "" 300
            3000 caller starts
            3300 caller stops
            7640 text "Are you still there?"
            7740 agent starts
            8540 agent stops
            8540 heard "Are you still there?"
            > 9000 caller "" 300
            9000 caller starts
            9300 caller stops
            13640 text "Are you still there?"
            13740 agent starts
            14540 agent stops
            14540 heard "Are you still there?"
            > 15000 caller "" 300
            15000 caller starts
            15300 caller stops
            19640 hang-up "the caller is silent"
            19640 closed "the caller is silent"
            > 60000 end
            """),
        Scenario(
            "while a tool runs: no check-in",
            """
            check-in after 2000
            answer calls look_up call-1 ""
            answer "We open at nine."
            > 500 type "when do you open"
            500 final "when do you open"
            500 turn 1
            700 tool look_up call-1 {}
            > 5000 result call-1 "nine"
            5280 text "We open at nine."
            5380 agent starts
            6180 agent stops
            6180 heard "We open at nine."
            6180 metrics 0+0+0+200+4580+0+100+0 = 4880
            > 6900 gone
            6900 closed "the caller hung up"
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            """),
    ]

    @Test(arguments: silence.flatMap(\.runs)) func playsSilence(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Noise

    static let noise: [Scenario] = [
        Scenario(
            "bursts of it while nobody speaks",
            """
            > 1000 caller "" 60
            1000 caller starts
            1060 caller stops
            > 1400 caller "" 200
            1400 caller starts
            1600 caller stops
            > 2500 caller "" 400
            2500 caller starts
            2900 caller stops
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "bursts of it over the agent",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "" 60
            500 caller starts
            540 barge-in paused at 3520
            560 caller stops
            760 barge-in resumed at 3520
            > 1500 caller "" 200
            1500 caller starts
            1540 barge-in paused at 9760
            1700 caller stops
            1900 barge-in resumed at 9760
            > 2600 caller "" 150
            2600 caller starts
            2680 agent stops
            2680 heard "One two three four five six seven eight nine ten."
            2750 caller stops
            > 8000 gone
            8000 closed "the caller hung up"
            """),
        Scenario(
            "bursts of it between the words",
            """
            answer "All right then."
            > 1000 caller "when do you" 600
            1000 caller starts
            1600 caller stops
            > 1800 caller "" 100
            1800 caller starts
            > 2050 caller "open" 200
            1900 caller stops
            2050 caller starts
            2250 caller stops
            2590 final "when do you open"
            2590 turn 1
            2850 text "All right then."
            2950 agent starts
            3550 agent stops
            3550 heard "All right then."
            3550 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "a machine that never pauses, with a sentence in it",
            """
            settled never
            answer "All right then."
            > 1000 caller "" 8000
            1000 caller starts
            > 2000 hears "when do you"
            > 2400 hears "when do you open"
            5100 final "when do you open"
            5100 turn 1
            5360 text "All right then."
            5460 agent starts
            6060 agent stops
            6060 heard "All right then."
            6060 metrics 2000+700+0+200+60+0+100+0 = 3060
            9000 caller stops
            > 12000 gone
            12000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "a machine that never pauses, over the agent",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "" 6000
            700 caller starts
            740 barge-in paused at 5120
            3240 barge-in resumed at 5120
            4600 agent stops
            4600 heard "One two three four five six seven eight nine ten."
            6700 caller stops
            > 9000 gone
            9000 closed "the caller hung up"
            """),
    ]

    @Test(arguments: noise.flatMap(\.runs)) func playsNoise(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Turns

    static let turns: [Scenario] = [
        Scenario(
            "two utterances in quick succession",
            """
            answer "All right then."
            answer "So be it."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            > 2050 caller "on Sunday I mean" 600
            2050 caller starts
            2650 caller stops
            2990 final "when do you open on Sunday I mean"
            2990 turn 1
            3250 text "All right then."
            3350 agent starts
            3950 agent stops
            3950 heard "All right then."
            3950 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open on Sunday I mean"
            """),
        Scenario(
            "two utterances, the second after the first was committed",
            """
            answer "All right then."
            answer "So be it."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 1
            > 2200 caller "on Sunday I mean" 600
            2200 caller starts
            2240 barge-in paused at 0
            2400 text "All right then."
            2600 barge-in confirmed at 0
            2600 heard "" interrupted
            2800 caller stops
            3140 final "on Sunday I mean"
            3140 turn 2
            3400 text "So be it."
            3500 agent starts
            4100 agent stops
            4100 heard "So be it."
            4100 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open on Sunday I mean"
            """),
        Scenario(
            "a short word after the turn was committed: part of it",
            """
            answer "All right then."
            answer "So be it."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 1
            > 2180 caller "please" 250
            2180 caller starts
            2220 barge-in paused at 0
            2400 text "All right then."
            2430 caller stops
            2620 barge-in confirmed at 0
            2620 heard "" interrupted
            2730 final "please"
            2730 turn 2
            2990 text "So be it."
            3090 agent starts
            3690 agent stops
            3690 heard "So be it."
            3690 metrics 300+0+0+200+60+0+100+0 = 660
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open please"
            """),
        Scenario(
            "an unfinished sentence that goes on after 800 ms",
            """
            answer "All right then."
            > 1000 caller "I would like a table for" 1000
            1000 caller starts
            2000 caller stops
            > 2800 caller "two people" 500
            2800 caller starts
            3300 caller stops
            3640 final "I would like a table for two people"
            3640 turn 1
            3900 text "All right then."
            4000 agent starts
            4600 agent stops
            4600 heard "All right then."
            4600 metrics 300+40+0+200+60+0+100+0 = 700
            > 8000 gone
            8000 closed "the caller hung up"
            - user "I would like a table for two people"
            """),
        Scenario(
            "a number in groups",
            """
            answer "All right then."
            greeting "What is your phone number?"
            0 text "What is your phone number?"
            100 agent starts
            1100 agent stops
            1100 heard "What is your phone number?"
            > 2000 caller "five five five" 900
            2000 caller starts
            2900 caller stops
            > 3500 caller "zero one" 600
            3500 caller starts
            4100 caller stops
            > 4700 caller "two three" 600
            4700 caller starts
            5300 caller stops
            6840 final "five five five zero one two three"
            6840 turn 2
            7100 text "All right then."
            7200 agent starts
            7800 agent stops
            7800 heard "All right then."
            7800 metrics 1500+40+0+200+60+0+100+0 = 1900
            > 9000 gone
            9000 closed "the caller hung up"
            - assistant "What is your phone number?"
            - user "five five five zero one two three"
            """),
        Scenario(
            "a hesitation",
            """
            answer "All right then."
            > 1000 caller "I want to um" 1000
            1000 caller starts
            2000 caller stops
            > 2700 caller "cancel my order" 800
            2700 caller starts
            3500 caller stops
            3840 final "I want to um cancel my order"
            3840 turn 1
            4100 text "All right then."
            4200 agent starts
            4800 agent stops
            4800 heard "All right then."
            4800 metrics 300+40+0+200+60+0+100+0 = 700
            > 8000 gone
            8000 closed "the caller hung up"
            - user "I want to um cancel my order"
            """),
        Scenario(
            "two minutes without a pause",
            """
            answer "All right then."
            > 1000 caller "word ×240" 120000
            1000 caller starts
            121000 caller stops
            121340 final "word ×240"
            121340 turn 1
            121600 text "All right then."
            121700 agent starts
            122300 agent stops
            122300 heard "All right then."
            122300 metrics 300+40+0+200+60+0+100+0 = 700
            > 125000 gone
            125000 closed "the caller hung up"
            - user "word ×240"
            """),
        Scenario(
            "two minutes over the agent",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "word ×240" 120000
            700 caller starts
            740 barge-in paused at 5120
            1440 barge-in confirmed at 5120
            1440 agent stops
            1440 heard "One two three four" interrupted
            120700 caller stops
            121040 final "word ×240"
            121040 turn 2
            121300 text "All right then."
            121400 agent starts
            122000 agent stops
            122000 heard "All right then."
            122000 metrics 300+40+0+200+60+0+100+0 = 700
            > 125000 gone
            125000 closed "the caller hung up"
            - assistant "One two three four"
            - user "word ×240"
            """),
    ]

    @Test(arguments: turns.flatMap(\.runs)) func playsTurns(_ run: ScenarioRun) throws { try run.play() }
}
