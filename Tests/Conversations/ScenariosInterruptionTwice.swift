import Testing

/// Interruptions one upon the other, and what arrives of a reply that is dead.
@Suite struct RepeatedInterruptionScenarios {
    // MARK: - Twice

    static let twice: [Scenario] = [
        Scenario(
            "twice in 300 ms, with words",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            answer "Five six seven eight."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no wait" 250
            700 caller starts
            740 barge-in paused at 5120
            > 1000 caller "I mean yes please" 500
            1050 barge-in confirmed at 5120
            1050 agent stops
            1050 heard "One two three four" interrupted
            1500 caller stops
            1840 final "no wait I mean yes please"
            1840 turn 2
            2100 text "All right then."
            2200 agent starts
            2800 agent stops
            2800 heard "All right then."
            2800 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no wait I mean yes please"
            """),
        Scenario(
            "by the host twice in 300 ms",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 interrupt
            700 barge-in confirmed at 4800
            700 agent stops
            700 heard "One two three" interrupted
            > 900 interrupt
            > 4000 gone
            4000 closed "the caller hung up"
            """),
        Scenario(
            "in writing twice in 300 ms",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [callback] 110 agent starts
            [reader] 100 agent starts
            > 700 type "no wait"
            700 barge-in confirmed at 4800
            700 agent stops
            700 heard "One two three" interrupted
            700 final "no wait"
            700 turn 2
            960 text "All right then."
            > 1000 type "yes please"
            [wire] 1000 barge-in confirmed at 4800
            [callback] 1000 barge-in confirmed at 4800
            [reader] 1000 barge-in confirmed at 4864
            1000 heard "" interrupted
            1000 final "yes please"
            1000 turn 3
            1260 text "All right then."
            [wire] 1360 agent starts
            [wire] 1960 agent stops
            [wire] 1960 heard "All right then."
            [wire] 1960 metrics 0+0+0+200+60+0+100+0 = 360
            [callback] 1370 agent starts
            [callback] 1960 agent stops
            [callback] 1960 heard "All right then."
            [callback] 1960 metrics 0+0+0+200+60+0+100+10 = 370
            [reader] 1360 agent starts
            [reader] 1950 agent stops
            [reader] 1950 heard "All right then."
            [reader] 1950 metrics 0+0+0+200+60+0+100+0 = 360
            > 5000 gone
            5000 closed "the caller hung up"
            - assistant "One two three"
            - user "no wait yes please"
            """),
        Scenario(
            "the answer to an interruption is interrupted",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            answer "Five six seven eight nine ten."
            answer "So be it."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "no wait a moment" 600
            700 caller starts
            740 barge-in paused at 5120
            1100 barge-in confirmed at 5120
            1100 agent stops
            1100 heard "One two three four" interrupted
            1300 caller stops
            1640 final "no wait a moment"
            1640 turn 2
            1900 text "All right then."
            2000 agent starts
            > 2500 caller "that is wrong as well" 800
            2500 caller starts
            2540 barge-in paused at 20320
            2920 barge-in confirmed at 20320
            2920 agent stops
            2920 heard "All right then." interrupted
            2920 metrics 300+40+0+200+60+0+100+0 = 700
            3300 caller stops
            3640 final "that is wrong as well"
            3640 turn 3
            3960 text "Five six seven eight nine ten."
            4060 agent starts
            5260 agent stops
            5260 heard "Five six seven eight nine ten."
            5260 metrics 300+40+0+200+120+0+100+0 = 760
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no wait a moment"
            - assistant "All right then."
            - user "that is wrong as well"
            """),
        Scenario(
            "noise first, then words",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "" 150
            700 caller starts
            740 barge-in paused at 5120
            850 caller stops
            1040 barge-in resumed at 5120
            > 1900 caller "no that is wrong" 800
            1900 caller starts
            1940 barge-in paused at 12320
            2400 barge-in confirmed at 12320
            2400 agent stops
            2400 heard "One two three four five six seven eight" interrupted
            2700 caller stops
            3040 final "no that is wrong"
            3040 turn 2
            3300 text "All right then."
            3400 agent starts
            4000 agent stops
            4000 heard "All right then."
            4000 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five six seven eight"
            - user "no that is wrong"
            """),
        Scenario(
            "words while a noise is being judged",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "" 150
            700 caller starts
            740 barge-in paused at 5120
            850 caller stops
            > 1000 caller "no that is wrong" 800
            1040 barge-in resumed at 5120
            1000 caller starts
            1040 barge-in paused at 5120
            1500 barge-in confirmed at 5120
            1500 agent stops
            1500 heard "One two three four" interrupted
            1800 caller stops
            2140 final "no that is wrong"
            2140 turn 2
            2400 text "All right then."
            2500 agent starts
            3100 agent stops
            3100 heard "All right then."
            3100 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "no that is wrong"
            """),
    ]

    @Test(arguments: twice.flatMap(\.runs)) func playsTwice(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Late chunks of a dead reply

    static let dead: [Scenario] = [
        Scenario(
            "a voice that goes on",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            voice goes on when cancelled
            voice every 120
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [callback] 110 agent starts
            [reader] 100 agent starts
            > 700 caller "no wait a moment" 600
            700 caller starts
            740 barge-in paused at 4320
            [wire] 1100 barge-in confirmed at 4320
            [callback] 1100 barge-in confirmed at 4320
            [reader] 1100 barge-in confirmed at 4384
            1100 agent stops
            1100 heard "One two" interrupted
            1300 caller stops
            1640 final "no wait a moment"
            1640 turn 2
            1900 text "All right then."
            [wire] 2000 agent starts
            [callback] 2010 agent starts
            [reader] 2000 agent starts
            2720 agent stops
            2720 heard "All right then."
            [wire] 2720 metrics 300+40+0+200+60+0+100+0 = 700
            [callback] 2720 metrics 300+40+0+200+60+0+100+10 = 710
            [reader] 2720 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two"
            - user "no wait a moment"
            """),
        Scenario(
            "a model that goes on",
            """
            on every carrier
            answer "One two three. Four five six seven eight nine ten." every 150
            answer "All right then."
            model goes on when cancelled
            > 500 type "count to ten"
            500 final "count to ten"
            500 turn 1
            1150 text "One two three."
            1250 agent starts
            > 1800 caller "no wait a moment" 600
            1800 caller starts
            [wire] 1840 barge-in paused at 4720
            [callback] 1840 barge-in paused at 4800
            [reader] 1840 barge-in paused at 4640
            2200 text "Four five six seven eight nine ten."
            [wire] 2200 barge-in confirmed at 4720
            [callback] 2200 barge-in confirmed at 4800
            [reader] 2200 barge-in confirmed at 4704
            2200 agent stops
            2200 heard "One two three." interrupted
            2200 metrics 0+0+0+200+450+0+100+0 = 750
            2400 caller stops
            2740 final "no wait a moment"
            2740 turn 2
            3000 text "All right then."
            [wire] 3100 agent starts
            [wire] 3700 agent stops
            [wire] 3700 heard "All right then."
            [wire] 3700 metrics 300+40+0+200+60+0+100+0 = 700
            [callback] 3110 agent starts
            [callback] 3700 agent stops
            [callback] 3700 heard "All right then."
            [callback] 3700 metrics 300+40+0+200+60+0+100+10 = 710
            [reader] 3100 agent starts
            [reader] 3690 agent stops
            [reader] 3690 heard "All right then."
            [reader] 3690 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "count to ten"
            - assistant "One two three."
            - user "no wait a moment"
            """),
        Scenario(
            "both, and the reply had not begun",
            """
            on every carrier
            answer "One two three. Four five six seven eight nine ten." every 150
            answer "All right then."
            model goes on when cancelled
            voice goes on when cancelled
            voice after 500
            > 500 type "count to ten"
            500 final "count to ten"
            500 turn 1
            > 900 type "no wait a moment"
            900 barge-in confirmed at 0
            900 heard "" interrupted
            900 final "no wait a moment"
            900 turn 2
            1160 text "All right then."
            [wire] 1660 agent starts
            [wire] 2260 agent stops
            [wire] 2260 heard "All right then."
            [wire] 2260 metrics 0+0+0+200+60+0+500+0 = 760
            [callback] 1670 agent starts
            [callback] 2260 agent stops
            [callback] 2260 heard "All right then."
            [callback] 2260 metrics 0+0+0+200+60+0+500+10 = 770
            [reader] 1660 agent starts
            [reader] 2250 agent stops
            [reader] 2250 heard "All right then."
            [reader] 2250 metrics 0+0+0+200+60+0+500+0 = 760
            > 6000 gone
            6000 closed "the caller hung up"
            - user "count to ten no wait a moment"
            """),
    ]

    @Test(arguments: dead.flatMap(\.runs)) func playsDead(_ run: ScenarioRun) throws { try run.play() }
}
