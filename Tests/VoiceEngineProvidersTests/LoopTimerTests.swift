import NIOCore
import NIOEmbedded
import Testing
import VoiceEngineCore
import VoiceEngineProviders

@Suite struct LoopTimerTests {
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
