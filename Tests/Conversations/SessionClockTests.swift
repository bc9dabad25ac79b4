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

        func tick(at now: Instant) {
            ticks.append((now - .zero).wholeMilliseconds)
            ticked()
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
