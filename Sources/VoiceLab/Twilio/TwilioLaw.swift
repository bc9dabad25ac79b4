import COpenSSL

/// How Twilio signs what it sends, written from its documentation and not from the engine's code.
enum TwilioLaw {
    /// `X-Twilio-Signature` of a form that is posted to `url`, or of a handshake when there is none.
    static func signature(url: String, form: [(String, String)] = [], authToken: String) -> String {
        let names = Set(form.map(\.0)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var text = url
        for name in names {
            let values = Set(form.filter { $0.0 == name }.map(\.1))
            for value in values.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) { text += name + value }
        }
        var digest = [UInt8](repeating: 0, count: 20)
        var count: UInt32 = 0
        let (key, data) = (Array(authToken.utf8), Array(text.utf8))
        HMAC(EVP_sha1(), key, Int32(key.count), data, data.count, &digest, &count)
        return String(decoding: Base64.encode(digest), as: UTF8.self)
    }

    /// The header of HTTP's basic authentication.
    static func basic(_ user: String, _ password: String) -> String {
        "Basic " + String(decoding: Base64.encode(Array("\(user):\(password)".utf8)), as: UTF8.self)
    }
}
