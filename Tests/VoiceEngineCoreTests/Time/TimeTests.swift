import Testing

import VoiceEngineCore

@Suite struct TimeTests {
    @Test func helpersAgree() {
        #expect(Nanoseconds.milliseconds(20) == .microseconds(20_000))
        #expect(Nanoseconds.seconds(1) == .milliseconds(1_000))
        #expect(Nanoseconds.milliseconds(-3).wholeMilliseconds == -3)
        #expect(Nanoseconds(1_500_000).milliseconds == 1.5)
        #expect(Instant.zero + .milliseconds(20) - .milliseconds(5) - .zero == Instant(nanoseconds: 15_000_000))
        #expect(Instant(nanoseconds: 5) - Instant(nanoseconds: 7) == Nanoseconds(-2))
    }

    @Test func arithmeticClampsInsteadOfTrapping() {
        #expect(Nanoseconds.seconds(.max).rawValue == .max)
        #expect(Nanoseconds.milliseconds(.min).rawValue == .min)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect((Instant(nanoseconds: .min) - Instant(nanoseconds: 1)).rawValue == .min)
        #expect((Instant(nanoseconds: .max) - Instant(nanoseconds: -1)).rawValue == .max)
        #expect((Nanoseconds(.min) * -1).rawValue == .max)
    }

    @Test(arguments: [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
    func samplesSurviveTheTripThroughTime(_ rate: Int) {
        let clock = SampleClock(sampleRate: rate, origin: Instant(nanoseconds: 987_654_321))
        for sample in (-1_000...1_000).map(Int64.init) + [Int64(rate) * 3_600, Int64(rate) * 86_400 + 17] {
            #expect(clock.sample(at: clock.instant(ofSample: sample)) == sample)
            #expect(clock.sample(at: clock.instant(ofSample: sample) - Nanoseconds(1)) == sample - 1)
        }
    }

    @Test func anHourEndsOnTheNanosecond() {
        let clock = SampleClock(sampleRate: 44_100)
        #expect(clock.duration(ofSamples: 44_100 * 3_600) == .seconds(3_600))
        #expect(clock.samples(in: .seconds(3_600)) == 44_100 * 3_600)
        #expect(SampleClock(sampleRate: 8_000).duration(ofSamples: 160) == .milliseconds(20))
        #expect(SampleClock(sampleRate: 0).sampleRate == 1)
    }
}
