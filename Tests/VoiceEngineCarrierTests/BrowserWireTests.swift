import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

/// What the page says, as bytes.
enum BrowserSays {
    static let start = #"{"type":"start","agent":"reception","variables":{"business":"Acme","floor":3}}"#
    static let hangUp = #"{"type":"hangup"}"#
    static func played(_ samples: Int) -> String { #"{"type":"played","samples":\#(samples)}"# }
    static func cleared(_ id: Int, _ samples: Int) -> String {
        #"{"type":"cleared","id":\#(id),"samples":\#(samples)}"#
    }
    static func digits(_ keys: String) -> String { #"{"type":"digits","digits":"\#(keys)"}"# }
}

@Suite struct BrowserWireTests {
    private func decode(_ text: String) -> Result<BrowserMessage, BrowserWireError> { decode(Array(text.utf8)) }

    private func decode(_ bytes: [UInt8]) -> Result<BrowserMessage, BrowserWireError> {
        bytes.withUnsafeBytes { bytes in
            do throws(BrowserWireError) { return .success(try BrowserWire.decode(bytes)) } catch {
                return .failure(error)
            }
        }
    }

    private static func start(_ agent: String, _ variables: [String: String] = [:]) -> BrowserMessage {
        var start = BrowserStart()
        (start.agent, start.variables) = (agent, variables)
        return .start(start)
    }

    @Test(arguments: [
        (BrowserSays.start, start("reception", ["business": "Acme", "floor": "3"])),
        (#"{"type":"start"}"#, start("")),
        (#"{"type":"start","agent":null,"variables":null}"#, start("")),
        (#"{"variables":{},"agent":"caf\u00e9","type":"start","more":[1]}"#, start("café")),
        (BrowserSays.played(0), .played(samples: 0)),
        (BrowserSays.played(4_800), .played(samples: 4_800)),
        (BrowserSays.cleared(2, 960), .cleared(number: 2, samples: 960)),
        (BrowserSays.digits("12#"), .digits("12#")),
        (BrowserSays.digits("ab*"), .digits("AB*")),
        (BrowserSays.hangUp, .hangUp),
        (#"{"type":"galaxy","samples":"many"}"#, .unknown),
        (#"{"type":"hangup","type":"start"}"#, .hangUp),
    ])
    func readsWhatThePageSays(text: String, message: BrowserMessage) {
        #expect(decode(text) == .success(message))
    }

    @Test(arguments: [
        ("{}", "type: expected a string"),
        (#"{"type":7}"#, "type: expected a string"),
        (#"{"type":"played"}"#, "samples: expected a whole number from 0"),
        (#"{"type":"played","samples":-1}"#, "samples: expected a whole number from 0"),
        (#"{"type":"played","samples":1.5}"#, "samples: expected a whole number from 0"),
        (#"{"type":"played","samples":1e9}"#, "samples: expected a whole number from 0"),
        (#"{"type":"played","samples":99999999999999999999}"#, "samples: expected a whole number from 0"),
        (#"{"type":"cleared","samples":1}"#, "id: expected a whole number from 0"),
        (#"{"type":"cleared","id":1}"#, "samples: expected a whole number from 0"),
        (#"{"type":"digits"}"#, "digits: expected 1 to 32 of 0-9, *, #, A-D"),
        (#"{"type":"digits","digits":""}"#, "digits: expected 1 to 32 of 0-9, *, #, A-D"),
        (#"{"type":"digits","digits":"1w"}"#, "digits: expected 1 to 32 of 0-9, *, #, A-D"),
        (#"{"type":"digits","digits":12}"#, "digits: expected 1 to 32 of 0-9, *, #, A-D"),
        (#"{"type":"start","agent":[]}"#, "agent: expected a string of at most 128 bytes"),
        (#"{"type":"start","variables":[]}"#, "variables: expected an object of"),
        (#"{"type":"start","variables":{"a":{}}}"#, "variables: expected an object of"),
        (#"{"type":"start","variables":{"":"x"}}"#, "variables: expected an object of"),
        (#"{"type":"start""#, "message: expected"),
        ("[1]", "message: expected"),
        ("", "message: expected"),
    ])
    func saysWhatIsWrong(text: String, beginning: String) {
        guard case .failure(let error) = decode(text) else {
            Issue.record("taken: \(text)")
            return
        }
        #expect("\(error)".hasPrefix(beginning), "\(error)")
    }

    @Test func isBounded() {
        let long = String(repeating: "x", count: BrowserWire.longestName + 1)
        let keys = String(repeating: "1", count: BrowserWire.mostDigits + 1)
        let many = (0...BrowserWire.mostVariables).map { #""v\#($0)":"1""# }.joined(separator: ",")
        let value = String(repeating: "y", count: BrowserWire.longestValue + 1)
        for text in [
            #"{"type":"start","agent":"\#(long)"}"#, BrowserSays.digits(keys),
            #"{"type":"start","variables":{\#(many)}}"#, #"{"type":"start","variables":{"a":"\#(value)"}}"#,
            #"{"type":"start","variables":{"\#(long)":"1"}}"#,
        ] {
            guard case .failure = decode(text) else {
                Issue.record("taken: \(text.prefix(60))")
                continue
            }
        }
    }

    @Test(arguments: [(0, true), (640, true), (16_000, true), (1, false), (641, false), (16_002, false)])
    func audioIsWholeSamples(count: Int, isTaken: Bool) {
        let refusal: BrowserWireError?
        do throws(BrowserWireError) {
            try BrowserWire.check(audio: count)
            refusal = nil
        } catch {
            refusal = error
        }
        #expect(refusal == (isTaken ? nil : BrowserWireError(field: .audio, expected: .pcm)))
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func randomMutationsNeverTrap(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let messages = [
            BrowserSays.start, BrowserSays.hangUp, BrowserSays.played(480), BrowserSays.cleared(1, 2),
            BrowserSays.digits("1#"),
        ].map { Array($0.utf8) }
        for _ in 0..<500 {
            var bytes = messages[Int.random(in: 0..<messages.count, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                bytes = (0..<Int.random(in: 0..<80, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            case 1: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            case 2: bytes.insert(contentsOf: bytes, at: Int.random(in: 0...bytes.count, using: &random))
            default:
                for _ in 0..<Int.random(in: 1..<6, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            if case .failure(let error) = decode(bytes) { #expect(!"\(error)".isEmpty) }
        }
    }
}
