import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

@Suite struct TwilioRESTTests {
    private func wire(_ account: TwilioAccount) -> TwilioREST { TwilioREST(account: account) }

    private func account(_ url: String = TwilioAccount.standardURL) throws -> TwilioAccount {
        try TwilioAccount(accountSid: "AC1", authToken: "token", baseURL: url)
    }

    private func form(_ request: HTTPRequest) throws -> [FormField] { try FormDecoder.fields(request.body) }

    @Test func everyParameterOfACall() throws {
        var call = TwilioNewCall(
            to: "+15551", from: "+15552",
            twiml: TwiML(.connect(TwiML.Stream(url: "wss://a/b", parameters: [("n", "a&b")]))))
        call.statusCallback = "https://a/status"
        call.machineDetection = (.messageEnd, "https://a/amd")
        call.timeoutSeconds = 25
        let request = try wire(account()).create(call)
        #expect(request.url.description == "https://api.twilio.com/2010-04-01/Accounts/AC1/Calls.json")
        #expect(request.headers["authorization"] == "Basic QUMxOnRva2Vu")
        let expected = [
            ("To", "+15551"), ("From", "+15552"),
            (
                "Twiml",
                #"<Response><Connect><Stream url="wss://a/b"><Parameter name="n" value="a&amp;b"/></Stream></Connect></Response>"#
            ),
            ("StatusCallback", "https://a/status"), ("StatusCallbackMethod", "POST"),
            ("StatusCallbackEvent", "initiated"), ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"), ("StatusCallbackEvent", "completed"),
            ("MachineDetection", "DetectMessageEnd"), ("AsyncAmd", "true"),
            ("AsyncAmdStatusCallback", "https://a/amd"), ("AsyncAmdStatusCallbackMethod", "POST"), ("Timeout", "25"),
        ]
        #expect(try form(request) == expected.map { FormField($0.0, $0.1) })
    }

    @Test func anAPIKeyAndARegionTakeThePlaceOfTheTokenAndTheHost() throws {
        var account = try account("https://api.dublin.ie1.twilio.com/")
        account.apiKey = ("SK1", "s")
        let request = wire(account).fetch("CA/1?")
        #expect(
            request.url.description
                == "https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC1/Calls/CA%2F1%3F.json")
        #expect(request.headers["authorization"] == "Basic U0sxOnM=")
        #expect(request.method == "GET" && request.body.isEmpty)
    }

    @Test(
        arguments: [
            (.say("A < B & \"C\"\u{1}"), "<Say>A &lt; B &amp; &quot;C&quot;\u{FFFD}</Say><Hangup/>"),
            (.dial("+1 555 123"), "<Dial>+1555123</Dial>"),
            (.dial("sip:a@b;x=1"), "<Dial><Sip>sip:a@b;x=1</Sip></Dial>"),
            (.dial("client:anna"), "<Dial><Client>anna</Client></Dial>"),
            (.url("https://a/?x=1&y=2"), #"<Redirect method="POST">https://a/?x=1&amp;y=2</Redirect>"#),
        ] as [(CallFallback, String)])
    func fallbacks(fallback: CallFallback, verbs: String) {
        #expect(TwiML(fallback: fallback).response == "<Response>\(verbs)</Response>")
    }

    @Test func fallbacksOfADocument() throws {
        #expect(try CallFallback(nil) == .sorry)
        #expect(try CallFallback(.say("x")) == .say("x") && CallFallback(.dial("+1555")) == .dial("+1555"))
        #expect(throws: AccountProblem.self) { try CallFallback(.dial("home")) }
    }

    @Test(arguments: [
        ("+15551234567", "+15551234567"), ("+49 (30) 1234-567", "+49301234567"), ("SIP:a@b", "SIP:a@b"),
        ("client:a", "client:a"),
    ])
    func targets(text: String, address: String) { #expect(DialTarget(text)?.address == address) }

    @Test(arguments: [
        "", "15551234567", "+", "+12", "+1234567890123456", "+1555x", "sip:", "sip:a b", "sip:<x>",
        "client:", "client:a&b", "tel:+1", "+1555\n", "0049301234567",
    ])
    func noTargets(text: String) { #expect(DialTarget(text) == nil) }

    @Test func accountsComeFromTheEnvironment() throws {
        func account(_ values: [String: String]) throws -> TwilioAccount? {
            try TwilioAccount(ServerDocument { values[$0] }.twilio) { values[$0] }
        }
        #expect(try account([:]) == nil)
        #expect(try account(["TWILIO_ACCOUNT_SID": "AC1"]) == nil)
        let full = try account([
            "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_API_KEY": "SK", "TWILIO_API_SECRET": "s",
            "TWILIO_FROM": "+1 555 1234",
        ])
        #expect(full?.apiKey?.sid == "SK" && full?.from == "+15551234")
        #expect(full?.baseURL.description == "https://api.twilio.com/")
        for wrong in [
            ["TWILIO_ACCOUNT_SID": "XX", "TWILIO_AUTH_TOKEN": "t"],
            ["TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "a b"],
            ["TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "me"],
        ] {
            let error = #expect(throws: AccountProblem.self) { try account(wrong) }
            #expect(error?.description.hasPrefix("twilio: ") == true && error?.description.contains("a b") == false)
        }
        #expect(throws: AccountProblem.self) {
            try TwilioAccount(accountSid: "AC1", authToken: "t", baseURL: "wss://x")
        }
    }

    @Test func telnyxAccountsComeFromTheDocumentAndTheEnvironment() throws {
        func account(_ json: String, _ values: [String: String]) throws -> TelnyxAccount? {
            let document = try ServerDocument.parse(Array(json.utf8)) { values[$0] }
            return try TelnyxAccount(document.telnyx) { values[$0] }
        }
        #expect(try account("{}", ["TELNYX_PUBLIC_KEY": "x"]) == nil)
        let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        let full = try account(
            #"{"telnyx":{"codec":"PCMA","base_url":"http://127.0.0.1:9/x/"}}"#,
            ["TELNYX_API_KEY": "KEY", "TELNYX_PUBLIC_KEY": key, "TELNYX_CONNECTION_ID": "1"])
        #expect(full?.publicKey?.count == 32 && full?.codec == .pcma && full?.connectionID == "1")
        #expect(full?.baseURL.description == "http://127.0.0.1:9/x")
        #expect(try account("{}", ["TELNYX_API_KEY": "KEY"])?.codec == .pcmu)
        #expect(throws: AccountProblem.self) {
            try account("{}", ["TELNYX_API_KEY": "K", "TELNYX_PUBLIC_KEY": "AAAA"])
        }
        guard SpanDSP.shared != nil else {
            #expect(throws: AccountProblem.self) {
                try account(#"{"telnyx":{"codec":"G722"}}"#, ["TELNYX_API_KEY": "K"])
            }
            return
        }
        #expect(try account(#"{"telnyx":{"codec":"G722"}}"#, ["TELNYX_API_KEY": "K"])?.codec == .g722)
    }
}
