import Testing

@testable import VoiceLab

@Suite struct TwiMLTests {
    @Test func readsStreamAndParameters() throws {
        let twiml = try TwiML.parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- the agent -->
            <Response>
              <Connect action='https://a.example/after'>
                <Stream url="wss://a.example/twilio/media/receptionist" name="agent">
                  <Parameter name="token" value="a&amp;b &lt;&#x41;&#66;&gt; &quot;c&quot;"/>
                  <Parameter name="empty" value=""></Parameter>
                </Stream>
              </Connect>
              <Say>Good <![CDATA[<bye>]]></Say><Hangup/>
            </Response>
            """)
        #expect(
            twiml.stream
                == TwiML.Stream(
                    url: "wss://a.example/twilio/media/receptionist", name: "agent",
                    parameters: [.init(name: "token", value: "a&b <AB> \"c\""), .init(name: "empty", value: "")],
                    action: "https://a.example/after"))
        #expect(twiml.verbs.dropFirst() == [.say("Good <bye>"), .hangUp])
    }

    @Test(arguments: [
        ("<Response><Connect/></Response>", "12200"),
        ("<Response><Connect><Stream url=\"wss://a/b?c=d\"/></Connect></Response>", "31923"),
        ("<Response><Connect><Stream url=\"wss://a/b\" track=\"both_tracks\"/></Connect></Response>", "31941"),
        ("<Response><Connect><Stream url=\"wss://a/b\" colour=\"red\"/></Connect></Response>", "no attribute colour"),
        ("<Response><Connect><Stream url=\"wss://a/b\"><Param/></Stream></Connect></Response>", "12200"),
        ("<Answer/>", "12100"),
        ("<Response>", "XML"),
        ("<Response><Say>a & b</Say></Response>", "bare &"),
        ("<Response a=\"1\" a=\"2\"/>", "twice"),
        ("<Response></Answer>", "closes"),
        ("<Response/><Response/>", "follows the root"),
        ("<!DOCTYPE x><Response/>", "DOCTYPE"),
        ("", "expected an element"),
    ])
    func refusesWhatTwilioRefuses(document: String, reason: String) {
        let error = #expect(throws: WireViolation.self) { try TwiML.parse(document) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func streamAddressesAreResolvedAsTwilioDoes() throws {
        let webhook = try #require(Endpoint(url: "http://127.0.0.1:8080/twilio/voice/a"))
        let relative = try Webhook.streamEndpoint("/twilio/media/a", webhook: webhook, means: .none)
        #expect(relative == Endpoint(url: "ws://127.0.0.1:8080/twilio/media/a"))
        let secure = try Webhook.streamEndpoint("wss://127.0.0.1:8080/m", webhook: webhook, means: .plain)
        #expect(secure.port == 8080 && secure.target == "/m")
        let own = try Webhook.streamEndpoint("wss://127.0.0.1:8080/m", webhook: webhook, means: .tls)
        #expect(own == Endpoint(url: "wss://127.0.0.1:8080/m"))
        let named = try Webhook.streamEndpoint("wss://agent.example.com/m", webhook: webhook, means: .plain)
        #expect(named == Endpoint(url: "ws://127.0.0.1:8080/m"))
        #expect(throws: WireViolation.self) {
            try Webhook.streamEndpoint("wss://a.example/m", webhook: webhook, means: .none)
        }
        #expect(throws: WireViolation.self) {
            try Webhook.streamEndpoint("ws://a.example/m", webhook: webhook, means: .plain)
        }
        #expect(throws: WireViolation.self) {
            try Webhook.streamEndpoint("http://a.example/m", webhook: webhook, means: .plain)
        }
    }

    @Test func formValuesArePercentEncoded() {
        #expect(Webhook.percentEncoded("+1 é~a-Z_9.") == "%2B1%20%C3%A9~a-Z_9.")
    }
}
