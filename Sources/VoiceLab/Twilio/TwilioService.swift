import NIOCore

/// Twilio's REST API as far as calls are concerned, and what it sets off: the ringing, the stream, the callbacks.
///
///     POST /2010-04-01/Accounts/AC…/Calls.json ──► ringing ──► SimulatedCall with the TwiML's stream ──► action
///                          │                                                                              │
///                          └── StatusCallback: initiated, ringing, in-progress, completed, signed ◄───────┘
///
/// As strict as Twilio: what it would refuse is refused with its error number. Confined to one event loop.
final class TwilioService: LabService {
    struct Settings: Sendable {
        var accountSid: String
        var authToken: String
        var scenario: Scenario
        var clips: [Int: CallerMachine.Clip] = [:]
        /// Between the order and the answer.
        var ringing = TimeAmount.milliseconds(300)
        /// What asynchronous detection says of the callee.
        var answeredBy = "human"
        /// Callees that are engaged, and that nobody answers for.
        var engaged = "+15550000001"
        var absent = "+15550000002"
    }

    /// A call from its order to its end.
    private final class Call {
        let sid: String
        let form: [(String, String)]
        let twiml: TwiML
        var status = "queued"
        var answeredBy: String?
        var line: SimulatedCall?
        var sequence = 0

        init(sid: String, form: [(String, String)], twiml: TwiML) {
            self.sid = sid
            self.form = form
            self.twiml = twiml
        }

        subscript(name: String) -> String? { form.first { $0.0 == name }?.1 }
    }

    private let settings: Settings
    private let loop: any EventLoop
    private var calls: [String: Call] = [:]
    /// Calls that came to a conversation, as they ended.
    private(set) var records: [CallRecord] = []
    /// What the engine did that Twilio would complain of.
    private(set) var complaints: [String] = []
    /// Told what happens, for people.
    var tell: (String) -> Void = { _ in }
    /// Told when a call has ended and its last callback is answered.
    var ended: () -> Void = {}

    init(_ settings: Settings, on loop: any EventLoop) {
        self.settings = settings
        self.loop = loop
    }

    // MARK: The API

    func upgrade(_ request: HTTPMessage) -> LabUpgrade { .refuse(status: "404 Not Found") }

    func received(_ request: HTTPMessage, on connection: LabConnection) {
        let base = "/2010-04-01/Accounts/\(settings.accountSid)/"
        guard request.header("Authorization") == TwilioLaw.basic(settings.accountSid, settings.authToken) else {
            return refuse(connection, 401, 20_003, "Authenticate")
        }
        guard request.target.hasPrefix(base) else { return refuse(connection, 404, 20_404, "not found") }
        let path = request.target.dropFirst(base.count)
        if path == "Calls.json", request.method == "POST" { return create(form(request), connection) }
        let sid = path.dropFirst("Calls/".count).prefix { $0 != "." }
        guard path.hasPrefix("Calls/"), path.hasSuffix(".json"), let call = calls[String(sid)] else {
            return refuse(connection, 404, 20_404, "The requested resource \(path) was not found")
        }
        switch request.method {
        case "GET": answer(connection, "200 OK", call)
        case "POST": update(call, form(request), connection)
        default: refuse(connection, 405, 20_004, "Method not allowed")
        }
    }

    private func create(_ form: [(String, String)], _ connection: LabConnection) {
        func field(_ name: String) -> String? { form.first { $0.0 == name }?.1 }
        guard let to = field("To"), to.hasPrefix("+"), to.count > 8 else {
            return refuse(connection, 400, 21_211, "Invalid 'To' Phone Number: \(field("To") ?? "")")
        }
        guard let from = field("From"), from.hasPrefix("+") else {
            return refuse(connection, 400, 21_212, "Invalid 'From' Phone Number: \(field("From") ?? "")")
        }
        guard let document = field("Twiml"), document.count <= 4_000, let twiml = try? TwiML.parse(document) else {
            return refuse(connection, 400, 12_100, "Twiml: document parse failure")
        }
        let call = Call(sid: Webhook.identifier("CA"), form: form, twiml: twiml)
        calls[call.sid] = call
        tell("\(from) calls \(to): \(call.sid)")
        answer(connection, "201 Created", call)
        report(call, "initiated")
        later(.zero) { $0.ring(call) }
    }

    private func update(_ call: Call, _ form: [(String, String)], _ connection: LabConnection) {
        guard !["completed", "busy", "no-answer", "failed", "canceled"].contains(call.status) else {
            return refuse(connection, 400, 21_220, "Call is not in-progress. Cannot redirect.")
        }
        for (name, value) in form {
            switch (name, value) {
            case ("Status", "completed"):
                if let line = call.line { line.hangUp(by: "REST") } else { finish(call, "canceled") }
            case ("Twiml", let document):
                guard let twiml = try? TwiML.parse(document) else {
                    return refuse(connection, 400, 12_100, "Twiml: document parse failure")
                }
                tell("\(call.sid) goes on with \(twiml.verbs)")
                call.line?.hangUp(by: "TwiML")
            default: return refuse(connection, 400, 20_001, "Unknown parameter \(name)")
            }
        }
        answer(connection, "200 OK", call)
    }

    private func form(_ request: HTTPMessage) -> [(String, String)] {
        String(decoding: request.body, as: UTF8.self).split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (QueryParameters.decoded(parts[0]), parts.count > 1 ? QueryParameters.decoded(parts[1]) : "")
        }
    }

    private func answer(_ connection: LabConnection, _ status: String, _ call: Call) {
        let answeredBy = call.answeredBy.map { "\"\($0)\"" } ?? "null"
        let body =
            #"{"sid":"\#(call.sid)","account_sid":"\#(settings.accountSid)","status":"\#(call.status)","#
            + #""direction":"outbound-api","answered_by":\#(answeredBy),"api_version":"2010-04-01","price":null}"#
        connection.respond(status: status, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
    }

    private func refuse(_ connection: LabConnection, _ status: Int, _ code: Int, _ message: String) {
        complaints.append("\(code): \(message)")
        let body = #"{"code":\#(code),"message":"\#(message)","more_info":"","status":\#(status)}"#
        connection.respond(
            status: "\(status) Refused", headers: [("Content-Type", "application/json")], body: Array(body.utf8))
    }

    // MARK: The call

    private func later(_ time: TimeAmount, _ body: @escaping (TwilioService) -> Void) {
        let bound = NIOLoopBound((self, body), eventLoop: loop)
        loop.scheduleTask(in: time) { bound.value.1(bound.value.0) }
    }

    private func ring(_ call: Call) {
        guard call.status == "queued" else { return }
        if call["To"] == settings.engaged { return finish(call, "busy") }
        report(call, "ringing")
        let isAbsent = call["To"] == settings.absent
        later(settings.ringing) { service in
            guard call.status == "ringing" else { return }
            if isAbsent { service.finish(call, "no-answer") } else { service.pickUp(call) }
        }
    }

    private func pickUp(_ call: Call) {
        report(call, "in-progress")
        if call["AsyncAmd"] == "true", call["MachineDetection"] != nil {
            call.answeredBy = settings.answeredBy
            post(
                call, call["AsyncAmdStatusCallback"],
                [
                    ("AnsweredBy", settings.answeredBy), ("MachineDetectionDuration", "1800"),
                ])
        }
        guard let stream = call.twiml.stream,
            let endpoint = Endpoint(url: stream.url.replacing("wss://", with: "ws://"))
        else {
            complaints.append("31923: the TwiML has no stream that can be reached")
            return finish(call, "completed")
        }
        let setup = SimulatedCall.Setup(
            scenario: settings.scenario, clips: settings.clips, endpoint: endpoint, parameters: stream.parameters,
            callSid: call.sid, accountSid: settings.accountSid, streamSid: Webhook.identifier("MZ"),
            headers: [("X-Twilio-Signature", TwilioLaw.signature(url: stream.url, authToken: settings.authToken))])
        let line = SimulatedCall.connect(setup, on: loop) { _, _ in }
        call.line = line
        let bound = NIOLoopBound((self, call), eventLoop: loop)
        line.finished.whenComplete { result in
            let (service, call) = bound.value
            service.streamEnded(call, stream, result)
        }
    }

    private func streamEnded(_ call: Call, _ stream: TwiML.Stream, _ result: Result<CallRecord, any Error>) {
        call.line = nil
        switch result {
        case .success(let record):
            records.append(record)
            complaints += record.violations.map { "\($0)" }
            // Somebody has hung up: nothing is left to go on with.
            guard record.endedBy == "agent" else { return finish(call, "completed") }
        case .failure(let error):
            complaints.append("31901: \(error)")
            post(call, stream.statusCallback, [("StreamEvent", "stream-error"), ("StreamError", "\(error)")])
        }
        post(call, stream.action, []) { service, document in
            service.tell("after the stream: \(document.map { "\((try? TwiML.parse($0))?.verbs ?? [])" } ?? "nothing")")
            service.finish(call, "completed")
        }
    }

    private func finish(_ call: Call, _ status: String) {
        report(call, status) { $0.ended() }
    }

    // MARK: Callbacks

    private func report(_ call: Call, _ status: String, then: @escaping (TwilioService) -> Void = { _ in }) {
        call.status = status == "initiated" ? "queued" : status
        tell("\(call.sid) \(status)")
        call.sequence += 1
        let fields = [
            ("CallStatus", status), ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", "\(call.sequence - 1)"), ("Timestamp", "Mon, 01 Jan 2026 00:00:00 +0000"),
        ]
        post(call, call["StatusCallback"], fields) { service, _ in then(service) }
    }

    /// Posts a signed form; the answer's body comes to `then`, nil where there is no address or a refusal.
    private func post(
        _ call: Call, _ url: String?, _ fields: [(String, String)],
        then: @escaping (TwilioService, String?) -> Void = { _, _ in }
    ) {
        guard let url, let endpoint = Endpoint(url: url) else { return then(self, nil) }
        let form =
            [
                ("CallSid", call.sid), ("AccountSid", settings.accountSid), ("From", call["From"] ?? ""),
                ("To", call["To"] ?? ""), ("Direction", "outbound-api"), ("ApiVersion", "2010-04-01"),
            ] + fields
        let body = form.map { "\($0.0)=\(Webhook.percentEncoded($0.1))" }.joined(separator: "&")
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("User-Agent", "TwilioProxy/1.1"),
            ("X-Twilio-Signature", TwilioLaw.signature(url: url, form: form, authToken: settings.authToken)),
        ]
        let bound = NIOLoopBound((self, then), eventLoop: loop)
        let answer = loop.makePromise(of: HTTPMessage.self)
        let loop = loop
        answer.completeWithTask {
            try await HTTPClient.send(
                method: "POST", endpoint: endpoint, headers: headers, body: Array(body.utf8), on: loop)
        }
        answer.futureResult.whenComplete { result in
            let (service, then) = bound.value
            switch result {
            case .success(let answer) where answer.status == 200:
                then(service, String(decoding: answer.body, as: UTF8.self))
            case .success(let answer):
                service.complaints.append("11200: \(url) answered \(answer.startLine)")
                then(service, nil)
            case .failure(let error):
                service.complaints.append("11200: \(url): \(error)")
                then(service, nil)
            }
        }
    }
}
