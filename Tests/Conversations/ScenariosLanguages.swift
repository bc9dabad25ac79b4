import Testing

/// Backchannels and interruptions in the languages that have lists.
@Suite struct LanguageScenarios {
    // MARK: - German, Spanish, French, Italian, Portuguese, Russian, Chinese

    static let languages: [Scenario] = [
        Scenario(
            "de: two that do not stop the agent",
            """
            language de
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "mhm" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "genau" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "de: a question that does",
            """
            language de
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "moment ich habe eine Frage" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1340 barge-in confirmed at 7520
            1340 agent stops
            1340 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "moment ich habe eine Frage"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "moment ich habe eine Frage"
            """),
        Scenario(
            "es: two that do not stop the agent",
            """
            language es
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "ajá" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "claro" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "es: a question that does",
            """
            language es
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "espera tengo una pregunta" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1400 barge-in confirmed at 7520
            1400 agent stops
            1400 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "espera tengo una pregunta"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "espera tengo una pregunta"
            """),
        Scenario(
            "fr: two that do not stop the agent",
            """
            language fr
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "mmh" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "d'accord" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "fr: a question that does",
            """
            language fr
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "attendez j'ai une question" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1400 barge-in confirmed at 7520
            1400 agent stops
            1400 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "attendez j'ai une question"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "attendez j'ai une question"
            """),
        Scenario(
            "it: two that do not stop the agent",
            """
            language it
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "mhm" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "va bene" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "it: a question that does",
            """
            language it
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "aspetti ho una domanda" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1400 barge-in confirmed at 7520
            1400 agent stops
            1400 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "aspetti ho una domanda"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "aspetti ho una domanda"
            """),
        Scenario(
            "pt: two that do not stop the agent",
            """
            language pt
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "aham" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "tá bom" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "pt: a question that does",
            """
            language pt
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "espera tenho uma pergunta" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1400 barge-in confirmed at 7520
            1400 agent stops
            1400 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "espera tenho uma pergunta"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "espera tenho uma pergunta"
            """),
        Scenario(
            "ru: two that do not stop the agent",
            """
            language ru
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "угу" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "понятно" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "ru: a question that does",
            """
            language ru
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "подождите у меня вопрос" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1400 barge-in confirmed at 7520
            1400 agent stops
            1400 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "подождите у меня вопрос"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "подождите у меня вопрос"
            """),
        Scenario(
            "zh: two that do not stop the agent",
            """
            language zh
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 500 caller "嗯" 200
            500 caller starts
            540 barge-in paused at 3520
            700 caller stops
            860 barge-in resumed at 3520
            > 1500 caller "好的" 300
            1500 caller starts
            1540 barge-in paused at 8880
            1800 caller stops
            1960 barge-in resumed at 8880
            2860 agent stops
            2860 heard "One two three four five six seven eight nine ten."
            > 6000 gone
            6000 closed "the caller hung up"
            """),
        Scenario(
            "zh: a question that does",
            """
            language zh
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "等一下 我 有 问题" 1200
            1000 caller starts
            1040 barge-in paused at 7520
            1400 barge-in confirmed at 7520
            1400 agent stops
            1400 heard "One two three four five" interrupted
            2200 caller stops
            2540 final "等一下 我 有 问题"
            2540 turn 2
            2800 text "All right then."
            2900 agent starts
            3500 agent stops
            3500 heard "All right then."
            3500 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "等一下 我 有 问题"
            """),
        Scenario(
            "de: one word that stops the agent",
            """
            language de
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "Moment" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "Moment"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "Moment"
            """),
        Scenario(
            "es: one word that stops the agent",
            """
            language es
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "espera" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "espera"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "espera"
            """),
        Scenario(
            "fr: one word that stops the agent",
            """
            language fr
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "attendez" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "attendez"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "attendez"
            """),
        Scenario(
            "it: one word that stops the agent",
            """
            language it
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "aspetta" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "aspetta"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "aspetta"
            """),
        Scenario(
            "pt: one word that stops the agent",
            """
            language pt
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "espere" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "espere"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "espere"
            """),
        Scenario(
            "ru: one word that stops the agent",
            """
            language ru
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "подождите" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "подождите"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "подождите"
            """),
        Scenario(
            "zh: one word that stops the agent",
            """
            language zh
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "等等" 400
            1000 caller starts
            1040 barge-in paused at 7520
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1400 caller stops
            1740 final "等等"
            1740 turn 2
            2000 text "All right then."
            2100 agent starts
            2700 agent stops
            2700 heard "All right then."
            2700 metrics 300+40+0+200+60+0+100+0 = 700
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "等等"
            """),
        Scenario(
            "one of another language stops the agent when it is all that was said",
            """
            language de
            greeting "One two three four five six seven eight nine ten."
            answer "All right then."
            0 text "One two three four five six seven eight nine ten."
            100 agent starts
            > 1000 caller "entiendo" 300
            1000 caller starts
            1040 barge-in paused at 7520
            1300 caller stops
            1500 barge-in confirmed at 7520
            1500 agent stops
            1500 heard "One two three four five" interrupted
            1600 final "entiendo"
            1600 turn 2
            1860 text "All right then."
            1960 agent starts
            2560 agent stops
            2560 heard "All right then."
            2560 metrics 300+0+0+200+60+0+100+0 = 660
            > 6000 gone
            6000 closed "the caller hung up"
            - assistant "One two three four five"
            - user "entiendo"
            """),
    ]

    @Test(arguments: languages.flatMap(\.runs)) func playsLanguages(_ run: ScenarioRun) throws { try run.play() }
}
