import Testing

/// A caller who follows: nothing that only says "go on" stops the agent, wherever in a reply it falls.
@Suite struct BackchannelScenarios {
    // MARK: - At each point of a reply

    static let places: [Scenario] = [
        Scenario(
            "before the first word of the answer is there",
            """
            answer "One two three four five six seven eight nine ten."
            answer "All right then."
            > 1000 caller "count to ten" 600
            1000 caller starts
            1600 caller stops
            1940 final "count to ten"
            1940 turn 1
            > 2000 caller "yeah" 200
            2000 caller starts
            2040 barge-in paused at 0
            2340 text "One two three four five six seven eight nine ten."
            2200 caller stops
            2360 barge-in resumed at 0
            2440 agent starts
            4440 agent stops
            4440 heard "One two three four five six seven eight nine ten."
            4440 metrics 300+40+0+200+200+0+100+0 = 840
            > 6000 gone
            6000 closed "the caller hung up"
            - user "count to ten"
            """),
        Scenario(
            "after the text, before the first audio",
            """
            answer "One two three four five six seven eight nine ten."
            answer "All right then."
            voice after 600
            > 1000 type "count to ten"
            1000 final "count to ten"
            1000 turn 1
            1400 text "One two three four five six seven eight nine ten."
            > 1500 caller "mhm" 250
            1500 caller starts
            1540 barge-in paused at 0
            1750 caller stops
            1900 barge-in resumed at 0
            2000 agent starts
            4000 agent stops
            4000 heard "One two three four five six seven eight nine ten."
            4000 metrics 0+0+0+200+200+0+600+0 = 1000
            > 6000 gone
            6000 closed "the caller hung up"
            - user "count to ten"
            """),
        Scenario(
            "in the first frame",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [reader] 100 agent starts
            > 100 caller "yeah" 250
            [callback] 110 agent starts
            100 caller starts
            140 barge-in paused at 320
            350 caller stops
            [wire] 500 barge-in resumed at 320
            [wire] 2470 agent stops
            [wire] 2470 heard "One two three four five six seven eight nine ten."
            [callback] 500 barge-in resumed at 320
            [callback] 2460 agent stops
            [callback] 2460 heard "One two three four five six seven eight nine ten."
            [reader] 500 barge-in resumed at 384
            [reader] 2470 agent stops
            [reader] 2470 heard "One two three four five six seven eight nine ten."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "in the middle of a word",
            """
            on every carrier
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            [wire] 100 agent starts
            [callback] 110 agent starts
            [reader] 100 agent starts
            > 1010 caller "mhm" 250
            1010 caller starts
            1040 barge-in paused at 7520
            1260 caller stops
            [wire] 1420 barge-in resumed at 7520
            [wire] 2490 agent stops
            [wire] 2490 heard "One two three four five six seven eight nine ten."
            [callback] 1420 barge-in resumed at 7520
            [callback] 2480 agent stops
            [callback] 2480 heard "One two three four five six seven eight nine ten."
            [reader] 1420 barge-in resumed at 7584
            [reader] 2490 agent stops
            [reader] 2490 heard "One two three four five six seven eight nine ten."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "during the last word of a statement",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1920 caller "mhm" 150
            1920 caller starts
            1960 barge-in paused at 14880
            2070 caller stops
            2220 barge-in resumed at 14880
            2370 agent stops
            2370 heard "One two three four five six seven eight nine ten."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "begun in the last word, ended after the reply would have",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 2020 caller "mhm" 300
            2020 caller starts
            2060 barge-in paused at 15680
            2320 caller stops
            2480 barge-in resumed at 15680
            2530 agent stops
            2530 heard "One two three four five six seven eight nine ten."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "right after the last word, when nothing was asked",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            2100 agent stops
            2100 heard "One two three four five six seven eight nine ten."
            > 2120 caller "mhm" 250
            2120 caller starts
            2370 caller stops
            2710 final "mhm"
            2710 turn 2
            2970 text "All right then."
            3070 agent starts
            3670 agent stops
            3670 heard "All right then."
            3670 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five six seven eight nine ten."
            - user "mhm"
            """),
        Scenario(
            "over the last word of a question: an answer",
            """
            greeting "One two three four five six, shall I go on?"
            answer "All right then."
            0 text "One two three four five six,"
            0 text "shall I go on?"
            100 agent starts
            > 1850 caller "yes" 250
            1850 caller starts
            1880 barge-in paused at 14240
            2100 caller stops
            2300 barge-in confirmed at 14240
            2300 agent stops
            2300 heard "One two three four five six, shall I go" interrupted
            2400 final "yes"
            2400 turn 2
            2660 text "All right then."
            2760 agent starts
            3360 agent stops
            3360 heard "All right then."
            3360 metrics 300+0+0+200+60+0+100+0 = 660
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five six, shall I go"
            - user "yes"
            """),
        Scenario(
            "over a text of the host",
            """
            > 1000 say "One two three four five six."
            1000 text "One two three four five six."
            1100 agent starts
            > 1500 caller "okay" 250
            1500 caller starts
            1540 barge-in paused at 3520
            1750 caller stops
            1900 barge-in resumed at 3520
            2670 agent stops
            2670 heard "One two three four five six."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "over what is said while a tool runs",
            """
            answer calls look_up call-1 "One moment please I am looking."
            answer "We open at nine."
            > 1000 type "when do you open"
            1000 final "when do you open"
            1000 turn 1
            1320 text "One moment please I am looking."
            1320 tool look_up call-1 {}
            1420 agent starts
            > 1700 caller "okay" 250
            1700 caller starts
            1740 barge-in paused at 2560
            1950 caller stops
            2100 barge-in resumed at 2560
            > 3500 result call-1 "nine"
            3780 text "We open at nine."
            4680 agent stops
            4680 heard "One moment please I am looking. We open at nine."
            4680 metrics 0+0+0+200+120+0+100+0 = 420
            > 6000 gone
            6000 closed "the caller hung up"
            - user "when do you open"
            - assistant "One moment please I am looking." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "while a tool runs and nothing is said",
            """
            answer calls look_up call-1 ""
            answer "We open at nine."
            > 1000 type "when do you open"
            1000 final "when do you open"
            1000 turn 1
            1200 tool look_up call-1 {}
            > 1700 caller "okay" 250
            1700 caller starts
            1740 barge-in paused at 0
            1950 caller stops
            2100 barge-in resumed at 0
            > 3500 result call-1 "nine"
            3780 text "We open at nine."
            3880 agent starts
            4680 agent stops
            4680 heard "We open at nine."
            4680 metrics 0+0+0+200+2580+0+100+0 = 2880
            > 6000 gone
            6000 closed "the caller hung up"
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "over a greeting that is heard to its end",
            """
            greeting "One two three four five six seven eight nine ten." to its end
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "yeah" 250
            1000 caller starts
            1250 caller stops
            2100 agent stops
            2100 heard "One two three four five six seven eight nine ten."
            > 5000 gone
            5000 closed "the caller hung up"
            """),
        Scenario(
            "over the goodbye of a call that ends",
            """
            answer calls hang_up call-1 "Thank you for calling and goodbye."
            > 1000 type "that is all"
            1000 final "that is all"
            1000 turn 1
            1320 text "Thank you for calling and goodbye."
            1420 agent starts
            > 1800 caller "mhm" 250
            1800 caller starts
            1840 barge-in paused at 3360
            2050 caller stops
            2200 barge-in resumed at 3360
            2990 agent stops
            2990 heard "Thank you for calling and goodbye."
            2990 metrics 0+0+0+200+120+0+100+0 = 420
            2990 hang-up "the agent ended the call"
            2990 closed "the agent ended the call"
            > 5000 end
            - user "that is all"
            """),
    ]

    @Test(arguments: places.flatMap(\.runs)) func playsPlaces(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Of each kind

    static let kinds: [Scenario] = [
        Scenario(
            "two of them, one after the other",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah" 200
            700 caller starts
            740 barge-in paused at 5120
            900 caller stops
            1060 barge-in resumed at 5120
            > 1500 caller "mhm" 200
            1500 caller starts
            1540 barge-in paused at 8880
            1700 caller stops
            1860 barge-in resumed at 8880
            2760 agent stops
            2760 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "two of them while the agent still waits",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah" 150
            700 caller starts
            740 barge-in paused at 5120
            850 caller stops
            1000 barge-in resumed at 5120
            > 1050 caller "mhm" 150
            1050 caller starts
            1080 barge-in paused at 5680
            1200 caller stops
            1360 barge-in resumed at 5680
            2660 agent stops
            2660 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "yeah yeah yeah in one breath",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah yeah yeah" 600
            700 caller starts
            740 barge-in paused at 5120
            1300 caller stops
            1460 barge-in resumed at 5120
            2830 agent stops
            2830 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "drawn out for a second: it sounds like an interruption",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            words after 30
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "mhmmm" 1000
            700 caller starts
            740 barge-in paused at 5120
            1700 caller stops
            1860 barge-in resumed at 5120
            3230 agent stops
            3230 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "without end: it is an interruption after all",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            words after 30
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah yeah yeah yeah" 1800
            700 caller starts
            740 barge-in paused at 5120
            2140 barge-in confirmed at 5120
            2140 agent stops
            2140 heard "One two three four" interrupted
            2500 caller stops
            2840 final "yeah yeah yeah yeah"
            2840 turn 2
            3100 text "All right then."
            3200 agent starts
            3800 agent stops
            3800 heard "All right then."
            3800 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "yeah yeah yeah yeah"
            """),
        Scenario(
            "that goes over into a question",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah but what about Sunday" 1200
            700 caller starts
            740 barge-in paused at 5120
            1280 barge-in confirmed at 5120
            1280 agent stops
            1280 heard "One two three four" interrupted
            1900 caller stops
            2240 final "yeah but what about Sunday"
            2240 turn 2
            2500 text "All right then."
            2600 agent starts
            3200 agent stops
            3200 heard "All right then."
            3200 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four"
            - user "yeah but what about Sunday"
            """),
        Scenario(
            "whose word comes late",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            words after 550
            settled after 600
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "yeah" 200
            700 caller starts
            740 barge-in paused at 5120
            900 caller stops
            1160 barge-in resumed at 5120
            2520 agent stops
            2520 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "that the recogniser never reports",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            nothing is recognised
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "mhm" 200
            700 caller starts
            740 barge-in paused at 5120
            900 caller stops
            1160 barge-in resumed at 5120
            2520 agent stops
            2520 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "a word of this agent's own list",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            backchannel "roger"
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "roger" 250
            700 caller starts
            740 barge-in paused at 5120
            950 caller stops
            1100 barge-in resumed at 5120
            2470 agent stops
            2470 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "a cough",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "" 120
            700 caller starts
            740 barge-in paused at 5120
            820 caller stops
            1020 barge-in resumed at 5120
            2380 agent stops
            2380 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "a click, too short to be a voice",
            """
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 700 caller "" 20
            2100 agent stops
            2100 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
    ]

    @Test(arguments: kinds.flatMap(\.runs)) func playsKinds(_ run: ScenarioRun) throws { try run.play() }
}
