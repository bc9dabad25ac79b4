import Testing
import VoiceEngineNet
import VoiceEngineSession

@testable import VoiceEngineCarrier

@Suite struct WebhookTests {
    private static let body =
        "CallSid=CA1&AccountSid=AC1&From=%2B15551&To=%2B15552&CallStatus=ringing&Direction=inbound&CallerName=A%26B+%3CX%3E"

    private func post(
        _ target: String = "/twilio/voice/reception", body: String = Self.body, headers: [(String, String)] = []
    ) -> ServerRequest {
        ServerRequest(
            method: "POST", target: target,
            headers: [
                (name: "Host", value: "agent.example.com"),
                (name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8"),
            ] + headers.map { (name: $0.0, value: $0.1) },
            body: Array(body.utf8))
    }

    private func answer(
        _ request: ServerRequest, agent: String = "reception", address: String? = nil, token: String? = nil,
        refusal: CallRefusal? = nil
    ) throws -> ServerResponse {
        let webhook = TwilioVoiceWebhook(
            publicAddress: try address.map { try PublicAddress($0) },
            signature: token.map { TwilioSignature(authToken: $0) })
        return webhook.answer(request, agent: agent) { (_) throws(CallRefusal) in if let refusal { throw refusal } }
    }

    @Test func connectsTheCallWithWhatTheWebhookKnows() throws {
        let response = try answer(post("/twilio/voice/reception?tenant=acme&caller=forged&Digits=1"))
        #expect(response.status == 200)
        #expect(response.contentType == "text/xml; charset=utf-8")
        #expect(
            response.body == """
                <?xml version="1.0" encoding="UTF-8"?>
                <Response><Connect><Stream url="wss://agent.example.com/twilio/media/reception">\
                <Parameter name="caller" value="+15551"/><Parameter name="called" value="+15552"/>\
                <Parameter name="callSid" value="CA1"/><Parameter name="direction" value="inbound"/>\
                <Parameter name="callerName" value="A&amp;B &lt;X&gt;"/><Parameter name="tenant" value="acme"/>\
                </Stream></Connect></Response>

                """)
    }

    @Test func getTakesTheFieldsFromTheQuery() throws {
        let request = ServerRequest(
            method: "GET", target: "/twilio/voice?From=%2B1&To=%2B2&x=1", headers: [(name: "Host", value: "h:81")])
        let body = try answer(request, agent: "").body
        #expect(body.contains(#"<Stream url="wss://h:81/twilio/media"><Parameter name="caller" value="+1"/>"#))
        #expect(body.contains(#"<Parameter name="x" value="1"/>"#))
    }

    @Test(arguments: [
        ("h:81", false, "wss://h:81"), ("127.0.0.1:81", false, "ws://127.0.0.1:81"),
        ("127.0.0.1:81", true, "wss://127.0.0.1:81"), ("localhost", true, "wss://localhost"),
    ])
    func aServerWithTLSOfItsOwnIsReachedByTLS(host: String, isSecure: Bool, start: String) throws {
        var request = ServerRequest(method: "GET", target: "/twilio/voice", headers: [(name: "Host", value: host)])
        request.isSecure = isSecure
        #expect(PublicAddress(of: request)?.webSocketURL("") == start)
    }

    @Test(arguments: [
        ("https://agent.example.com", "wss://agent.example.com/twilio/media/reception"),
        ("https://e.com:8443/voice/", "wss://e.com:8443/voice/twilio/media/reception"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/twilio/media/reception"),
    ])
    func usesThePublicAddress(address: String, url: String) throws {
        #expect(try answer(post(), address: address).body.contains("<Stream url=\"\(url)\">"))
    }

    @Test(
        arguments: [
            ("127.0.0.1:8080", nil, "ws://127.0.0.1:8080"), ("[::1]:80", nil, "ws://[::1]:80"),
            ("localhost", "https", "wss://localhost"), ("a.example", "http", "wss://a.example"),
            ("a.example", "https, http", "wss://a.example"),
        ] as [(String, String?, String)])
    func takesTheAddressFromTheRequest(host: String, forwarded: String?, start: String) throws {
        var request = post()
        request.isFromProxy = true
        request.headers[0].value = host
        if let forwarded { request.headers.append((name: "X-Forwarded-Proto", value: forwarded)) }
        #expect(try answer(request).body.contains("<Stream url=\"\(start)/twilio/media/reception\">"))
    }

    /// Tunnels that write the `Host` anew tell the old one.
    @Test func aProxysWordForTheHostCounts() throws {
        var request = post()
        request.headers[0].value = "127.0.0.1:8080"
        request.headers += [
            (name: "X-Forwarded-Host", value: "a.example, b.example"), (name: "X-Forwarded-Proto", value: "https"),
        ]
        for (isFromProxy, start) in [(true, "wss://a.example"), (false, "ws://127.0.0.1:8080")] {
            request.isFromProxy = isFromProxy
            #expect(try answer(request).body.contains("<Stream url=\"\(start)/twilio/media/reception\">"))
        }
        request.isFromProxy = true
        request.headers.removeLast(2)
        request.headers.append((name: "X-Forwarded-Host", value: "\"><evil"))
        #expect(try answer(request).status == 400)
    }

    @Test(arguments: ["\"><evil", "a b", "", "x/y"])
    func aHostThatIsNoneIsRefused(host: String) throws {
        var request = post()
        request.headers[0].value = host
        #expect(try answer(request).status == 400)
    }

    @Test func namesAndValuesAreEscaped() throws {
        let body = try answer(post(body: "From=%22%3E%3CHangup%2F%3E%00%0A&To="), agent: "a/b&\"<").body
        #expect(body.contains("/twilio/media/a%2Fb%26%22%3C\""))
        #expect(body.contains("value=\"&quot;&gt;&lt;Hangup/&gt;\u{FFFD}&#10;\""))
        #expect(!body.contains("called"))
    }

    @Test func parametersStayBelowTwiliosLimit() throws {
        let long = try answer(post(body: "From=" + String(repeating: "9", count: 2_000))).body
        let value = long.split(separator: "value=\"")[1].prefix { $0 != "\"" }
        #expect("caller".count + value.count == TwilioVoiceWebhook.longestParameter - 1)
    }

    @Test func aRefusedCallerNeverMeetsSilence() throws {
        for kind in [CallRefusal.Kind.full, .draining, .notReady, .failed] {
            let response = try answer(post(), refusal: CallRefusal(kind, "x"))
            #expect(response.status == 200)
            #expect(response.body.contains("<Say>"))
            #expect(response.body.contains("<Hangup/>"))
            #expect(!response.body.contains("<Connect>"))
        }
        let unknown = try answer(post(), refusal: CallRefusal(.unknownAgent, "agent \"x\": unknown"))
        #expect(unknown == .text(404, "agent \"x\": unknown"))
    }

    @Test func badFormsAreRefusedWithTheReason() throws {
        #expect(try answer(post(body: "From=%2")).body.contains("body: expected two hexadecimal digits"))
        #expect(try answer(post(body: Array(repeating: "a=b", count: 600).joined(separator: "&"))).status == 400)
        var json = post()
        json.headers[1].value = "application/json"
        #expect(try answer(json).status == 415)
    }

    @Test func onlySignedRequestsWithAToken() throws {
        let url = "https://agent.example.com/twilio/voice/reception"
        let form = try FormDecoder.fields(Self.body.utf8).sorted { $0.name < $1.name }
        let signature = TwilioSignature(authToken: "12345")
            .signature(of: url + form.map { $0.name + $0.value }.joined())
        #expect(try answer(post(headers: [("x-twilio-signature", signature)]), token: "12345").status == 200)
        #expect(try answer(post(headers: [("X-Twilio-Signature", signature)]), token: "54321").status == 403)
        #expect(try answer(post(), token: "12345").status == 403)
        #expect(
            try answer(post(body: "From=1", headers: [("X-Twilio-Signature", signature)]), token: "12345").status == 403
        )
    }

    // MARK: The fact sheet's vectors

    private static let fields = [
        FormField("CallSid", "CA1234567890ABCDE"), FormField("Caller", "+14158675309"), FormField("Digits", "1234"),
        FormField("From", "+14158675309"), FormField("To", "+18005551212"),
    ]

    @Test(arguments: [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com:80/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        // Either signature is right for either form of the address.
        ("https://mycompany.com/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ])
    func formSignatures(url: String, signature: String) {
        let validator = TwilioSignature(authToken: "12345")
        #expect(validator.isValid(signature, url: url, form: Self.fields.reversed()))
        #expect(!validator.isValid(signature, url: url + "x", form: Self.fields))
        #expect(!validator.isValid(signature, url: url, form: Array(Self.fields.dropLast())))
        #expect(!validator.isValid("", url: url, form: Self.fields))
    }

    @Test func repeatedValuesCountOnce() {
        let form = [
            FormField("Sid", "CA123"), FormField("SidAccount", "AC123"), FormField("Digits", "5678"),
            FormField("Digits", "1234"), FormField("Digits", "1234"),
        ]
        #expect(
            TwilioSignature(authToken: "12345").isValid(
                "IK+Dwps556ElfBT0I3Rgjkr1wJU=", url: "https://mycompany.com/myapp.php?foo=1&bar=2", form: form))
    }

    @Test(arguments: [
        "jnHHJVRuc+5O5HxzOjyUz1Q19Bc=", "IeGsVoTE061PgAXuC7wJgJLjmAw=", "fkArzXWdqQWy8i4mr3WY5Zf5w7w=",
    ])
    func handshakeSignatures(signature: String) {
        let validator = TwilioSignature(authToken: "12345")
        #expect(validator.isValid(signature, webSocketURL: "wss://agent.example.com/twilio/media"))
        #expect(!validator.isValid(signature, webSocketURL: "wss://other.example.com/twilio/media"))
    }

    @Test(arguments: ["", "agent.example.com", "ftp://x", "https://", "https://a b", "https://a/?x", "https://a\"/"])
    func publicAddressesThatCannotBeAreRefused(url: String) {
        #expect(throws: PublicAddress.Problem.self) { try PublicAddress(url) }
    }
}
