import Synchronization
import Testing
import VoiceEngineCore

@testable import VoiceEngineCarrier

@Suite struct PlacedCallTests {
    typealias Machine = PlacedCallStateMachine

    /// A clock that a test sets.
    private final class Clock: Sendable {
        private let time = Mutex<Int64>(1_000)
        var now: Int64 { time.withLock { $0 } }
        func pass(_ seconds: Int64) { time.withLock { $0 += seconds } }
    }

    private func calls(most: Int = 8, _ clock: Clock = Clock()) -> PlacedCalls { PlacedCalls(most: most) { clock.now } }

    private var order: CallOrder { CallOrder(to: .number("+1555")) }

    // MARK: The machine

    /// Every state with every event: what it takes to get there, the event, what comes of it.
    @Test(
        arguments: [
            ([], .rings, .moved(.ringing)), ([], .answered, .moved(.answered)), ([], .ended(.busy), .moved(.ended)),
            ([.rings], .rings, .ignored), ([.rings], .answered, .moved(.answered)),
            ([.rings], .ended(.noAnswer), .moved(.ended)),
            ([.answered], .rings, .ignored), ([.answered], .answered, .ignored),
            ([.answered], .ended(.completed), .moved(.ended)),
            ([.ended(.busy)], .rings, .ignored), ([.ended(.busy)], .answered, .ignored),
            ([.ended(.busy)], .ended(.completed), .ignored),
        ] as [([Machine.Event], Machine.Event, Machine.Action)])
    func goesForwardOnly(before: [Machine.Event], event: Machine.Event, action: Machine.Action) {
        var machine = Machine()
        for event in before { _ = machine.take(event) }
        #expect(machine.take(event) == action)
    }

    @Test func endsOnceWhateverComes() {
        var random = SeededRandom(seed: 7)
        let events: [Machine.Event] = [.rings, .answered, .ended(.completed), .ended(.failed("x"))]
        for _ in 0..<1_000 {
            var machine = Machine()
            var ends = 0
            var last = machine.stage
            for _ in 0..<12 {
                guard let event = events.randomElement(using: &random) else { continue }
                if machine.take(event) == .moved(.ended) { ends += 1 }
                #expect(machine.stage >= last)
                last = machine.stage
            }
            #expect(ends <= 1 && (machine.cause != nil) == (ends == 1))
        }
    }

    // MARK: The table

    @Test func keepsTimesAndNames() throws {
        let clock = Clock()
        let table = calls(clock)
        let call = try #require(table.add(order, carrier: .twilio, from: "+1"))
        #expect(call.id.hasPrefix("call_") && call.id.utf8.count == 37)
        table.named(call.id, carrierID: "CA1")
        #expect(table.id(ofCarrierID: "CA1") == call.id)
        clock.pass(5)
        #expect(table.report(.answered, of: call.id) == .moved(.answered))
        clock.pass(7)
        table.report(.ended(.completed), of: call.id)
        table.answered(call.id, by: "human", .person)
        let ended = try #require(table.call(call.id))
        #expect(
            ended.json.text
                == #"{"id":"\#(call.id)","status":"ended","cause":"completed","carrier":"twilio","carrier_id":"CA1","#
                + #""to":"+1555","from":"+1","agent":"","answered_by":"human","created_at":1000,"answered_at":1005,"ended_at":1012}"#
        )
        #expect(table.report(.rings, of: "nobody") == nil)
    }

    @Test func forgetsEndedCallsAfterAnHourAndLostOnesAfterADay() throws {
        let clock = Clock()
        let table = calls(clock)
        let ended = try #require(table.add(order, carrier: .twilio, from: "+1"))
        let lost = try #require(table.add(order, carrier: .telnyx, from: "+1"))
        table.named(ended.id, carrierID: "CA1")
        table.report(.ended(.busy), of: ended.id)
        clock.pass(3_600)
        #expect(table.call(ended.id) != nil)
        clock.pass(1)
        #expect(table.call(ended.id) == nil && table.id(ofCarrierID: "CA1") == nil)
        #expect(table.all.map(\.id) == [lost.id])
        clock.pass(24 * 3_600)
        #expect(table.all.isEmpty)
    }

    @Test func aFullTableForgetsEndedCallsOnly() throws {
        let table = calls(most: 2)
        let first = try #require(table.add(order, carrier: .twilio, from: "+1"))
        let second = try #require(table.add(order, carrier: .twilio, from: "+1"))
        #expect(table.add(order, carrier: .twilio, from: "+1") == nil)
        table.report(.ended(.completed), of: second.id)
        let third = try #require(table.add(order, carrier: .twilio, from: "+1"))
        #expect(table.all.map(\.id) == [third.id, first.id])
    }

    // MARK: Orders

    @Test func readsEveryKey() throws {
        let order = try CallOrder(
            Array(
                """
                {"to":"+1 555 1234","from":"sip:a@b","agent":"x","goal":"sell","variables":{"n":7,"b":true,"t":"text"},
                 "machine_detection":true,"carrier":"telnyx","timeout_s":30}
                """.utf8))
        #expect(order.to == .number("+15551234") && order.from == .sip("sip:a@b") && order.agent == "x")
        #expect(order.goal == "sell" && order.variables == ["n": "7", "b": "true", "t": "text"])
        #expect(order.machineDetection == .detect && order.carrier == .telnyx && order.timeoutSeconds == 30)
        let bare = try CallOrder(
            Array(#"{"to":"+15551234","goal":"","machine_detection":"message_end","from":null}"#.utf8))
        #expect(bare.goal == nil && bare.machineDetection == .messageEnd && bare.from == nil)
    }

    @Test(arguments: [
        ("", ""), ("[]", ""), (#"{"agent":"x"}"#, "to"), (#"{"to":"me"}"#, "to"), (#"{"to":5}"#, "to"),
        (#"{"to":"+1555","from":"x"}"#, "from"), (#"{"to":"+1555","agent":1}"#, "agent"),
        (#"{"to":"+1555","goal":[]}"#, "goal"), (#"{"to":"+1555","variables":[]}"#, "variables"),
        (#"{"to":"+1555","variables":{"a":{}}}"#, "variables.a"),
        (#"{"to":"+1555","variables":{"":"x"}}"#, "variables."),
        (#"{"to":"+1555","machine_detection":"no"}"#, "machine_detection"),
        (#"{"to":"+1555","carrier":"pigeon"}"#, "carrier"), (#"{"to":"+1555","timeout_s":1}"#, "timeout_s"),
        (#"{"to":"+1555","callback":"x"}"#, "callback"), (#"{"to":"+1555","to":"+1556"}"#, ""),
    ])
    func wrongOrdersNameTheKey(body: String, key: String) {
        let error = #expect(throws: CallOrder.Problem.self) { try CallOrder(Array(body.utf8)) }
        #expect(error?.key == key)
    }

    @Test func ordersAreBounded() {
        let long = String(repeating: "x", count: 4_001)
        let many = (0..<65).map { "\"v\($0)\":1" }.joined(separator: ",")
        for body in [
            #"{"to":"+1555","goal":"\#(long)"}"#, #"{"to":"+1555","variables":{\#(many)}}"#,
            #"{"to":"+1555","variables":{"a":"\#(long)"}}"#, #"{"to":"+1555","variables":{"\#(long)":1}}"#,
        ] {
            #expect(throws: CallOrder.Problem.self) { try CallOrder(Array(body.utf8)) }
        }
    }

    @Test func anyBytesAreReadOrRefused() {
        var random = SeededRandom(seed: 11)
        let right = Array(
            #"{"to":"+15551234","agent":"x","goal":"sell","variables":{"a":1},"carrier":"twilio","timeout_s":9}"#.utf8)
        for _ in 0..<5_000 {
            var bytes = right
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            if let order = try? CallOrder(bytes) { #expect(!order.to.address.isEmpty) }
        }
    }
}
