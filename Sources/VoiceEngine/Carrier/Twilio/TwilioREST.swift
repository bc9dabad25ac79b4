internal import VoiceEngineCore
internal import VoiceEngineNet

/// A call that Twilio is asked to place.
struct TwilioNewCall: Equatable, Sendable {
    /// What Twilio does to tell people from machines.
    enum MachineDetection: String, Equatable, Sendable {
        /// Reports as soon as it knows.
        case enable = "Enable"
        /// Reports when a machine's greeting has ended.
        case messageEnd = "DetectMessageEnd"
    }

    var to: String
    var from: String
    /// What the call does once it is answered.
    var twiml: TwiML
    /// Where the progress of the call is reported; nil reports nothing.
    var statusCallback: String?
    /// Detection goes on beside the conversation, and its result comes to this address.
    var machineDetection: (MachineDetection, callback: String)?
    /// How long it may ring. [s]
    var timeoutSeconds: Int?

    static func == (a: TwilioNewCall, b: TwilioNewCall) -> Bool {
        a.to == b.to && a.from == b.from && a.twiml == b.twiml && a.statusCallback == b.statusCallback
            && a.machineDetection?.0 == b.machineDetection?.0
            && a.machineDetection?.callback == b.machineDetection?.callback && a.timeoutSeconds == b.timeoutSeconds
    }
}

/// A call as Twilio's REST API describes it.
struct TwilioCallResource: Equatable, Sendable {
    let sid: String
    /// `queued`, `ringing`, `in-progress`, `completed`, `busy`, `failed`, `no-answer`, `canceled`.
    let status: String
    let answeredBy: String?

    /// - Returns: nil when it is none.
    init?(_ json: JSONValue?) {
        guard let sid = json?["sid"]?.string, !sid.isEmpty else { return nil }
        self.sid = sid
        status = json?["status"]?.string ?? ""
        answeredBy = json?["answered_by"]?.string
    }
}

/// The requests of Twilio's Voice REST API (2010-04-01), and what its refusals mean. Pure.
struct TwilioREST: Sendable {
    /// What becomes of a call.
    enum Change: Equatable, Sendable {
        /// Ends it, ringing or not.
        case complete
        /// Does this instead of what it is doing; a media stream ends with it.
        case run(TwiML)
    }

    let account: TwilioAccount

    static let progressEvents = ["initiated", "ringing", "answered", "completed"]

    func create(_ call: TwilioNewCall) -> HTTPRequest {
        var form = [("To", call.to), ("From", call.from), ("Twiml", call.twiml.response)]
        if let callback = call.statusCallback {
            form += [("StatusCallback", callback), ("StatusCallbackMethod", "POST")]
            form += Self.progressEvents.map { ("StatusCallbackEvent", $0) }
        }
        if let (detection, callback) = call.machineDetection {
            // Without AsyncAmd the called party hears silence until Twilio has made up its mind.
            form += [
                ("MachineDetection", detection.rawValue), ("AsyncAmd", "true"), ("AsyncAmdStatusCallback", callback),
                ("AsyncAmdStatusCallbackMethod", "POST"),
            ]
        }
        if let timeout = call.timeoutSeconds { form.append(("Timeout", String(timeout))) }
        return request("POST", "/Calls.json", form)
    }

    func update(_ call: String, _ change: Change) -> HTTPRequest {
        let form =
            switch change {
            case .complete: [("Status", "completed")]
            case .run(let twiml): [("Twiml", twiml.response)]
            }
        return request("POST", path(of: call), form)
    }

    func fetch(_ call: String) -> HTTPRequest { request("GET", path(of: call), []) }

    private func path(of call: String) -> String { "/Calls/\(PercentEncoding.encoded(call)).json" }

    private func request(_ method: String, _ path: String, _ form: [(String, String)]) -> HTTPRequest {
        let (user, password) = account.apiKey ?? (account.accountSid, account.authToken ?? "")
        var headers = HeaderList([
            ("Authorization", "Basic " + Base64Text.encode(Array("\(user):\(password)".utf8))),
            ("Accept", "application/json"),
        ])
        if method == "POST" { headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8") }
        let body = form.map { PercentEncoding.encoded($0.0) + "=" + PercentEncoding.encoded($0.1) }
        return HTTPRequest(
            method, account.baseURL.appending(path: "/2010-04-01/Accounts/\(account.accountSid)" + path),
            headers: headers, body: Array(body.joined(separator: "&").utf8))
    }

    // MARK: Refusals

    /// The call is over already, or never was.
    static func saysCallIsOver(_ answer: RESTAnswer) -> Bool {
        answer.status == 404 || [20_404, 21_220].contains(answer.json?["code"]?.lenientInt)
    }

    /// - Parameter purpose: Such as "place a call".
    static func refusal(_ answer: RESTAnswer, _ purpose: String) -> CallControlError {
        let code = answer.json?["code"]?.lenientInt
        let message = answer.json?["message"]?.string.map { ": " + $0.prefix(200) } ?? ""
        let advice = (code.flatMap { Self.advice[$0] } ?? Self.advice(status: answer.status)).map { ". " + $0 } ?? ""
        let number = code.map { " (error \($0))" } ?? ""
        return CallControlError(
            description: CarrierText.line("\(purpose): Twilio answered \(answer.status)\(number)\(message)\(advice)"))
    }

    private static let advice: [Int64: String] = [
        20_003: "Are TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or the API key) right, and of the same account?",
        21_205: "public_url must be an address that Twilio can reach",
        21_210: "`from` must be a number of this Twilio account, or one that it has verified",
        21_212: "`from` must be a number of this Twilio account, in the form +15551234567",
        21_211: "`to` is no number that Twilio can call; it must have the form +15551234567",
        21_214: "`to` cannot be reached by Twilio",
        21_215: "Permit calls to this country in Twilio's console: Voice, Settings, Geo permissions",
        21_216: "Twilio does not let this account call this number",
        21_219: "A trial account calls verified numbers only: verify it in Twilio's console, or upgrade",
        21_220: "The call is not in progress any more",
        20_429: "Too many requests: place fewer calls per second, or ask Twilio for a higher limit",
    ]

    private static func advice(status: Int) -> String? {
        switch status {
        case 401, 403:
            "Are TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or the API key) right, and of the same account and region?"
        case 404: "Is the account SID right, and the base_url that of its region?"
        case 429: "Too many requests: place fewer calls per second, or ask Twilio for a higher limit"
        case 500...599: "Twilio has trouble; see status.twilio.com. Whether it has acted is not known"
        default: nil
        }
    }
}

/// Texts of carriers, on one line and bounded.
enum CarrierText {
    static func line(_ text: String) -> String {
        String(text.unicodeScalars.prefix(600).map { $0.value < 0x20 ? " " : Character($0) })
    }
}
