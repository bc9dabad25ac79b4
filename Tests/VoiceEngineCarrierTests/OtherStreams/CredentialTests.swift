import Testing
import VoiceEngineCore
import VoiceEngineNet

@testable import VoiceEngineCarrier

/// What Genesys and Vonage prove themselves with.
@Suite struct CredentialTests {
    // MARK: Genesys

    private static let key = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
    private static let secret = Base64Text.decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=") ?? []
    private static let components =
        #""@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "#
        + #""audiohook-correlation-id" "x-api-key""#
    private static let parameters =
        #";keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";"#
        + "created=1641013200;expires=3282026430"
    private static let code = "NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4="

    /// The reference implementation's own example.
    private func handshake(
        input: String = "sig1=(\(components))\(parameters)", code: String? = "sig1=:\(code):", key: String? = key,
        session: String = "30b0e395-84d3-4570-ac13-9a62d8f514c0"
    ) -> ServerRequest {
        var request = ServerRequest(
            method: "GET", target: "/api/v1/voicebiometrics/ws",
            headers: [
                (name: "Host", value: "AudioHook.example.com"),
                (name: "Audiohook-Organization-Id", value: "d7934305-0972-4844-938e-9060eef73d05"),
                (name: "Audiohook-Session-Id", value: session),
                (name: "Audiohook-Correlation-Id", value: "e160e428-53e2-487c-977d-96989bf5c99d"),
                (name: "Signature-Input", value: input),
            ])
        if let code { request.headers.append((name: "Signature", value: code)) }
        if let key { request.headers.append((name: "X-API-KEY", value: key)) }
        return request
    }

    private func problem(
        _ request: ServerRequest, key: String? = key, secret: [UInt8]? = secret,
        authority: String = "AudioHook.example.com", target: String = "/api/v1/voicebiometrics/ws",
        now: Int64 = 1_641_013_205
    ) -> AudioHookSignature.Problem? {
        do throws(AudioHookSignature.Problem) {
            try AudioHookSignature(key: key, secret: secret)
                .check(request, authority: authority, target: target, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func genesysIsLetIn() {
        #expect(problem(handshake()) == nil)
        #expect(problem(handshake(), key: nil) == nil)
        #expect(problem(handshake(code: nil), secret: nil) == nil, "the key alone")
        let second = "sig1=(\(Self.components))\(Self.parameters), other=(\"@authority\");created=1"
        #expect(problem(handshake(input: second, code: "other=:AAAA:, sig1=:\(Self.code):")) == nil)
    }

    @Test func anotherOrderOfComponentsIsAnotherText() {
        let input =
            #"sig1=("@request-target" "audiohook-session-id" "audiohook-organization-id" "audiohook-correlation-id" "#
            + #""x-api-key" "@authority")"# + Self.parameters
        #expect(problem(handshake(input: input)) == .wrong)
        let code = "sig1=:ldACCVdGpzT50CIPiG5jQsjSu71OILmmqo3Ayc28ZSg=:"
        #expect(problem(handshake(input: input, code: code)) == nil)
    }

    @Test func everyoneElseIsNot() {
        typealias Problem = AudioHookSignature.Problem
        func input(_ parameters: String) -> String { "sig1=(\(Self.components))\(parameters)" }
        let keyID = #";keyid="\#(Self.key)""#
        let rows: [(String, Problem?, Problem)] = [
            ("key", problem(handshake(key: "other")), .noKey), ("no key", problem(handshake(key: nil)), .noKey),
            ("no signature", problem(handshake(code: nil)), .missing),
            ("another label", problem(handshake(code: "sig2=:\(Self.code):")), .missing),
            ("no base64", problem(handshake(code: "sig1=:????:")), .missing),
            ("another session", problem(handshake(session: "x")), .wrong),
            ("another path", problem(handshake(), target: "/x"), .wrong),
            ("another host", problem(handshake(), authority: "x.example"), .wrong),
            ("another secret", problem(handshake(), secret: [1, 2, 3]), .wrong),
            ("too late", problem(handshake(), now: 1_641_013_200 + 14), .expired),
            ("too early", problem(handshake(), now: 1_641_013_200 - 4), .expired),
            (
                "less covered", problem(handshake(input: #"sig1=("@request-target" "@authority")"# + Self.parameters)),
                .notCovered
            ),
            (
                "unknown component",
                problem(handshake(input: "sig1=(\(Self.components) \"@method\")" + Self.parameters)), .notCovered
            ),
            (
                "absent header", problem(handshake(input: "sig1=(\(Self.components) \"x-none\")" + Self.parameters)),
                .notCovered
            ),
            ("no parameters", problem(handshake(input: input(""))), .parameters),
            (
                "short nonce",
                problem(handshake(input: input(keyID + #";nonce="short";alg="hmac-sha256";created=1641013200"#))),
                .parameters
            ),
            (
                "other algorithm",
                problem(handshake(input: input(Self.parameters.replacing("hmac-sha256", with: "none")))), .parameters
            ),
            (
                "other key id", problem(handshake(input: input(Self.parameters.replacing("SGVs", with: "XXXX")))),
                .parameters
            ),
            ("twice", problem(handshake(input: input(Self.parameters + ";created=1"))), .malformed),
            ("open list", problem(handshake(input: "sig1=(\"a\"")), .malformed),
            ("nothing", problem(handshake(input: "")), .malformed),
            (
                "far time",
                problem(handshake(input: input(Self.parameters.replacing("1641013200", with: "-9223372036854775808")))),
                .expired
            ),
        ]
        for (name, found, expected) in rows { #expect(found == expected, "\(name)") }
    }

    @Test func anyHeaderIsReadOrRefused() {
        var random = SeededRandom(seed: 41)
        let right = Array("sig1=(\(Self.components))\(Self.parameters)".utf8)
        for _ in 0..<5_000 {
            var bytes = right
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 7))
                default: bytes.insert(contentsOf: Array("\"();=,".utf8).shuffled(using: &random), at: place)
                }
                if bytes.isEmpty { bytes = right }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(problem(handshake(input: text)) != nil || bytes == right)
        }
    }

    // MARK: Vonage

    /// Made with Python's hmac and json; secret `signature-secret`.
    private static let header = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"
    private static let token =
        header + ".eyJpc3MiOiJWb25hZ2UiLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MT"
        + "FiNSIsImFwaV9rZXkiOiJhYmNkMTIzNCIsImFwcGxpY2F0aW9uX2lkIjoiYXBwLTEiLCJleHAiOjE3MDAwMDAxMDB9"
        + ".zsFWz2dFDoRf57190jvnLJSoXmJKfrUZew2JCvnh4Fk"

    private func problem(
        _ authorization: String?, apiKey: String? = "abcd1234", application: String? = "app-1",
        secret: String = "signature-secret", now: Int64 = 1_700_000_050
    ) -> VonageToken.Problem? {
        do throws(VonageToken.Problem) {
            try VonageToken(secret: secret, apiKey: apiKey, applicationID: application)
                .check(authorization, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func vonageIsLetIn() {
        #expect(problem("Bearer " + Self.token) == nil)
        #expect(problem("bearer " + Self.token, apiKey: nil, application: nil) == nil)
    }

    @Test func othersAreNot() {
        let unsigned =
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJpc3MiOiJWb25hZ2UiLCJpYXQiOjE3MDAwMDAwMDAsImFwaV9rZXkiOiJhYmNkMTIzNC"
            + "IsImFwcGxpY2F0aW9uX2lkIjoiYXBwLTEifQ.3Mxaepbh5JmP6-GwaeuVNQrzftD0gUwzAAy0yybloZs"
        let someone =
            Self.header + ".eyJpc3MiOiJTb21lb25lIiwiaWF0IjoxNzAwMDAwMDAwfQ.TKixAKtr23HsO_fVhW8vSBwq0JA1YjmK_7RsFYPIwL8"
        let timeless = Self.header + ".eyJpc3MiOiJWb25hZ2UifQ.-zurLeYx2oi4ZBSYZW42YNtU87Wud34ZcOxndhnHrEw"
        let rows: [(String, VonageToken.Problem?, VonageToken.Problem)] = [
            ("nothing", problem(nil), .missing), ("basic", problem("Basic eDp5"), .missing),
            ("no token", problem("Bearer x"), .malformed), ("two parts", problem("Bearer a.b"), .malformed),
            ("no json", problem("Bearer eA.eA.eA"), .malformed),
            ("padded", problem("Bearer " + Self.token + "="), .malformed),
            ("unsigned", problem("Bearer " + unsigned), .algorithm),
            ("another secret", problem("Bearer " + Self.token, secret: "x"), .wrong),
            ("no secret", problem("Bearer " + Self.token, secret: ""), .wrong),
            ("cut", problem("Bearer " + Self.token.dropLast(3)), .wrong),
            ("old", problem("Bearer " + Self.token, now: 1_700_000_100), .expired),
            ("early", problem("Bearer " + Self.token, now: 1_699_999_000), .expired),
            ("timeless", problem("Bearer " + timeless, apiKey: nil, application: nil), .expired),
            ("another key", problem("Bearer " + Self.token, apiKey: "x"), .stranger),
            ("another application", problem("Bearer " + Self.token, application: "x"), .stranger),
            ("another issuer", problem("Bearer " + someone, apiKey: nil, application: nil), .stranger),
        ]
        for (name, found, expected) in rows { #expect(found == expected, "\(name)") }
    }

    @Test func anyTokenIsRefused() {
        var random = SeededRandom(seed: 42)
        let right = Array(Self.token.utf8)
        for _ in 0..<2_000 {
            var bytes = right
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0x21...0x7E, using: &random)
            let text = String(decoding: bytes, as: UTF8.self)
            // The last character of the code holds two bits that mean nothing.
            if bytes != right, place != right.count - 1 { #expect(problem("Bearer " + text) != nil) }
        }
    }
}
