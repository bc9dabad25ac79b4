import Testing

/// What hosts ask of a call, in each of its states.
@Suite struct HostScenarios {
    // MARK: - voice_session_barge_in

    static let interrupts: [Scenario] = [
        Scenario(
            "interrupt while the agent greets",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            > 400 interrupt
            400 barge-in confirmed at 2400
            400 agent stops
            400 heard "One two" interrupted
            > 4900 gone
            4900 closed "the caller hung up"
            """),
        Scenario(
            "interrupt while the agent listens",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 900 interrupt
            > 5400 gone
            5400 closed "the caller hung up"
            """),
        Scenario(
            "interrupt while the agent hears the caller",
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
            > 1400 interrupt
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 5900 gone
            5900 agent stops
            5900 heard "One moment please." interrupted
            5900 metrics 300+40+0+200+60+0+100+0 = 700
            5900 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "interrupt while the agent waits out a pause of the caller",
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
            > 2050 interrupt
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 6550 gone
            6550 agent stops
            6550 heard "One moment please." interrupted
            6550 metrics 300+40+0+200+60+0+100+0 = 700
            6550 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "interrupt while the agent thinks",
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
            > 2250 interrupt
            2250 barge-in confirmed at 4800
            2250 heard "" interrupted
            > 4000 result call-1 "nine"
            4000 error tool_result "no tool call of this id is waiting"
            > 6750 gone
            6750 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "interrupt while the agent waits for a tool",
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
            > 3500 interrupt
            3500 barge-in confirmed at 9600
            3500 agent stops
            3500 heard "One moment please." interrupted
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 4000 result call-1 "nine"
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            """),
        Scenario(
            "interrupt while the agent speaks",
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
            > 4600 interrupt
            4600 barge-in confirmed at 10560
            4600 agent stops
            4600 heard "One moment please. We" interrupted
            4600 metrics 300+40+0+200+60+0+100+0 = 700
            > 9100 gone
            9100 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "interrupt while the agent is paused by a backchannel",
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
            > 4800 interrupt
            4800 barge-in confirmed at 11680
            4800 agent stops
            4800 heard "One moment please. We open" interrupted
            4800 metrics 300+40+0+200+60+0+100+0 = 700
            4900 caller stops
            5240 final "yeah"
            5240 turn 3
            5660 text "All right then we are open every day of the week."
            5760 agent starts
            7960 agent stops
            7960 heard "All right then we are open every day of the week."
            7960 metrics 300+40+0+200+220+0+100+0 = 860
            > 9300 gone
            9300 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "" calls look_up call-1
            - result call-1 nine
            - assistant "One moment please. We open"
            - user "yeah"
            """),
    ]

    @Test(arguments: interrupts.flatMap(\.runs)) func playsInterrupts(_ run: ScenarioRun) throws { try run.play() }

    // MARK: - voice_session_say

    static let says: [Scenario] = [
        Scenario(
            "say while the agent greets",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            > 400 say "Your turn is next."
            700 agent stops
            700 heard "One two three."
            700 text "Your turn is next."
            800 agent starts
            1600 agent stops
            1600 heard "Your turn is next."
            > 4900 gone
            4900 closed "the caller hung up"
            """),
        Scenario(
            "say while the agent listens",
            """
            greeting "One two three."
            answer calls look_up call-1 "One moment please."
            answer "We open at nine in the morning every day."
            answer "All right then we are open every day of the week."
            0 text "One two three."
            100 agent starts
            700 agent stops
            700 heard "One two three."
            > 900 say "Your turn is next."
            900 text "Your turn is next."
            1000 agent starts
            1800 agent stops
            1800 heard "Your turn is next."
            > 5400 gone
            5400 closed "the caller hung up"
            """),
        Scenario(
            "say while the agent hears the caller",
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
            > 1400 say "Your turn is next."
            1800 caller stops
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 3000 result call-1 "nine"
            3380 text "We open at nine in the morning every day."
            5280 agent stops
            5280 heard "One moment please. We open at nine in the morning every day."
            5280 metrics 300+40+0+200+60+0+100+0 = 700
            5280 text "Your turn is next."
            5380 agent starts
            6180 agent stops
            6180 heard "Your turn is next."
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "say while the agent waits out a pause of the caller",
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
            > 2050 say "Your turn is next."
            2140 final "when do you open"
            2140 turn 2
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 3000 result call-1 "nine"
            3380 text "We open at nine in the morning every day."
            5280 agent stops
            5280 heard "One moment please. We open at nine in the morning every day."
            5280 metrics 300+40+0+200+60+0+100+0 = 700
            5280 text "Your turn is next."
            5380 agent starts
            6180 agent stops
            6180 heard "Your turn is next."
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "say while the agent thinks",
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
            > 2250 say "Your turn is next."
            2400 text "One moment please."
            2400 tool look_up call-1 {}
            2500 agent starts
            > 4000 result call-1 "nine"
            4380 text "We open at nine in the morning every day."
            6280 agent stops
            6280 heard "One moment please. We open at nine in the morning every day."
            6280 metrics 300+40+0+200+60+0+100+0 = 700
            6280 text "Your turn is next."
            6380 agent starts
            > 6750 gone
            6750 agent stops
            6750 heard "Your turn" interrupted
            6750 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "say while the agent waits for a tool",
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
            > 3500 say "Your turn is next."
            > 4000 result call-1 "nine"
            4380 text "We open at nine in the morning every day."
            6280 agent stops
            6280 heard "One moment please. We open at nine in the morning every day."
            6280 metrics 300+40+0+200+60+0+100+0 = 700
            6280 text "Your turn is next."
            6380 agent starts
            7180 agent stops
            7180 heard "Your turn is next."
            > 8000 gone
            8000 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "say while the agent speaks",
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
            > 4600 say "Your turn is next."
            6280 agent stops
            6280 heard "One moment please. We open at nine in the morning every day."
            6280 metrics 300+40+0+200+60+0+100+0 = 700
            6280 text "Your turn is next."
            6380 agent starts
            7180 agent stops
            7180 heard "Your turn is next."
            > 9100 gone
            9100 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
        Scenario(
            "say while the agent is paused by a backchannel",
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
            > 4800 say "Your turn is next."
            4900 caller stops
            5060 barge-in resumed at 11680
            6610 agent stops
            6610 heard "One moment please. We open at nine in the morning every day."
            6610 metrics 300+40+0+200+60+0+100+0 = 700
            6610 text "Your turn is next."
            6710 agent starts
            7510 agent stops
            7510 heard "Your turn is next."
            > 9300 gone
            9300 closed "the caller hung up"
            - assistant "One two three."
            - user "when do you open"
            - assistant "One moment please." calls look_up call-1
            - result call-1 nine
            """),
    ]

    @Test(arguments: says.flatMap(\.runs)) func playsSays(_ run: ScenarioRun) throws { try run.play() }
}
