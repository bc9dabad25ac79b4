import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

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

    @Test func anArmedTimerReplacesItsEarlierDeadline() {
        let loop = EmbeddedEventLoop()
        var fired: [Int64] = []
        let timer = LoopTimer(eventLoop: loop) { fired.append(($0 - .zero).wholeMilliseconds) }
        timer.arm(until: .zero + .milliseconds(50))
        timer.arm(until: .zero + .milliseconds(20))
        loop.advanceTime(by: .milliseconds(100))
        #expect(fired == [20])
        timer.arm(until: .zero + .milliseconds(200))
        timer.cancel()
        loop.advanceTime(by: .seconds(1))
        #expect(fired == [20])
    }
}
