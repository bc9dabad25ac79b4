/// TwiML that we answer webhooks with, or hand over by REST. Pure.
struct TwiML: Equatable, Sendable {
    /// The media stream that an agent speaks over.
    struct Stream: Equatable, Sendable {
        /// `wss://…` without a query: Twilio drops it.
        var url: String
        /// In this order.
        var parameters: [(name: String, value: String)] = []
        /// Where Twilio reports how the stream fares.
        var statusCallback: String?
        /// Whom Twilio asks how to go on when the stream has ended; nil ends the call.
        var action: String?

        static func == (a: Stream, b: Stream) -> Bool {
            a.url == b.url && a.statusCallback == b.statusCallback && a.action == b.action
                && a.parameters.elementsEqual(b.parameters) { $0 == $1 }
        }
    }

    enum Verb: Equatable, Sendable {
        case say(String)
        case connect(Stream)
        /// - Parameter action: Whom Twilio asks how to go on afterwards; nil ends the call.
        case dial(DialTarget, action: String? = nil)
        case playDigits(String)
        case redirect(String)
        case hangUp
    }

    /// Characters that the REST API takes. (Twilio's limit for `Twiml`.)
    static let longestByREST = 4_000

    var verbs: [Verb]

    init(_ verbs: Verb...) { self.verbs = verbs }

    init(fallback: CallFallback) {
        switch fallback {
        case .say(let sentence): verbs = [.say(sentence), .hangUp]
        case .url(let url): verbs = [.redirect(url)]
        // What passes `CallFallback.check` is a target.
        case .dial(let text): verbs = DialTarget(text).map { [.dial($0)] } ?? [.hangUp]
        }
    }

    /// The whole document.
    var document: String {
        #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n" + response + "\n"
    }

    /// The root alone, as short as it can be.
    var response: String { "<Response>" + verbs.map(Self.text).joined() + "</Response>" }

    private static func text(_ verb: Verb) -> String {
        switch verb {
        case .say(let sentence): "<Say>\(escaped(sentence))</Say>"
        case .connect(let stream): text(stream)
        case .dial(let target, let action): "<Dial\(attribute("action", action))>\(text(target))</Dial>"
        case .playDigits(let digits): #"<Play digits="\#(escaped(digits))"/>"#
        case .redirect(let url): #"<Redirect method="POST">\#(escaped(url))</Redirect>"#
        case .hangUp: "<Hangup/>"
        }
    }

    private static func text(_ target: DialTarget) -> String {
        switch target {
        case .number(let number): escaped(number)
        case .sip(let address): "<Sip>\(escaped(address))</Sip>"
        case .client(let name): "<Client>\(escaped(String(name.dropFirst(7))))</Client>"
        }
    }

    private static func attribute(_ name: String, _ value: String?) -> String {
        value.map { #" \#(name)="\#(escaped($0))""# } ?? ""
    }

    private static func text(_ stream: Stream) -> String {
        let action = attribute("action", stream.action)
        let callback = attribute("statusCallback", stream.statusCallback)
        let children = stream.parameters.map {
            #"<Parameter name="\#(escaped($0.name))" value="\#(escaped($0.value))"/>"#
        }
        return #"<Connect\#(action)><Stream url="\#(escaped(stream.url))"\#(callback)>"# + children.joined()
            + "</Stream></Connect>"
    }

    /// As text or the value of an attribute. Characters that XML 1.0 does not have become U+FFFD.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&apos;"
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
