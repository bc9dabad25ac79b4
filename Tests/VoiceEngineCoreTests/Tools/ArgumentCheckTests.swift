import Testing

@testable import VoiceEngineCore

@Suite struct ArgumentCheckTests {
    private static let schema = #"""
        {"type":"object","required":["day","party"],"additionalProperties":false,"properties":{
        "day":{"type":"string","enum":["monday","friday"]},"party":{"type":"integer"},"price":{"type":"number"},
        "note":{"type":["string","null"]},"tags":{"type":"array","items":{"type":"string"}},"vip":{"type":"boolean"},
        "guest":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}},"any":{},
        "level":{"enum":[1,2.5,"x"]},"odd":{"type":"colour"}}}
        """#

    @Test(
        arguments: [
            (#"{"day":"monday","party":2}"#, nil),
            (#"{"day":"monday","party":2.0,"price":3,"note":null,"tags":[],"vip":true,"any":[{}],"odd":7}"#, nil),
            (#"{"day":"friday","party":2,"guest":{"name":"x","more":1},"level":1.0}"#, nil),
            ("[]", "the arguments: found a list, expected object"),
            ("{}", "day: is required"),
            (#"{"day":"monday"}"#, "party: is required"),
            (#"{"day":"sunday","party":2}"#, #"day: expected one of ["monday","friday"]"#),
            (#"{"day":1,"party":2}"#, "day: found a number, expected string"),
            (#"{"day":"monday","party":"two"}"#, "party: found a string, expected integer"),
            (#"{"day":"monday","party":2.5}"#, "party: found a number, expected integer"),
            (#"{"day":"monday","party":2,"note":1}"#, "note: found a number, expected string or null"),
            (#"{"day":"monday","party":2,"tags":["a",1]}"#, "tags[1]: found a number, expected string"),
            (#"{"day":"monday","party":2,"tags":"a"}"#, "tags: found a string, expected array"),
            (#"{"day":"monday","party":2,"guest":{}}"#, "guest.name: is required"),
            (#"{"day":"monday","party":2,"level":2}"#, #"level: expected one of [1,2.5,"x"]"#),
            (#"{"day":"monday","party":2,"mood":"good"}"#, "mood: is no argument of this tool"),
        ] as [(String, String?)])
    func holdsArgumentsAgainstTheSchema(arguments: String, problem: String?) throws {
        let schema = try #require(try JSONValue.parse(Self.schema).object)
        #expect(ArgumentCheck.problem(in: try JSONValue.parse(arguments), schema: schema) == problem)
    }

    @Test func aSchemaThatSaysNothingTakesEverything() throws {
        #expect(ArgumentCheck.problem(in: ["x": [1]], schema: JSONObject()) == nil)
        let odd = try #require(
            try JSONValue.parse(#"{"type":7,"required":"x","properties":[],"enum":{},"items":3}"#).object)
        #expect(ArgumentCheck.problem(in: ["x": [1]], schema: odd) == nil)
    }
}
