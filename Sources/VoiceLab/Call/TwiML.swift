/// What the voice webhook told the carrier to do.
struct TwiML: Equatable, Sendable {
    /// `<Connect><Stream>`: the bidirectional stream of the call.
    struct Stream: Equatable, Sendable {
        var url: String
        var name: String?
        var parameters: [Parameter] = []
        /// Where the carrier reports how the stream fares.
        var statusCallback: String?
        /// Whom the carrier asks how the call goes on after the stream.
        var action: String?
    }

    struct Parameter: Equatable, Sendable {
        var name: String
        var value: String
    }

    enum Verb: Equatable, Sendable {
        case connect(Stream)
        case say(String)
        case hangUp
        case reject(reason: String)
        case other(String)
    }

    var verbs: [Verb] = []

    /// The stream, when the call is to be connected to one.
    var stream: Stream? {
        for case .connect(let stream) in verbs { return stream }
        return nil
    }

    /// Twilio's limit for name and value of a `<Parameter>` together.
    private static let maxParameterCharacters = 500

    /// Reads a TwiML document as strictly as Twilio does.
    ///
    /// - Throws: `WireViolation` with Twilio's error number where there is one.
    static func parse(_ document: String) throws -> TwiML {
        let root = try XMLElement.parse(document)
        guard root.name == "Response" else { throw WireViolation("12100: the root is <\(root.name)>, not <Response>") }
        return TwiML(verbs: try root.children.map(verb))
    }

    private static func verb(_ element: XMLElement) throws -> Verb {
        switch element.name {
        case "Connect":
            guard element.children.count == 1, let stream = element.children.first, stream.name == "Stream" else {
                throw WireViolation("12200: <Connect> needs exactly one <Stream>")
            }
            var connected = try self.stream(stream)
            connected.action = element.attributes["action"]
            return .connect(connected)
        case "Say": return .say(element.text)
        case "Hangup": return .hangUp
        case "Reject": return .reject(reason: element.attributes["reason"] ?? "rejected")
        default: return .other(element.name)
        }
    }

    private static func stream(_ element: XMLElement) throws -> Stream {
        let known: Set = ["url", "name", "track", "connectorName", "statusCallback", "statusCallbackMethod"]
        for key in element.attributes.keys where !known.contains(key) {
            throw WireViolation("12200: <Stream> has no attribute \(key)")
        }
        guard let url = element.attributes["url"], !url.isEmpty else {
            throw WireViolation("12200: <Stream> needs a url")
        }
        guard !url.contains("?") else { throw WireViolation("31923: the stream URL has a query string: \(url)") }
        if let track = element.attributes["track"], track != "inbound_track" {
            throw WireViolation("31941: track \(track) on a bidirectional stream")
        }
        var stream = Stream(url: url, name: element.attributes["name"])
        stream.statusCallback = element.attributes["statusCallback"]
        for child in element.children {
            guard child.name == "Parameter", let name = child.attributes["name"], let value = child.attributes["value"]
            else { throw WireViolation("12200: <\(child.name)> in <Stream>; expected <Parameter name value>") }
            guard name.count + value.count <= maxParameterCharacters else {
                throw WireViolation("12200: parameter \(name) is longer than \(maxParameterCharacters) characters")
            }
            stream.parameters.append(Parameter(name: name, value: value))
        }
        return stream
    }
}
