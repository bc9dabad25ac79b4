import Testing

@testable import VoiceEngineCore

@Suite struct FlowStateMachineTests {
    private static let intake = FlowNode(
        name: "intake",
        transitions: [
            .init(to: "booking", .condition("wants to book")), .init(to: "bye", .condition("is done")),
            .init(to: "desk", .condition("wants a person")),
        ])
    private static let booking = FlowNode(
        name: "booking", tools: ["book"],
        transitions: [
            .init(to: "bye", .tool("book")), .init(to: "intake", .condition("wants something else")),
            .init(to: "bye", .condition("is done")),
        ])
    private static let bye = FlowNode(name: "bye", say: "Goodbye!", ending: .hangUp)
    private static let desk = FlowNode(name: "desk", ending: .transfer(to: "+1"))

    private func machine() throws -> FlowStateMachine {
        let plan = FlowPlan(start: "intake", nodes: [Self.intake, Self.booking, Self.bye, Self.desk])
        return try #require(FlowStateMachine(plan))
    }

    @Test func beginsAtTheStart() throws {
        let machine = try machine()
        #expect(machine.node == Self.intake)
        #expect(machine.choices.map(\.function) == ["go_to_booking", "go_to_bye", "go_to_desk"])
        #expect(machine.choices.map(\.condition) == ["wants to book", "is done", "wants a person"])
        #expect(FlowStateMachine(FlowPlan(start: "nowhere", nodes: [Self.intake])) == nil)
    }

    @Test func theModelChoosesAWay() throws {
        var machine = try machine()
        #expect(machine.answered([("look_up", true)]) == .stay)
        #expect(machine.answered([("go_to_nowhere", true)]) == .stay)
        #expect(machine.answered([]) == .stay)
        #expect(machine.answered([("look_up", true), ("go_to_booking", true)]) == .enter(Self.booking))
        #expect(machine.node == Self.booking)
        #expect(machine.choices.map(\.function) == ["go_to_intake", "go_to_bye"], "a tool's way is not offered")
        machine.replyEnded()
        #expect(machine.node == Self.booking, "where the call is, it stays")
    }

    @Test func aToolThatSucceedsLeadsOn() throws {
        var machine = try machine()
        _ = machine.answered([("go_to_booking", true)])
        #expect(machine.answered([("book", false)]) == .stay, "it failed: the model tells")
        #expect(machine.answered([("book", true), ("go_to_intake", true)]) == .enter(Self.bye), "the first way counts")
    }

    @Test(arguments: [("go_to_bye", bye), ("go_to_desk", desk)])
    func aNodeThatEndsTheCallIsLeftWhenItWasNotHeardOut(function: String, node: FlowNode) throws {
        var machine = try machine()
        #expect(machine.answered([(function, true)]) == .enter(node))
        #expect(machine.node == node && machine.choices.isEmpty)
        #expect(machine.answered([("go_to_booking", true)]) == .stay, "nothing leads out of it")
        machine.replyEnded()
        #expect(machine.node == Self.intake)
    }

    @Test func circlesAreBrokenAndOpenAgainWithTheNextReply() throws {
        var machine = try machine()
        for hop in 0..<FlowStateMachine.mostHops {
            #expect(!machine.choices.isEmpty)
            let function = hop.isMultiple(of: 2) ? "go_to_booking" : "go_to_intake"
            #expect(machine.answered([(function, true)]) != .stay)
        }
        #expect(machine.choices.isEmpty, "the model must speak")
        let node = machine.node
        #expect(machine.answered([("go_to_intake", true), ("go_to_booking", true), ("book", true)]) == .stay)
        machine.replyEnded()
        #expect(machine.node == node && !machine.choices.isEmpty)
    }
}
