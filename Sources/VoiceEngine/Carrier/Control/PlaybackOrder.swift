internal import VoiceEngineCore
internal import VoiceEngineNet

/// What `POST /calls/ID/play` asks for. Pure.
struct PlaybackOrder: Equatable, Sendable {
    typealias Problem = CallOrder.Problem

    enum Loop: Equatable, Sendable {
        case times(Int)
        /// Until it is stopped, or the call ends.
        case endless

        var json: JSONValue {
            switch self {
            case .times(let count): .int(Int64(count))
            case .endless: .string(PlaybackOrder.endless)
            }
        }
    }

    /// [bytes]
    static let longestURL = 2_048
    static let mostTimes = 100
    fileprivate static let endless = "infinity"

    /// Of a WAV or MP3 file that the carrier fetches. Its query may hold a secret: it goes to the carrier, and nowhere
    /// else.
    let url: String
    /// nil: once.
    var loop: Loop?

    init(url: String, loop: Loop? = nil) {
        self.url = url
        self.loop = loop
    }

    /// Reads the body of a request.
    init(_ body: [UInt8]) throws(Problem) {
        let object = try CallOrder.object(body)
        url = try Self.url(object["url"])
        for member in object.members {
            switch member.key {
            case "url": break
            case "loop": loop = try Self.loop(member.value)
            case let other:
                throw Problem(key: String(other.prefix(64)), expectation: "not known; expected url or loop")
            }
        }
    }

    private static func url(_ value: JSONValue?) throws(Problem) -> String {
        let text = try CallOrder.text(value ?? .null, "url", most: longestURL)
        guard !text.isEmpty else {
            throw Problem(key: "url", expectation: "is missing; expected the https:// address of a WAV or MP3 file")
        }
        let scheme: WebURL.Scheme
        do throws(WebURL.ParseError) {
            scheme = try WebURL(text).scheme
        } catch {
            throw Problem(key: "url", expectation: error.description)
        }
        guard !scheme.isWebSocket else {
            throw Problem(key: "url", expectation: "expected the https:// address of a WAV or MP3 file")
        }
        return text
    }

    private static func loop(_ value: JSONValue) throws(Problem) -> Loop? {
        switch value {
        case .null: return nil
        case .int(let count) where (1...Int64(mostTimes)).contains(count): return .times(Int(count))
        case .string(Self.endless): return .endless
        case .bool, .int, .double, .string, .array, .object:
            throw Problem(key: "loop", expectation: "expected 1 to \(mostTimes), or \"\(endless)\"")
        }
    }

    /// A text of the carrier's without the query, where it repeats the address; it may have cut it off.
    func withoutQuery(_ text: String) -> String {
        let place = Self.place(of: url)
        var (told, rest) = ("", text[...])
        while let hit = rest.firstRange(of: place + "?") {
            told += rest[..<hit.lowerBound] + place
            rest = rest[hit.upperBound...].drop { !$0.isWhitespace }
        }
        return told + rest
    }

    /// Where the recording is: its address without the query.
    static func place(of url: String) -> String { String(url.prefix { $0 != "?" }) }
}
