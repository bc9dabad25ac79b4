/// What a caller gets whom no agent can answer: the server is full, drains or fails. Never silence.
package enum CallFallback: Equatable, Sendable {
    /// A sentence, then the end of the call.
    case say(String)
    /// A telephone number (`+1…`) or SIP address (`sip:…`) that takes the call.
    case dial(String)
    /// Twilio: an address that answers with TwiML. Telnyx has no such thing; there the caller hears "busy".
    case url(String)

    package static let sorry = CallFallback.say(
        "We are sorry. All of our lines are busy at the moment. Please call again later.")

    /// - Parameter document: nil: an apology.
    package init(_ document: ServerDocument.Twilio.Fallback?) throws(AccountProblem) {
        switch document {
        case .say(let sentence): self = .say(sentence)
        case .dial(let target):
            guard DialTarget(target) != nil else {
                throw AccountProblem("twilio.fallback.dial: \(DialTarget.expectation)")
            }
            self = .dial(target)
        case .url(let url): self = .url(url)
        case nil: self = .sorry
        }
    }
}

/// Whom a call can be placed or handed over to. Pure.
package enum DialTarget: Equatable, Sendable {
    /// `+` and 3 to 15 digits (E.164).
    case number(String)
    /// `sip:` or `sips:`.
    case sip(String)
    /// `client:`, a Twilio client.
    case client(String)

    /// [bytes]
    package static let longest = 1_024
    package static let expectation = "expected a number such as +15551234567, or sip:user@host"

    /// Blanks, dots, hyphens and brackets in a number are left out; `00` at its start is no `+`.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            return nil
        }
        let lowered = text.lowercased()
        if lowered.hasPrefix("sip:") || lowered.hasPrefix("sips:") {
            let address = text.drop { $0 != ":" }.dropFirst()
            guard !address.isEmpty, !address.contains(where: { " <>\"".contains($0) }) else { return nil }
            self = .sip(text)
        } else if lowered.hasPrefix("client:") {
            let name = text.dropFirst("client:".count)
            guard !name.isEmpty, !name.contains(where: { " <>\"&".contains($0) }) else { return nil }
            self = .client(text)
        } else {
            guard text.first == "+" else { return nil }
            let digits = text.dropFirst().filter { !" .-()/".contains($0) }
            guard (3...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            self = .number("+" + digits)
        }
    }

    /// As carriers take it.
    package var address: String {
        switch self {
        case .number(let text), .sip(let text), .client(let text): text
        }
    }
}

/// Digits that a carrier keys for us. Pure.
enum KeyedDigits {
    /// Twilio plays up to this many.
    static let most = 100

    /// 0-9, A-D, *, # and w; nil when there is another, or none, or too many.
    static func checked(_ text: String) -> String? {
        guard (1...most).contains(text.utf8.count) else { return nil }
        var digits = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "A")...UInt8(ascii: "D"),
                UInt8(ascii: "w"), UInt8(ascii: "W"):
                digits.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "a")...UInt8(ascii: "d"): digits.unicodeScalars.append(Unicode.Scalar(byte - 32))
            default: return nil
            }
        }
        return digits
    }
}
