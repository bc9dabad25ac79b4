package import VoiceEngineCore
package import VoiceEngineNet

/// A server's settings as its JSON document describes them, validated.
///
/// `docs/server.md` explains the keys, `docs/server.schema.json` is the same for editors; the tests hold both against
/// this reader. Unknown keys, wrong types and values out of range are refused with the path of the key. The document
/// never holds a secret: keys that end in `_env` name environment variables, which are read with the document.
///
/// Each section is a type of its own in a file of its own, which reads itself.
package struct ServerDocument: Equatable, Sendable {
    /// [bytes] Largest document.
    package static let largest = 1 << 20

    /// nil: plain text, for loopback or behind a proxy that ends TLS.
    package var tls: TLS?
    package var control: Control
    package var twilio: Twilio
    /// nil: no routes for Telnyx.
    package var telnyx: Telnyx?
    package var streams: Streams
    /// nil: Genesys shows the token of the streams, if there is one.
    package var genesys: Genesys?
    /// nil: the same of Vonage.
    package var vonage: Vonage?
    /// nil: no AudioSocket port.
    package var audioSocket: AudioSocket?
    package var browser: Browser
    package var admission: Admission
    package var limits: ServerLimits
    /// Proxies, behind which is everybody: their connections are not counted by address.
    package var trustedProxies: [AddressRange] {
        get { limits.uncounted }
        set { limits.uncounted = newValue }
    }

    /// The settings of a server without a document.
    ///
    /// - Parameter environment: The value of an environment variable; nil when it is not set, or empty.
    package init(environment: (String) -> String? = { _ in nil }) {
        tls = nil
        control = Control(token: Secret(.control, environment))
        twilio = Twilio(authToken: Secret(.twilioAuthToken, environment))
        (telnyx, audioSocket, genesys, vonage) = (nil, nil, nil, nil)
        streams = Streams(token: Secret(.streams, environment))
        browser = Browser()
        admission = Admission()
        limits = ServerLimits()
    }

    /// Reads a document.
    ///
    /// - Parameter environment: The value of an environment variable; nil when it is not set, or empty.
    package static func parse(
        _ bytes: [UInt8], environment: (String) -> String?
    ) throws(AgentError) -> ServerDocument {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, limits: JSONLimits(depth: 16, size: largest))
        } catch {
            throw .syntax(error)
        }
        return try ServerDocument(value, environment)
    }

    private init(_ value: JSONValue, _ environment: (String) -> String?) throws(AgentError) {
        var reader = try KeyedReader(value, path: "")
        _ = try reader.text("$schema")
        tls = try reader.optional("tls") { section throws(AgentError) in try TLS(section) }
        control = try Control(try reader.nested("control"), environment)
        twilio = try Twilio(try reader.nested("twilio"), environment)
        telnyx = try reader.optional("telnyx") { section throws(AgentError) in try Telnyx(section, environment) }
        streams = try Streams(try reader.nested("streams"), environment)
        genesys = try reader.optional("genesys") { section throws(AgentError) in try Genesys(section, environment) }
        vonage = try reader.optional("vonage") { section throws(AgentError) in try Vonage(section, environment) }
        audioSocket = try reader.optional("audiosocket") { section throws(AgentError) in try AudioSocket(section) }
        browser = try Browser(try reader.nested("browser"))
        admission = try Admission(try reader.nested("admission"))
        limits = try ServerLimits(try reader.nested("limits"))
        if let proxies = try AddressRange.list("trusted_proxies", from: &reader) { trustedProxies = proxies }
        try reader.finish()
    }
}

extension KeyedReader {
    /// A section that means something by being there; nil without it.
    mutating func optional<Section>(
        _ key: String, _ read: (consuming KeyedReader) throws(AgentError) -> Section
    ) throws(AgentError) -> Section? {
        guard let value = value(key) else { return nil }
        return try read(try KeyedReader(value, path: path(of: key)))
    }
}
