import Testing

/// A caller who takes the floor, at every moment of a reply.
@Suite struct InterruptionScenarios {
    // MARK: - When

    static let moments: [Scenario] = [
        Scenario(
            "before the first word of the answer",
            """
            answer "One two three four five six seven eight nine ten."
            answer "All right then."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 1
            > 2200 caller "on Sunday I mean" 600
            2200 caller starts
            2240 barge-in paused at 0
            2540 text "One two three four five six seven eight nine ten."
            2600 barge-in confirmed at 0
            2600 heard "" interrupted
            2800 caller stops
            3140 final "on Sunday I mean"
            3140 turn 2
            3400 text "All right then."
            3500 agent starts
            4100 agent stops
            4100 heard "All right then."
            4100 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open on Sunday I mean"
            """),
        Scenario(
            "between the text and its first audio",
            """
            answer "One two three four five six seven eight nine ten."
            answer "All right then."
            voice after 700
            > 1000 type "when do you open"
            1000 final "when do you open"
            1000 turn 1
            1400 text "One two three four five six seven eight nine ten."
            > 1500 caller "on Sunday I mean" 600
            1500 caller starts
            1540 barge-in paused at 0
            1900 barge-in confirmed at 0
            1900 heard "" interrupted
            2100 caller stops
            2440 final "on Sunday I mean"
            2440 turn 2
            2700 text "All right then."
            3400 agent starts
            4000 agent stops
            4000 heard "All right then."
            4000 metrics 300+40+0+200+60+0+700+0 = 1300
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open on Sunday I mean"
            """),
        Scenario(
            "an interruption in the first frame",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [reader] 100 agent starts
            > 100 caller "no wait a moment" 800
            [callback] 110 agent starts
            100 caller starts
            140 barge-in paused at 320
            [wire] 600 barge-in confirmed at 320
            [callback] 600 barge-in confirmed at 320
            [reader] 600 barge-in confirmed at 384
            600 agent stops
            600 heard "" interrupted
            900 caller stops
            1240 final "no wait a moment"
            1240 turn 2
            1500 text "All right then."
            [wire] 1600 agent starts
            [wire] 2200 agent stops
            [wire] 2200 heard "All right then."
            [wire] 2200 metrics 300+40+0+200+60+0+100+0 = 700
            [callback] 1610 agent starts
            [callback] 2200 agent stops
            [callback] 2200 heard "All right then."
            [callback] 2200 metrics 300+40+0+200+60+0+100+10 = 710
            [reader] 1600 agent starts
            [reader] 2190 agent stops
            [reader] 2190 heard "All right then."
            [reader] 2190 metrics 300+40+0+200+60+0+100+0 = 700
            > 5000 gone
            5000 closed "the caller hung up"
            - user "no wait a moment"
            """),
        Scenario(
            "in the middle",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [callback] 110 agent starts
            [reader] 100 agent starts
            > 1010 caller "no that is wrong" 800
            1010 caller starts
            1040 barge-in paused at 7520
            [wire] 1510 barge-in confirmed at 7520
            [callback] 1510 barge-in confirmed at 7520
            [reader] 1510 barge-in confirmed at 7584
            1510 agent stops
            1510 heard "One two three four five" interrupted
            1810 caller stops
            2150 final "no that is wrong"
            2150 turn 2
            2410 text "All right then."
            2510 agent starts
            [wire] 3110 agent stops
            [wire] 3110 heard "All right then."
            [wire] 3110 metrics 300+40+0+200+60+0+100+0 = 700
            [callback] 3100 agent stops
            [callback] 3100 heard "All right then."
            [callback] 3100 metrics 300+40+0+200+60+0+100+0 = 700
            [reader] 3110 agent stops
            [reader] 3110 heard "All right then."
            [reader] 3110 metrics 300+40+0+200+60+0+100+0 = 700
            > 5000 gone
            5000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "no that is wrong"
            """),
        Scenario(
            "at the last word",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [callback] 110 agent starts
            [reader] 100 agent starts
            > 1950 caller "and on Sunday" 600
            1950 caller starts
            1980 barge-in paused at 15040
            [wire] 2450 barge-in confirmed at 15040
            [callback] 2450 barge-in confirmed at 15040
            [reader] 2450 barge-in confirmed at 15104
            2450 agent stops
            2450 heard "One two three four five six seven eight nine ten." interrupted
            2550 caller stops
            2890 final "and on Sunday"
            2890 turn 2
            3150 text "All right then."
            3250 agent starts
            [wire] 3850 agent stops
            [wire] 3850 heard "All right then."
            [wire] 3850 metrics 300+40+0+200+60+0+100+0 = 700
            [callback] 3840 agent stops
            [callback] 3840 heard "All right then."
            [callback] 3840 metrics 300+40+0+200+60+0+100+0 = 700
            [reader] 3850 agent stops
            [reader] 3850 heard "All right then."
            [reader] 3850 metrics 300+40+0+200+60+0+100+0 = 700
            > 5000 gone
            5000 closed "the caller hung up"
            - assistant "One two three four five six seven eight nine ten."
            - user "and on Sunday"
            """),
        Scenario(
            "right after the last word: no interruption",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            2100 agent stops
            2100 heard "One two three four five six seven eight nine ten."
            > 2120 caller "and on Sunday" 600
            2120 caller starts
            2720 caller stops
            3060 final "and on Sunday"
            3060 turn 2
            3320 text "All right then."
            3420 agent starts
            4020 agent stops
            4020 heard "All right then."
            4020 metrics 300+40+0+200+60+0+100+0 = 700
            > 5000 gone
            5000 closed "the caller hung up"
            - assistant "One two three four five six seven eight nine ten."
            - user "and on Sunday"
            """),
        Scenario(
            "while a tool runs",
            """
            answer calls look_up call-1 ""
            answer "All right then."
            > 1000 type "when do you open"
            1000 final "when do you open"
            1000 turn 1
            1200 tool look_up call-1 {}
            > 2000 caller "forget about that please" 800
            2000 caller starts
            2040 barge-in paused at 0
            2500 barge-in confirmed at 0
            2500 heard "" interrupted
            2800 caller stops
            3140 final "forget about that please"
            3140 turn 2
            > 3200 result call-1 "nine"
            3400 text "All right then."
            3500 agent starts
            4100 agent stops
            4100 heard "All right then."
            4100 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 {"status":"still running, do not call it again: the result will stand here"}
            - user "forget about that please"
            """),
        Scenario(
            "an interruption over what is said while a tool runs",
            """
            answer calls look_up call-1 "One moment please I am looking."
            answer "All right then."
            > 1000 type "when do you open"
            1000 final "when do you open"
            1000 turn 1
            1320 text "One moment please I am looking."
            1320 tool look_up call-1 {}
            1420 agent starts
            > 1700 caller "on Sunday I mean" 800
            1700 caller starts
            1740 barge-in paused at 2560
            2200 barge-in confirmed at 2560
            2200 agent stops
            2200 heard "One moment" interrupted
            2200 metrics 0+0+0+200+120+0+100+0 = 420
            2500 caller stops
            2840 final "on Sunday I mean"
            2840 turn 2
            3100 text "All right then."
            3200 agent starts
            > 3200 result call-1 "nine"
            3800 agent stops
            3800 heard "All right then."
            3800 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 {"status":"still running, do not call it again: the result will stand here"}
            - assistant "One moment"
            - user "on Sunday I mean"
            """),
        Scenario(
            "over the answer that a tool made possible",
            """
            answer calls look_up call-1 ""
            answer "One two three four five six."
            answer "All right then."
            > 1000 type "when do you open"
            1000 final "when do you open"
            1000 turn 1
            1200 tool look_up call-1 {}
            > 1500 result call-1 "nine"
            1820 text "One two three four five six."
            1920 agent starts
            > 2300 caller "no on Sunday I mean" 800
            2300 caller starts
            2340 barge-in paused at 3360
            2720 barge-in confirmed at 3360
            2720 agent stops
            2720 heard "One two" interrupted
            2720 metrics 0+0+0+200+620+0+100+0 = 920
            3100 caller stops
            3440 final "no on Sunday I mean"
            3440 turn 2
            3700 text "All right then."
            3800 agent starts
            4400 agent stops
            4400 heard "All right then."
            4400 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            - assistant "One two"
            - user "no on Sunday I mean"
            """),
        Scenario(
            "over a check-in",
            """
            check-in after 3000
            answer "All right then."
            3000 text "Are you still there?"
            3100 agent starts
            > 3300 caller "I am still here" 700
            3300 caller starts
            3340 barge-in paused at 1920
            3750 barge-in confirmed at 1920
            3750 agent stops
            3750 heard "Are you" interrupted
            4000 caller stops
            4340 final "I am still here"
            4340 turn 2
            4600 text "All right then."
            4700 agent starts
            5300 agent stops
            5300 heard "All right then."
            5300 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "Are you"
            - user "I am still here"
            """),
        Scenario(
            "over an apology",
            """
            retries 0
            answer "" fails
            answer "All right then."
            > 1000 type "hello"
            1000 final "hello"
            1000 turn 1
            1200 error mind "the model is out"
            1200 error llm "no provider is left"
            1200 heard "" interrupted
            1200 text "I am sorry, I am having trouble right now."
            1300 agent starts
            > 1800 caller "what did you say" 700
            1800 caller starts
            1840 barge-in paused at 4320
            2250 barge-in confirmed at 4320
            2250 agent stops
            2250 heard "I am sorry," interrupted
            2500 caller stops
            2840 final "what did you say"
            2840 turn 3
            3100 text "All right then."
            3200 agent starts
            3800 agent stops
            3800 heard "All right then."
            3800 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - user "hello"
            - assistant "I am sorry,"
            - user "what did you say"
            """),
        Scenario(
            "over the goodbye: the call goes on",
            """
            answer calls hang_up call-1 "Thank you for calling and goodbye."
            answer "All right then."
            > 1000 type "that is all"
            1000 final "that is all"
            1000 turn 1
            1320 text "Thank you for calling and goodbye."
            1420 agent starts
            > 1800 caller "no wait one more thing" 800
            1800 caller starts
            1840 barge-in paused at 3360
            2220 barge-in confirmed at 3360
            2220 agent stops
            2220 heard "Thank you for" interrupted
            2220 metrics 0+0+0+200+120+0+100+0 = 420
            2600 caller stops
            2940 final "no wait one more thing"
            2940 turn 2
            3200 text "All right then."
            3300 agent starts
            3900 agent stops
            3900 heard "All right then."
            3900 metrics 300+40+0+200+60+0+100+0 = 700
            > 7000 gone
            7000 closed "the caller hung up"
            - user "that is all"
            - assistant "Thank you for"
            - user "no wait one more thing"
            """),
        Scenario(
            "after the last word of the goodbye",
            """
            answer calls hang_up call-1 "Goodbye."
            > 1000 type "that is all"
            1000 final "that is all"
            1000 turn 1
            1220 text "Goodbye."
            1320 agent starts
            1520 agent stops
            1520 heard "Goodbye."
            1520 metrics 0+0+0+200+20+0+100+0 = 320
            1520 hang-up "the agent ended the call"
            1520 closed "the agent ended the call"
            > 1600 caller "wait" 300
            > 5000 end
            - user "that is all"
            """),
    ]

    @Test(arguments: moments.flatMap(\.runs)) func playsMoments(_ run: ScenarioRun) throws { try run.play() }
}
