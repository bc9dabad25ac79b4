import Testing

@testable import VoiceEngineCore

@Suite struct JSONParserTests {
    /// Texts that every JSON parser must take, with their value.
    static let accepted: [(String, JSONValue)] = [
        ("null", .null), (" true ", true), ("\t\r\nfalse\n", false),
        ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", 9223372036854775808.0), ("0.5", 0.5), ("-0.0", -0.0), ("1e2", 100.0), ("1E+2", 100.0),
        ("1.5e-3", 0.0015), ("123456789012345678901234567890", 123456789012345678901234567890.0), ("1e-400", 0.0),
        ("\"\"", ""), ("\"a\"", "a"), ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{C}\n\r\t"),
        ("\"\\u0041\\u00e9\\u20AC\"", "Aé€"), ("\"\\uD83D\\uDE00\"", "😀"), ("\"😀 é €\"", "😀 é €"),
        ("\"\\u0000\"", "\0"),
        ("\"\u{2028}\u{7F}\"", "\u{2028}\u{7F}"), ("\"\u{10FFFF}\u{FFFF}\"", "\u{10FFFF}\u{FFFF}"),
        ("[]", []), ("[ ]", []), ("[1]", [1]), ("[1 , 2,3]", [1, 2, 3]), ("[[],[[]]]", [[], [[]]]), ("[null]", [nil]),
        ("{}", [:]), ("{ }", [:]), ("{\"a\":1}", ["a": 1]), ("{\"\":0}", ["": 0]),
        ("{ \"b\" : [ { } ] , \"a\" : { \"b\" : null } }", ["b": [[:]], "a": ["b": nil]]),
    ]

    /// Texts that no JSON parser may take, with where and what.
    static let refused: [(String, Int, Int, JSONFault.Expected)] = [
        ("", 1, 1, .value), ("  \n ", 2, 2, .value), ("nul", 1, 1, .literal), ("True", 1, 1, .value),
        ("nulll", 1, 5, .end), ("1 2", 1, 3, .end), ("{}}", 1, 3, .end), ("\u{FEFF}{}", 1, 1, .value),
        ("01", 1, 2, .end), ("-", 1, 2, .digit), ("+1", 1, 1, .value), (".5", 1, 1, .value), ("1.", 1, 3, .digit),
        ("1.e3", 1, 3, .digit), ("1e", 1, 3, .digit), ("1e+", 1, 4, .digit), ("0x10", 1, 2, .end), ("-01", 1, 3, .end),
        ("1e400", 1, 1, .numberInRange), ("-1e999", 1, 1, .numberInRange), ("NaN", 1, 1, .value),
        ("-Infinity", 1, 2, .digit), ("1_000", 1, 2, .end),
        ("\"", 1, 2, .stringEnd), ("\"a", 1, 3, .stringEnd), ("\"\\\"", 1, 4, .stringEnd), ("'a'", 1, 1, .value),
        ("\"\\x\"", 1, 3, .escape), ("\"\\", 1, 3, .escape), ("\"\\U0041\"", 1, 3, .escape),
        ("\"\\u12\"", 1, 6, .hexDigits), ("\"\\u12G4\"", 1, 6, .hexDigits), ("\"\\u", 1, 4, .hexDigits),
        ("\"\\uD800\"", 1, 8, .lowSurrogate), ("\"\\uD800x\"", 1, 8, .lowSurrogate),
        ("\"\\uD800\\n\"", 1, 8, .lowSurrogate), ("\"\\uD800\\u0041\"", 1, 8, .lowSurrogate),
        ("\"\\uDC00\"", 1, 2, .noLoneLowSurrogate), ("\"é\\uDE00\\uD83D\"", 1, 3, .noLoneLowSurrogate),
        ("\"a\tb\"", 1, 3, .escapedControl), ("\"a\nb\"", 1, 3, .escapedControl), ("\"\0\"", 1, 2, .escapedControl),
        ("[", 1, 2, .valueOrArrayEnd), ("[1", 1, 3, .commaOrArrayEnd), ("[1,]", 1, 4, .value),
        ("[,1]", 1, 2, .valueOrArrayEnd),
        ("[1 2]", 1, 4, .commaOrArrayEnd), ("[1}", 1, 3, .commaOrArrayEnd), ("[1:2]", 1, 3, .commaOrArrayEnd),
        ("{", 1, 2, .keyOrObjectEnd), ("{a:1}", 1, 2, .keyOrObjectEnd), ("{1:1}", 1, 2, .keyOrObjectEnd),
        ("{\"a\"}", 1, 5, .colon), ("{\"a\",1}", 1, 5, .colon), ("{\"a\":}", 1, 6, .value),
        ("{\"a\":1", 1, 7, .commaOrObjectEnd),
        ("{\"a\":1,}", 1, 8, .key), ("{\"a\":1 \"b\":2}", 1, 8, .commaOrObjectEnd),
        ("{\"a\":1]", 1, 7, .commaOrObjectEnd),
        ("{\n  \"é\": 1,\n  \"a\" 2\n}", 3, 7, .colon), ("{\"a\":1,\"a\":2}", 1, 8, .newKey),
        ("{\"a\":1,\"\\u0061\":2}", 1, 8, .newKey), ("// c\n1", 1, 1, .value), ("[1,/**/2]", 1, 4, .value),
    ]

    @Test(arguments: accepted) func takesWhatTheStandardTakes(text: String, value: JSONValue) throws {
        #expect(try JSONValue.parse(text) == value)
    }

    @Test(arguments: refused)
    func refusesWhatTheStandardRefuses(text: String, line: Int, column: Int, expected: JSONFault.Expected) {
        do {
            let value = try JSONValue.parse(text)
            Issue.record("took \(text) as \(value)")
        } catch {
            #expect(error.fault.expected == expected, "\(error)")
            #expect([error.line, error.column] == [line, column], "\(error)")
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1],
            [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x41, 0x80],
        ] as [[UInt8]])
    func refusesInvalidUTF8(sequence: [UInt8]) {
        for suffix in [[], [0x22], [0x61, 0x22]] as [[UInt8]] {
            #expect(throws: JSONError.self) { try JSONValue.parse([0x22, 0x61] + sequence + suffix) }
        }
    }

    @Test func namesPlaceFoundAndExpected() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("{\n  \"a\": 1,\n  \"b\" 2\n}") }
        #expect(error?.description == "line 3, column 7: found \"2\", expected \":\"")
        let repeated = #expect(throws: JSONError.self) { try JSONValue.parse("{\"key\":1,\"key\":2}") }
        #expect(
            repeated?.description
                == "line 1, column 10: found \"key\" again, expected a key that this object does not have yet")
    }

    @Test func holdsItsLimits() throws {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try JSONValue.parse(nested(64))
        #expect(throws: JSONError.self) { try JSONValue.parse(nested(65)) }
        #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "[", count: 1 << 20)) }
        #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "{\"a\":", count: 1 << 16)) }
        let limits = JSONLimits(depth: 2, size: 4)
        _ = try JSONValue.parse("[[]]", limits: limits)
        #expect(throws: JSONError.self) { try JSONValue.parse("[[] ]", limits: limits) }
        #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "1", count: 401)) }
    }

    @Test func keepsTheOrderOfKeysAndFindsThemAmongMany() throws {
        let keys = (0..<200).map { "key\(($0 * 37) % 200)" }
        let text = "{" + keys.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
        let object = try #require(try JSONValue.parse(text).object)
        #expect(object.keys == keys)
        for (index, key) in keys.enumerated() { #expect(object[key] == .int(Int64(index))) }
        #expect(object["other"] == nil)
        #expect(throws: JSONError.self) { try JSONValue.parse(text.dropLast() + ",\"key7\":0}") }
    }

    @Test func readsCollectionsWithoutContiguousStorage() throws {
        #expect(try JSONValue.parse(Array("[1,2]".utf8).reversed().reversed()) == [1, 2])
        #expect(try JSONValue.parse(Array("]2,1[".utf8).lazy.reversed()) == [1, 2])
    }

    @Test func accessorsAreStrictOrLenientAsNamed() throws {
        let value = try JSONValue.parse(#"{"n":"42","f":1.9,"i":3.0,"b":"true","x":null,"l":[1]}"#)
        #expect(value["n"]?.int == nil && value["n"]?.lenientInt == 42 && value["n"]?.lenientDouble == 42)
        #expect(value["f"]?.int == nil && value["f"]?.lenientInt == 1 && value["f"]?.lenientString == "1.9")
        #expect(value["i"]?.int == 3 && value["i"]?.double == 3)
        #expect(value["b"]?.bool == nil && value["b"]?.lenientBool == true)
        #expect(value["x"]?.isNull == true && value["x"]?.lenientString == nil && value["y"] == nil)
        #expect(value["l"]?[0]?.int == 1 && value["l"]?[1] == nil && value["l"]?[-1] == nil && value[0] == nil)
        #expect(JSONValue.string("nan").lenientDouble == nil && JSONValue.double(1e300).lenientInt == nil)
    }

    /// Short numbers are read by a way of their own: as exactly as the standard library reads them.
    @Test func numbersAreThoseOfTheStandardLibrary() throws {
        var random = SeededRandom(seed: 0x9E)
        for _ in 0..<20_000 {
            let whole = String(UInt64.random(in: 0...9_999_999_999, using: &random)).prefix(
                Int.random(in: 1...10, using: &random))
            let fraction = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                "\(Int.random(in: 0...9, using: &random))"
            }
            let sign = Bool.random(using: &random) ? "-" : ""
            let text = "\(sign)\(Int64(whole) ?? 0)" + (fraction.isEmpty ? "" : "." + fraction.joined())
            let value = try JSONValue.parse(text)
            if fraction.isEmpty {
                #expect(value == Int64(text).map(JSONValue.int), "\(text)")
            } else {
                #expect(value.double?.bitPattern == Double(text)?.bitPattern, "\(text)")
            }
        }
        #expect(try JSONValue.parse("-0.0").double?.sign == .minus)
    }
}
