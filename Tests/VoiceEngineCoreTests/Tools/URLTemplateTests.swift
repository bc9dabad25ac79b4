import Testing

@testable import VoiceEngineCore

@Suite struct URLTemplateTests {
    private func filled(_ template: String, _ arguments: String) throws -> String {
        let object = try #require(try JSONValue.parse(arguments).object)
        return try URLTemplate(template).filled(object)
    }

    @Test(arguments: [
        ("https://a.b/c", "{}", "https://a.b/c"),
        ("https://a.b/{x}/d", #"{"x":"1"}"#, "https://a.b/1/d"),
        (
            "https://a.b/{x}?y={y}&z={x}", #"{"x":"a b/c?&#","y":7}"#,
            "https://a.b/a%20b%2Fc%3F%26%23?y=7&z=a%20b%2Fc%3F%26%23"
        ),
        ("http://a?q={q}", #"{"q":true}"#, "http://a?q=true"),
        ("https://a.b/v{x}", #"{"x":"Käse+49"}"#, "https://a.b/vK%C3%A4se%2B49"),
        ("https://a.b/?l={l}", #"{"l":[1,"b"]}"#, "https://a.b/?l=%5B1%2C%22b%22%5D"),
        ("https://a.b/?n={n}", #"{"n":""}"#, "https://a.b/?n="),
        ("https://a.b/{{firm}}/{x}", #"{"x":"1"}"#, "https://a.b/{{firm}}/1"),
        ("https://{{host}}.b/{x}", #"{"x":"1"}"#, "https://{{host}}.b/1"),
        ("https://a.b/{x}{y}", #"{"x":"1","y":"2"}"#, "https://a.b/12"),
    ])
    func putsArgumentsInTheirPlaces(template: String, arguments: String, address: String) throws {
        #expect(try filled(template, arguments) == address)
    }

    @Test(arguments: [
        (#"{}"#, "the argument x is missing"), (#"{"x":null}"#, "the argument x is missing"),
        (#"{"x":".."}"#, #"the argument x cannot be "..""#), (#"{"x":"."}"#, #"the argument x cannot be ".""#),
        (#"{"x":""}"#, #"the argument x cannot be """#),
    ])
    func refusesWhatWouldBeAnotherPath(arguments: String, why: String) {
        let problem = #expect(throws: URLTemplate.Problem.self) { try filled("https://a.b/{x}/c", arguments) }
        #expect(problem?.description == why)
    }

    @Test(arguments: [
        ("https://{x}/c", "{x} in front of the path"), ("https://a.{x}/c", "{x} in front of the path"),
        ("https://a.b:{x}/c", "{x} in front of the path"), ("https://a.b/{x", #""{" without "}""#),
        ("https://a.b/x}", #""}" without "{""#), ("https://a.b/{}", #""{}", which names no argument"#),
        ("https://a.b/{a-b}", #""{a-b}", which names no argument"#),
    ])
    func refusesBadTemplates(template: String, why: String) {
        let problem = #expect(throws: URLTemplate.Problem.self) { try URLTemplate(template) }
        #expect(problem?.description == why)
    }

    @Test func tellsItsArguments() throws {
        #expect(try URLTemplate("https://a/{x}/{{v}}?y={y}").names == ["x", "y"])
    }
}
