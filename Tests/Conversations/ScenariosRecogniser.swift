import Testing

/// Recognisers as they are in the field: late, silent, twice, or of another opinion.
@Suite struct RecogniserScenarios {
    // MARK: - Finals

    static let finals: [Scenario] = [
        Scenario(
            "words that are more than a second late",
            """
            settled never
            words after 1200
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2800 final "when do you"
            2800 turn 1
            3060 text "All right then."
            3160 agent starts
            3760 agent stops
            3760 heard "All right then."
            3760 metrics 900+100+0+200+60+0+100+0 = 1360
            4600 final "open"
            4600 turn 2
            4860 text "All right then."
            4960 agent starts
            5560 agent stops
            5560 heard "All right then."
            5560 metrics 900+700+0+200+60+0+100+0 = 1960
            > 8000 gone
            8000 closed "the caller hung up"
            - user "when do you"
            - assistant "All right then."
            - user "open"
            """),
        Scenario(
            "a final that comes after the commit with nothing new",
            """
            settled never
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2800 final "when do you open"
            2800 turn 1
            > 3000 settles ""
            3060 text "All right then."
            3160 agent starts
            3760 agent stops
            3760 heard "All right then."
            3760 metrics 300+700+0+200+60+0+100+0 = 1360
            > 8000 gone
            8000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "a final that comes after the commit and adds words",
            """
            settled never
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2800 final "when do you open"
            2800 turn 1
            > 2900 settles "on Sunday"
            2900 barge-in confirmed at 0
            2900 heard "" interrupted
            3800 final "on Sunday"
            3800 turn 2
            4060 text "All right then."
            4160 agent starts
            4760 agent stops
            4760 heard "All right then."
            4760 metrics 900+0+0+200+60+0+100+0 = 1260
            > 8000 gone
            8000 closed "the caller hung up"
            - user "when do you open on Sunday"
            """),
        Scenario(
            "it never finalises",
            """
            settled never
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2800 final "when do you open"
            2800 turn 1
            3060 text "All right then."
            3160 agent starts
            3760 agent stops
            3760 heard "All right then."
            3760 metrics 300+700+0+200+60+0+100+0 = 1360
            > 8000 gone
            8000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "it never finalises and the words sound unfinished",
            """
            settled never
            answer "All right then."
            > 1000 caller "I would like to" 800
            1000 caller starts
            1800 caller stops
            2800 final "I would like to"
            2800 turn 1
            3060 text "All right then."
            3160 agent starts
            3760 agent stops
            3760 heard "All right then."
            3760 metrics 900+100+0+200+60+0+100+0 = 1360
            > 8000 gone
            8000 closed "the caller hung up"
            - user "I would like to"
            """),
        Scenario(
            "it never finalises an interruption",
            """
            settled never
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no that is wrong" 800
            700 caller starts
            740 barge-in paused at 5120
            1200 barge-in confirmed at 5120
            1200 agent stops
            1200 heard "One two three four" interrupted
            1500 caller stops
            2500 final "no that is wrong"
            2500 turn 2
            2760 text "All right then."
            2860 agent starts
            3460 agent stops
            3460 heard "All right then."
            3460 metrics 300+700+0+200+60+0+100+0 = 1360
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no that is wrong"
            """),
        Scenario(
            "it never finalises a backchannel",
            """
            settled never
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah" 200
            700 caller starts
            740 barge-in paused at 5120
            900 caller stops
            1060 barge-in resumed at 5120
            2430 agent stops
            2430 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "it finalises twice",
            """
            settled never
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1950 settles "when do you open"
            1800 caller stops
            > 2000 settles "when do you open"
            2100 final "when do you open"
            2100 turn 1
            2360 text "All right then."
            2460 agent starts
            3060 agent stops
            3060 heard "All right then."
            3060 metrics 300+0+0+200+60+0+100+0 = 660
            > 8000 gone
            8000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "it finalises twice, the second time with other words",
            """
            settled never
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1950 settles "when do you open"
            1800 caller stops
            > 2000 settles "when do you open today"
            2100 final "when do you open today"
            2100 turn 1
            2360 text "All right then."
            2460 agent starts
            3060 agent stops
            3060 heard "All right then."
            3060 metrics 300+0+0+200+60+0+100+0 = 660
            > 8000 gone
            8000 closed "the caller hung up"
            - user "when do you open today"
            """),
        Scenario(
            "it takes its words back",
            """
            nothing is recognised
            answer "All right then."
            > 1000 caller "" 500
            1000 caller starts
            > 1300 hears "hello"
            > 1400 hears ""
            1500 caller stops
            > 8000 gone
            8000 closed "the caller hung up"
            """),
        Scenario(
            "it takes them back with an empty final",
            """
            settled never
            answer "All right then."
            > 1000 caller "" 500
            1000 caller starts
            > 1300 hears "hello"
            1500 caller stops
            > 1700 settles ""
            > 8000 gone
            8000 closed "the caller hung up"
            """),
    ]

    @Test(arguments: finals.flatMap(\.runs)) func playsFinals(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Nothing

    static let nothing: [Scenario] = [
        Scenario(
            "empty transcripts all the time",
            """
            settled never
            answer "All right then."
            > 1000 settles ""
            > 1500 hears ""
            > 2000 caller "" 600
            2000 caller starts
            > 2300 hears ""
            > 2650 settles ""
            2600 caller stops
            > 2950 settles ""
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "empty transcripts over the agent",
            """
            settled never
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 settles ""
            > 700 caller "" 200
            700 caller starts
            740 barge-in paused at 5120
            > 800 hears ""
            > 950 settles ""
            900 caller stops
            1160 barge-in resumed at 5120
            2520 agent stops
            2520 heard "One two three four five six seven eight nine ten."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "a caller of whom no word is ever recognised",
            """
            nothing is recognised
            check-in after 4000
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            6800 text "Are you still there?"
            6900 agent starts
            7700 agent stops
            7700 heard "Are you still there?"
            11700 text "Are you still there?"
            11800 agent starts
            12600 agent stops
            12600 heard "Are you still there?"
            > 15000 end
            16600 hang-up "the caller is silent"
            16600 closed "the caller is silent"
            > 20000 gone
            """),
        Scenario(
            "blanks instead of words",
            """
            settled never
            answer "All right then."
            > 2000 caller "" 600
            2000 caller starts
            > 2300 hears " "
            2600 caller stops
            > 2950 settles "  "
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "punctuation instead of words",
            """
            settled never
            answer "All right then."
            > 2000 caller "" 600
            2000 caller starts
            > 2300 hears "."
            2600 caller stops
            > 2950 settles "..."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
    ]

    @Test(arguments: nothing.flatMap(\.runs)) func playsNothing(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Its own end of turn

    static let ends: [Scenario] = [
        Scenario(
            "before the last word",
            """
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1750 recogniser ends
            1750 final "when do you"
            1750 turn 1
            1800 caller stops
            2010 text "All right then."
            2110 agent starts
            2140 agent stops
            2140 heard "" interrupted
            2140 metrics 0+0+0+200+60+0+100+0 = 360
            2140 final "open"
            2140 turn 2
            2400 text "All right then."
            2500 agent starts
            3100 agent stops
            3100 heard "All right then."
            3100 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "twice",
            """
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1920 recogniser ends
            1920 final "when do you open"
            1920 turn 1
            1800 caller stops
            > 1960 recogniser ends
            2180 text "All right then."
            2280 agent starts
            2880 agent stops
            2880 heard "All right then."
            2880 metrics 0+0+0+200+60+0+100+0 = 360
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open"
            """),
        Scenario(
            "without a word",
            """
            answer "All right then."
            > 1000 caller "" 400
            1000 caller starts
            > 1500 recogniser ends
            1400 caller stops
            > 7000 gone
            7000 closed "the caller hung up"
            """),
        Scenario(
            "over the agent, after an interruption",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no wait a moment" 500
            700 caller starts
            740 barge-in paused at 5120
            1050 barge-in confirmed at 5120
            1050 agent stops
            1050 heard "One two three four" interrupted
            > 1350 recogniser ends
            1350 final "no wait a moment"
            1350 turn 2
            1200 caller stops
            1610 text "All right then."
            1710 agent starts
            2310 agent stops
            2310 heard "All right then."
            2310 metrics 0+0+0+200+60+0+100+0 = 360
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no wait a moment"
            """),
        Scenario(
            "over the agent, after a backchannel",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah" 200
            700 caller starts
            740 barge-in paused at 5120
            > 1050 recogniser ends
            900 caller stops
            1060 barge-in resumed at 5120
            2430 agent stops
            2430 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
    ]

    @Test(arguments: ends.flatMap(\.runs)) func playsEnds(_ run: ScenarioRun) throws { try run.play() }
}
