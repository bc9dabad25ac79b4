import Testing

/// Turns of the caller that do not come by voice, in each state of a call.
@Suite struct HostTurnScenarios {
    // MARK: - voice_session_send_text

    static let types: [Scenario] = [
        Scenario(
            "type while the agent greets",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            > 400 type "never mind"
            400 barge-in confirmed at 2400
            400 agent stops
            400 heard "One two" interrupted
            400 final "never mind"
            400 turn 2
            660 text "One moment please."
            660 tool look_up call-1 {}
            760 agent starts
            > 4900 gone
            4900 agent stops
            4900 heard "One moment please." interrupted
            4900 metrics 0+0+0+200+60+0+100+0 = 360
            4900 closed "the caller hung up"
            - assistant "One two"
            - user "never mind"
            """),
        Scenario(
            "type while the agent listens",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 900 type "never mind"
            900 final "never mind"
            900 turn 2
            1160 text "One moment please."
            1160 tool look_up call-1 {}
            1260 agent starts
            > 5400 gone
            5400 agent stops
            5400 heard "One moment please." interrupted
            5400 metrics 0+0+0+200+60+0+100+0 = 360
            5400 closed "the caller hung up"
            - assistant "One two three."
            - user "never mind"
            """),
        Scenario(
            "type while the agent hears the caller",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1400 type "never mind"
            1400 final "never mind"
            1400 turn 2
            1660 text "One moment please."
            1660 tool look_up call-1 {}
            1700 barge-in confirmed at 4800
            1700 heard "" interrupted
            1800 caller stops
            2140 final "do you open"
            2140 turn 3
            2520 text "We open at nine in the morning every day."
            2620 agent starts
            4420 agent stops
            4420 heard "We open at nine in the morning every day."
            4420 metrics 300+40+0+200+180+0+100+0 = 820
            > 5900 gone
            5900 closed "the caller hung up"
            - assistant "One two three."
            - user "when never mind"
            - assistant "" calls look_up call-1
            - result call-1 {"status":"still running, do not call it again: the result will stand here"}
            - user "do you open"
            """),
        Scenario(
            "type while the agent waits out a pause of the caller",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            > 2050 type "never mind"
            2050 final "never mind"
            2050 turn 2
            2310 text "One moment please."
            2310 tool look_up call-1 {}
            2410 agent starts
            > 6550 gone
            6550 agent stops
            6550 heard "One moment please." interrupted
            6550 metrics 0+0+0+200+60+0+100+0 = 360
            6550 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open never mind"
            """),
        Scenario(
            "type while the agent thinks",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            > 2250 type "never mind"
            2250 barge-in confirmed at 4800
            2250 heard "" interrupted
            2250 final "never mind"
            2250 turn 3
            2630 text "We open at nine in the morning every day."
            2730 agent starts
            > 4000 result call-1 "nine"
            4000 error tool_result "no tool call of this id is waiting"
            4530 agent stops
            4530 heard "We open at nine in the morning every day."
            4530 metrics 0+0+0+200+180+0+100+0 = 480
            > 6750 gone
            6750 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open never mind"
            """),
        Scenario(
            "type while the agent waits for a tool",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
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
            > 3500 type "never mind"
            3500 barge-in confirmed at 9600
            3500 agent stops
            3500 heard "One moment please." interrupted
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            3500 final "never mind"
            3500 turn 3
            3880 text "We open at nine in the morning every day."
            3980 agent starts
            > 4000 result call-1 "nine"
            5780 agent stops
            5780 heard "We open at nine in the morning every day."
            5780 metrics 0+0+0+200+180+0+100+0 = 480
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 {"status":"still running, do not call it again: the result will stand here"}
            - assistant "One moment please."
            - user "never mind"
            """),
        Scenario(
            "type while the agent speaks",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
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
            > 4600 type "never mind"
            4600 barge-in confirmed at 10560
            4600 agent stops
            4600 heard "One moment please. We" interrupted
            4600 metrics 300+40+0+200+60+0+100+0 = 700
            4600 final "never mind"
            4600 turn 3
            5020 text "All right then we are open every day of the week."
            5120 agent starts
            7320 agent stops
            7320 heard "All right then we are open every day of the week."
            7320 metrics 0+0+0+200+220+0+100+0 = 520
            > 9100 gone
            9100 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            - assistant "One moment please. We"
            - user "never mind"
            """),
        Scenario(
            "type while the agent is paused by a backchannel",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
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
            > 4800 type "never mind"
            4800 barge-in confirmed at 11680
            4800 agent stops
            4800 heard "One moment please. We open" interrupted
            4800 metrics 300+40+0+200+60+0+100+0 = 700
            4800 final "never mind"
            4800 turn 3
            4900 caller stops
            5220 text "All right then we are open every day of the week."
            5320 agent starts
            7520 agent stops
            7520 heard "All right then we are open every day of the week."
            7520 metrics 0+0+0+200+220+0+100+0 = 520
            > 9300 gone
            9300 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            - assistant "One moment please. We open"
            - user "never mind"
            """),
    ]

    @Test(arguments: types.flatMap(\.runs)) func playsTypes(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - Digits

    static let keys: [Scenario] = [
        Scenario(
            "keys while the agent greets",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            > 400 keys "1#"
            400 keys "1#"
            400 barge-in confirmed at 2400
            400 agent stops
            400 heard "One two" interrupted
            400 final "1"
            400 turn 2
            660 text "One moment please."
            660 tool look_up call-1 {}
            760 agent starts
            > 4900 gone
            4900 agent stops
            4900 heard "One moment please." interrupted
            4900 metrics 0+0+0+200+60+0+100+0 = 360
            4900 closed "the caller hung up"
            - assistant "One two"
            - user "1"
            """),
        Scenario(
            "keys while the agent listens",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 900 keys "1#"
            900 keys "1#"
            900 final "1"
            900 turn 2
            1160 text "One moment please."
            1160 tool look_up call-1 {}
            1260 agent starts
            > 5400 gone
            5400 agent stops
            5400 heard "One moment please." interrupted
            5400 metrics 0+0+0+200+60+0+100+0 = 360
            5400 closed "the caller hung up"
            - assistant "One two three."
            - user "1"
            """),
        Scenario(
            "keys while the agent hears the caller",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            > 1400 keys "1#"
            1400 keys "1#"
            1400 final "1"
            1400 turn 2
            1660 text "One moment please."
            1660 tool look_up call-1 {}
            1700 barge-in confirmed at 4800
            1700 heard "" interrupted
            1800 caller stops
            2140 final "do you open"
            2140 turn 3
            2520 text "We open at nine in the morning every day."
            2620 agent starts
            4420 agent stops
            4420 heard "We open at nine in the morning every day."
            4420 metrics 300+40+0+200+180+0+100+0 = 820
            > 5900 gone
            5900 closed "the caller hung up"
            - assistant "One two three."
            - user "when 1"
            - assistant "" calls look_up call-1
            - result call-1 {"status":"still running, do not call it again: the result will stand here"}
            - user "do you open"
            """),
        Scenario(
            "keys while the agent waits out a pause of the caller",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            > 2050 keys "1#"
            2050 keys "1#"
            2050 final "1"
            2050 turn 2
            2310 text "One moment please."
            2310 tool look_up call-1 {}
            2410 agent starts
            > 6550 gone
            6550 agent stops
            6550 heard "One moment please." interrupted
            6550 metrics 0+0+0+200+60+0+100+0 = 360
            6550 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open 1"
            """),
        Scenario(
            "keys while the agent thinks",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 1000 caller "when do you open" 800
            1000 caller starts
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            > 2250 keys "1#"
            2250 keys "1#"
            2250 barge-in confirmed at 4800
            2250 heard "" interrupted
            2250 final "1"
            2250 turn 3
            2630 text "We open at nine in the morning every day."
            2730 agent starts
            > 4000 result call-1 "nine"
            4000 error tool_result "no tool call of this id is waiting"
            4530 agent stops
            4530 heard "We open at nine in the morning every day."
            4530 metrics 0+0+0+200+180+0+100+0 = 480
            > 6750 gone
            6750 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open 1"
            """),
        Scenario(
            "keys while the agent waits for a tool",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
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
            > 3500 keys "1#"
            3500 keys "1#"
            3500 barge-in confirmed at 9600
            3500 agent stops
            3500 heard "One moment please." interrupted
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            3500 final "1"
            3500 turn 3
            3880 text "We open at nine in the morning every day."
            3980 agent starts
            > 4000 result call-1 "nine"
            5780 agent stops
            5780 heard "We open at nine in the morning every day."
            5780 metrics 0+0+0+200+180+0+100+0 = 480
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 {"status":"still running, do not call it again: the result will stand here"}
            - assistant "One moment please."
            - user "1"
            """),
        Scenario(
            "keys while the agent speaks",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
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
            > 4600 keys "1#"
            4600 keys "1#"
            4600 barge-in confirmed at 10560
            4600 agent stops
            4600 heard "One moment please. We" interrupted
            4600 metrics 300+40+0+200+60+0+100+0 = 700
            4600 final "1"
            4600 turn 3
            5020 text "All right then we are open every day of the week."
            5120 agent starts
            7320 agent stops
            7320 heard "All right then we are open every day of the week."
            7320 metrics 0+0+0+200+220+0+100+0 = 520
            > 9100 gone
            9100 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            - assistant "One moment please. We"
            - user "1"
            """),
        Scenario(
            "keys while the agent is paused by a backchannel",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
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
            > 4800 keys "1#"
            4800 keys "1#"
            4800 barge-in confirmed at 11680
            4800 agent stops
            4800 heard "One moment please. We open" interrupted
            4800 metrics 300+40+0+200+60+0+100+0 = 700
            4800 final "1"
            4800 turn 3
            4900 caller stops
            5220 text "All right then we are open every day of the week."
            5320 agent starts
            7520 agent stops
            7520 heard "All right then we are open every day of the week."
            7520 metrics 0+0+0+200+220+0+100+0 = 520
            > 9300 gone
            9300 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            - assistant "One moment please. We open"
            - user "1"
            """),
    ]

    @Test(arguments: keys.flatMap(\.runs)) func playsKeys(_ run: ScenarioRun) throws { try run.play() }
}
