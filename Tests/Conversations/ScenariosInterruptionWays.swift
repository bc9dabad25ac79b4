import Testing

/// A caller who takes the floor in every way there is.
@Suite struct InterruptionWayScenarios {
    // MARK: - How

    static let ways: [Scenario] = [
        Scenario(
            "one word that is none of the lists: decided when it is over",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no" 200
            700 caller starts
            740 barge-in paused at 5120
            900 caller stops
            1100 barge-in confirmed at 5120
            1100 agent stops
            1100 heard "One two three four" interrupted
            1200 final "no"
            1200 turn 2
            1460 text "All right then."
            1560 agent starts
            2160 agent stops
            2160 heard "All right then."
            2160 metrics 300+0+0+200+60+0+100+0 = 660
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no"
            """),
        Scenario(
            "a phrase that always interrupts, before it is over",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "stop" 500
            700 caller starts
            740 barge-in paused at 5120
            1300 barge-in confirmed at 5120
            1300 agent stops
            1300 heard "One two three four" interrupted
            1200 caller stops
            1540 final "stop"
            1540 turn 2
            1800 text "All right then."
            1900 agent starts
            2500 agent stops
            2500 heard "All right then."
            2500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "stop"
            """),
        Scenario(
            "a phrase of this agent",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            always "operator"
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "operator" 300
            700 caller starts
            740 barge-in paused at 5120
            1100 barge-in confirmed at 5120
            1100 agent stops
            1100 heard "One two three four" interrupted
            1000 caller stops
            1340 final "operator"
            1340 turn 2
            1600 text "All right then."
            1700 agent starts
            2300 agent stops
            2300 heard "All right then."
            2300 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "operator"
            """),
        Scenario(
            "three words are needed, two were said",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            minimum words 3
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "which day" 400
            700 caller starts
            740 barge-in paused at 5120
            1100 caller stops
            1300 barge-in confirmed at 5120
            1300 agent stops
            1300 heard "One two three four" interrupted
            1400 final "which day"
            1400 turn 2
            1660 text "All right then."
            1760 agent starts
            2360 agent stops
            2360 heard "All right then."
            2360 metrics 300+0+0+200+60+0+100+0 = 660
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "which day"
            """),
        Scenario(
            "a long sound without words",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "" 1500
            700 caller starts
            740 barge-in paused at 5120
            2200 caller stops
            2400 barge-in resumed at 5120
            3760 agent stops
            3760 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "words too late for the decision",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            words after 900
            settled after 900
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no that is wrong" 900
            700 caller starts
            740 barge-in paused at 5120
            1600 caller stops
            2050 barge-in confirmed at 5120
            2050 agent stops
            2050 heard "One two three four" interrupted
            2600 final "no that is wrong"
            2600 turn 2
            2860 text "All right then."
            2960 agent starts
            3560 agent stops
            3560 heard "All right then."
            3560 metrics 300+700+0+200+60+0+100+0 = 1360
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no that is wrong"
            """),
        Scenario(
            "words that the detector does not hear",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 800 hears "no that"
            800 barge-in confirmed at 5600
            800 agent stops
            800 heard "One two three four" interrupted
            > 1000 hears "no that is wrong"
            > 1200 settles "no that is wrong"
            1900 final "no that is wrong"
            1900 turn 2
            2160 text "All right then."
            2260 agent starts
            2860 agent stops
            2860 heard "All right then."
            2860 metrics 900+0+0+200+60+0+100+0 = 1260
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no that is wrong"
            """),
        Scenario(
            "barge-in is off: the words wait",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            barge-in off
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no that is wrong" 800
            700 caller starts
            1500 caller stops
            2100 agent stops
            2100 heard "One two three four five six seven eight nine ten."
            2100 final "no that is wrong"
            2100 turn 2
            2360 text "All right then."
            2460 agent starts
            3060 agent stops
            3060 heard "All right then."
            3060 metrics 300+300+0+200+60+0+100+0 = 960
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five six seven eight nine ten."
            - user "no that is wrong"
            """),
        Scenario(
            "an agent that is not to be interrupted at first",
            """
            greeting "One two three four." to its end
            answer "All right then."
            0 text "One two three four."
            100 agent starts
            > 500 caller "hello there" 500
            500 caller starts
            900 agent stops
            900 heard "One two three four."
            1000 caller stops
            1340 final "hello there"
            1340 turn 2
            1600 text "All right then."
            1700 agent starts
            2300 agent stops
            2300 heard "All right then."
            2300 metrics 300+40+0+200+60+0+100+0 = 700
            > 2600 caller "no that is wrong" 800
            2600 caller starts
            3400 caller stops
            3740 final "no that is wrong"
            3740 turn 3
            4000 text "All right then."
            4100 agent starts
            4700 agent stops
            4700 heard "All right then."
            4700 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - assistant "One two three four."
            - user "hello there"
            - assistant "All right then."
            - user "no that is wrong"
            """),
    ]

    @Test(arguments: ways.flatMap(\.runs)) func playsWays(_ run: ScenarioRun) throws { try run.play() }
}
