import Foundation
import Testing

import VoiceEngineCore

@Suite struct SignalLevelTests {
    @Test func knowsTheLevelsOfKnownSignals() {
        let sine = (0..<8_000).map { Int16((32_767 * sin(2 * .pi * 440 * Double($0) / 8_000)).rounded()) }
        #expect(abs(SignalLevel.rms(sine.span) - -3.0105) < 0.001)
        #expect(SignalLevel.rms([Int16](repeating: .min, count: 100).span) == 0)
        #expect(SignalLevel.rms([Int16](repeating: 0, count: 100).span) == -120)
        #expect(SignalLevel.rms([Int16]().span) == -120)
    }

    @Test func theLogarithmIsThatOfTheCLibrary() {
        for exponent in stride(from: -30.0, through: 30, by: 0.0137) {
            let value = exp2(exponent)
            #expect(abs(SignalLevel.log2(value) - exponent) < 1e-9)
        }
        #expect(SignalLevel.decibels(power: .nan) == -120)
        #expect(SignalLevel.decibels(power: .infinity) == -120)
        #expect(SignalLevel.decibels(power: -1) == -120)
    }
}

@Suite struct FadeTests {
    private func ramp(rising: Bool, count: Int, of value: Int16) -> [Int16] {
        var samples = [Int16](repeating: value, count: count)
        var span = samples.mutableSpan
        if rising { Fade.in(&span) } else { Fade.out(&span) }
        return samples
    }

    @Test(arguments: [Int16.max, .min, 1_000])
    func fadesAreSmoothAndEndInSilence(_ value: Int16) {
        let out = ramp(rising: false, count: 64, of: value)
        #expect(out.first == value)
        #expect(out.last == 0)
        let steps = zip(out, out.dropFirst()).map { abs(Int($1) - Int($0)) }
        // The steepest step of 3x² - 2x³ is 1.5 / 63 of the whole.
        #expect((steps.max() ?? .max) <= Int(abs(Double(value)) * 1.5 / 63) + 2)
        #expect(zip(out, out.dropFirst()).allSatisfy { abs(Int($1)) <= abs(Int($0)) })
        #expect(ramp(rising: true, count: 64, of: value) == out.reversed())
    }

    @Test func isWithinOnePercentOfARaisedCosine() {
        for (index, sample) in ramp(rising: true, count: 81, of: 30_000).enumerated() {
            let cosine = 15_000 * (1 - cos(.pi * Double(index) / 80))
            #expect(abs(Double(sample) - cosine) < 330)
        }
    }

    @Test func survivesTheShortestSpans() {
        #expect(ramp(rising: true, count: 0, of: 5) == [])
        #expect(ramp(rising: false, count: 1, of: 5) == [0])
        #expect(ramp(rising: false, count: 2, of: 5) == [5, 0])
    }
}
