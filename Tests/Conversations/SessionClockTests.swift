import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore

@testable import VoiceEngineSession

@Suite struct SessionClockTests {
    private final class Call: Ticking {
        var ticks: [Int64] = []
        var ticked: () -> Void = {}
        var seat = SessionClock.Seat()
        /// After each tick.
        var rest = Nanoseconds.zero

        func tick(at now: Instant) -> Instant {
            ticks.append((now - .zero).wholeMilliseconds)
            ticked()
            return now + rest
        }
    }

    @Test func ticksAllItsCallsEveryTenMilliseconds() {
        let loop = EmbeddedEventLoop()
        let clock = SessionClock(eventLoop: loop)
        let (early, late) = (Call(), Call())
        clock.add(early)
        loop.advanceTime(by: .milliseconds(25))
        clock.add(late)
        loop.advanceTime(by: .milliseconds(25))
        #expect(early.ticks == [10, 20, 30, 40, 50])
        #expect(late.ticks == [30, 40, 50], "on the grid of the loop, not on one of its own")
    }

    @Test func stopsWithItsLastCallAndBeginsAgain() {
        let loop = EmbeddedEventLoop()
        let clock = SessionClock(eventLoop: loop)
        let call = Call()
        clock.add(call)
        loop.advanceTime(by: .milliseconds(10))
        clock.remove(call)
        clock.remove(call)
        loop.advanceTime(by: .seconds(1))
        #expect(call.ticks == [10])
        #expect(clock.count == 0)
        clock.add(call)
        loop.advanceTime(by: .milliseconds(10))
        #expect(call.ticks == [10, 1_020])
    }

    @Test func aCallMayLeaveOrReturnInsideItsTick() {
        let loop = EmbeddedEventLoop()
        let clock = SessionClock(eventLoop: loop)
        let call = Call()
        call.ticked = {
            clock.remove(call)
            if call.ticks.count < 3 { clock.add(call) }
        }
        clock.add(call)
        loop.advanceTime(by: .seconds(1))
        #expect(call.ticks == [10, 20, 30])
        #expect(clock.count == 0)
        call.ticked = {}
    }

    @Test func whoRestsIsTickedWhenDueOrWoken() {
        let loop = EmbeddedEventLoop()
        let clock = SessionClock(eventLoop: loop)
        let (busy, restful, waker) = (Call(), Call(), Call())
        restful.rest = .milliseconds(35)
        clock.add(restful)
        clock.add(busy)
        loop.advanceTime(by: .milliseconds(60))
        #expect(busy.ticks == [10, 20, 30, 40, 50, 60])
        #expect(restful.ticks == [10, 50], "the first tick that is not too early")
        clock.wake(restful)
        clock.wake(waker)
        loop.advanceTime(by: .milliseconds(50))
        #expect(restful.ticks == [10, 50, 70, 110])
        #expect(waker.ticks.isEmpty, "it does not sit here")
    }

    @Test func whoLeavesTakesNobodysPlace() {
        let loop = EmbeddedEventLoop()
        let clock = SessionClock(eventLoop: loop)
        let calls = (0..<4).map { _ in Call() }
        for call in calls { clock.add(call) }
        calls[1].ticked = { clock.remove(calls[0]) }
        calls[2].ticked = { if calls[2].ticks.count == 2 { clock.remove(calls[2]) } }
        loop.advanceTime(by: .milliseconds(30))
        #expect(calls.map(\.ticks.count) == [0, 3, 2, 3])
        #expect(clock.count == 2)
        clock.wake(calls[2])
        clock.remove(calls[2])
        clock.remove(calls[1])
        clock.remove(calls[3])
        #expect(clock.count == 0)
        for call in calls { call.ticked = {} }
    }

    // MARK: - Timers

    /// Timers of a clock that write down when they fired.
    private final class Alarms {
        let loop = EmbeddedEventLoop()
        let clock: SessionClock
        private(set) var fired: [String] = []
        private let call = Call()

        /// - Parameter ticks: Somebody sits at the clock.
        init(ticks: Bool) {
            clock = SessionClock(eventLoop: loop)
            if ticks { clock.add(call) }
        }

        func timer(_ name: String, _ then: @escaping () -> Void = {}) -> ClockTimer {
            ClockTimer(clock) { [unowned self] now in
                fired.append("\(name) \((now - .zero).wholeMilliseconds)")
                then()
            }
        }
    }

    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test(arguments: [true, false]) func anArmedTimerReplacesItsEarlierDeadline(ticks: Bool) {
        let alarms = Alarms(ticks: ticks)
        let timer = alarms.timer("a")
        timer.arm(until: at(50))
        timer.arm(until: at(23))
        alarms.loop.advanceTime(by: .milliseconds(100))
        #expect(alarms.fired == ["a 23"], "at its own time, not a tick's")
        timer.arm(until: at(200))
        timer.arm(until: at(300))
        alarms.loop.advanceTime(by: .milliseconds(150))
        #expect(alarms.fired == ["a 23"])
        timer.cancel()
        timer.cancel()
        alarms.loop.advanceTime(by: .seconds(1))
        #expect(alarms.fired == ["a 23"])
    }

    @Test(arguments: [true, false]) func timersFireInTheOrderOfTheirDeadlines(ticks: Bool) {
        let alarms = Alarms(ticks: ticks)
        let timers = (0..<6).map { alarms.timer("\($0)") }
        for (timer, due) in zip(timers, [31, 12, 30, 12, 40, 18] as [Int64]) { timer.arm(until: at(due)) }
        timers[4].cancel()
        alarms.loop.advanceTime(by: .milliseconds(100))
        #expect(alarms.fired == ["1 12", "3 12", "5 18", "2 30", "0 31"])
        timers[4].arm(until: at(20))
        alarms.loop.advanceTime(by: .milliseconds(10))
        #expect(alarms.fired.count == 6, "what is due already fires at once")
    }

    /// Without ticks the latest one may be long ago: nobody is called at once again and again.
    @Test(arguments: [true, false]) func throughTicksATimerFiresWithATickOrAfterAllOfItsTime(ticks: Bool) {
        let alarms = Alarms(ticks: ticks)
        alarms.loop.advanceTime(by: .milliseconds(33))
        var timer: ClockTimer?
        timer = alarms.timer("a") { timer?.arm(throughTicks: .milliseconds(25)) }
        timer?.arm(throughTicks: .milliseconds(25))
        alarms.loop.advanceTime(by: .milliseconds(67))
        #expect(alarms.fired == (ticks ? ["a 60", "a 90"] : ["a 63", "a 93"]))
        timer = nil
    }

    @Test func timersMayBeArmedAndCancelledByOthers() {
        let alarms = Alarms(ticks: true)
        let victim = alarms.timer("victim")
        var follower: ClockTimer?
        let first = alarms.timer("first") {
            victim.cancel()
            follower?.arm(until: at(10))
        }
        follower = alarms.timer("follower") {
            if alarms.fired.count < 4 { follower?.arm(until: at(10)) }
        }
        first.arm(until: at(10))
        victim.arm(until: at(10))
        alarms.loop.advanceTime(by: .milliseconds(30))
        #expect(alarms.fired == ["first 10", "follower 10", "follower 10", "follower 10"])
        follower = nil
    }

    /// Against the obvious: every timer remembers its own deadline.
    @Test(arguments: 0..<20) func anyTimersFireWhenTheyAreDue(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alarms = Alarms(ticks: seed % 2 == 0)
        let timers = (0..<12).map { alarms.timer("\($0)") }
        var due: [Int: Int64] = [:]
        var expected: Set<String> = []
        var now: Int64 = 0
        for _ in 0..<400 {
            let index = Int.random(in: 0..<12, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                timers[index].cancel()
                due[index] = nil
            case 1, 2:
                let deadline = now + Int64.random(in: 1...60, using: &random)
                timers[index].arm(until: at(deadline))
                due[index] = deadline
            default:
                let step = Int64.random(in: 0...25, using: &random)
                alarms.loop.advanceTime(by: .milliseconds(step))
                now += step
                for (index, deadline) in due where deadline <= now {
                    expected.insert("\(index) \(deadline)")
                    due[index] = nil
                }
                #expect(Set(alarms.fired) == expected)
            }
        }
        let times = alarms.fired.compactMap { Int64($0.split(separator: " ")[1]) }
        #expect(times == times.sorted())
    }
}
