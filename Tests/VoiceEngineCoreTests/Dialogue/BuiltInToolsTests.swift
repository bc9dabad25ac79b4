import Testing

@testable import VoiceEngineCore

@Suite struct BuiltInToolsTests {
    private static let all = BuiltInTools(
        BuiltInTools.Tool.allCases,
        targets: [.init(name: "front desk", address: "+1"), .init(name: "doctor", address: "sip:d@x")])

    private func request(_ name: String, _ arguments: String, of tools: BuiltInTools = all) -> BuiltInTools.Request? {
        tools.request(of: ToolCall(id: "a", name: name, arguments: arguments))
    }

    @Test(
        arguments: [
            ("end_call", "{}", .endCall(goodbye: "")), ("end_call", #"{"goodbye":"Bye!"}"#, .endCall(goodbye: "Bye!")),
            ("end_call", "not JSON", .endCall(goodbye: "")), ("hang_up", "{}", .endCall(goodbye: "")),
            ("transfer", #"{"to":"doctor"}"#, .transfer(to: "sip:d@x")),
            ("transfer", #"{"to":"+1"}"#, .transfer(to: "+1")),
            (
                "transfer", #"{"to":"+49900"}"#,
                .refused(#"{"error":"nobody of this name","known":["front desk","doctor"]}"#)
            ),
            ("transfer", "{}", .refused(#"{"error":"the argument to is missing"}"#)),
            ("send_dtmf", #"{"digits":"1 2-3#*a"}"#, .sendDigits("123#*A")),
            ("send_dtmf", #"{"digits":42}"#, .sendDigits("42")),
            ("send_dtmf", #"{"digits":"x"}"#, .refused(#"{"error":"digits are 1 to 64 of 0 to 9, *, # and A to D"}"#)),
            ("send_dtmf", #"{"digits":""}"#, .refused(#"{"error":"digits are 1 to 64 of 0 to 9, *, # and A to D"}"#)),
            ("book", "{}", nil),
        ] as [(String, String, BuiltInTools.Request?)])
    func knowsItsOwnCalls(name: String, arguments: String, expected: BuiltInTools.Request?) {
        #expect(request(name, arguments) == expected)
    }

    @Test func whatIsNotOfferedIsTheHosts() {
        let none = BuiltInTools()
        #expect(request("end_call", "{}", of: none) == nil && request("send_dtmf", #"{"digits":"1"}"#, of: none) == nil)
        #expect(
            request("hang_up", "{}", of: none) == .endCall(goodbye: ""), "a local model's flow ends calls by itself")
        #expect(request("transfer", #"{"to":"+1"}"#, of: none) == nil, "nobody offered it")
        var flow = none
        flow.flowTargets = ["+1"]
        #expect(request("transfer", #"{"to":"+1"}"#, of: flow) == .transfer(to: "+1"))
        #expect(request("transfer", #"{"to":"+49900"}"#, of: flow) == nil, "the caller's own idea")
    }

    @Test func theModelSeesNamesAndNoNumbers() {
        let schema = Self.all.parameters(of: .transfer)
        #expect(schema["properties"]?["to"]?["enum"] == ["front desk", "doctor"])
        #expect(!schema.text.contains("+1"))
        for tool in BuiltInTools.Tool.allCases {
            #expect(Self.all.parameters(of: tool)["type"] == "object" && !BuiltInTools.description(of: tool).isEmpty)
        }
    }
}
