import Testing

@testable import VoiceEngineCore

@Suite struct TurnTimelineTests {
    typealias Milestone = TurnTimeline.Milestone

    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test func stagesAreTheTimesBetweenNeighbours() {
        var timeline = TurnTimeline()
        for (milestone, time) in zip(Milestone.allCases, [100, 400, 450, 451, 800, 900, 901, 1_100, 1_110] as [Int64]) {
            timeline.mark(milestone, at: at(time))
        }
        #expect(timeline.stages?.map(\.wholeMilliseconds) == [300, 50, 1, 349, 100, 1, 199, 10])
    }

    @Test func onlyTheFirstTimeCounts() {
        var timeline = TurnTimeline()
        timeline.mark(.firstToken, at: at(5))
        timeline.mark(.firstToken, at: at(9))
        #expect(timeline.time(of: .firstToken) == at(5))
    }

    @Test(arguments: [Milestone.lastSpeech, .firstSampleOut]) func nothingIsKnownWithoutBothEnds(missing: Milestone) {
        var timeline = TurnTimeline()
        for milestone in Milestone.allCases where milestone != missing { timeline.mark(milestone, at: at(1)) }
        #expect(timeline.stages == nil)
    }

    @Test func aSkippedMilestoneTakesNoTime() {
        var timeline = TurnTimeline()
        timeline.mark(.lastSpeech, at: at(0))
        timeline.mark(.committed, at: at(300))
        timeline.mark(.firstSampleOut, at: at(1_000))
        #expect(timeline.stages?.map(\.wholeMilliseconds) == [0, 300, 0, 0, 0, 0, 0, 700])
    }

    @Test func aMilestoneReachedEarlyTakesNoTime() {
        var timeline = TurnTimeline()
        timeline.mark(.lastSpeech, at: at(0))
        timeline.mark(.requested, at: at(200))
        timeline.mark(.committed, at: at(300))
        timeline.mark(.firstSampleOut, at: at(400))
        #expect(timeline.stages?.map(\.wholeMilliseconds) == [0, 300, 0, 0, 0, 0, 0, 100])
    }

    @Test func stagesAddUpWhateverWasReachedWhen() {
        for seed in UInt64(0)..<2_000 {
            var random = SeededRandom(seed: seed)
            var timeline = TurnTimeline()
            for milestone in Milestone.allCases where Int.random(in: 0..<4, using: &random) > 0 {
                timeline.mark(milestone, at: at(.random(in: 0...1_000, using: &random)))
            }
            guard let begin = timeline.time(of: .lastSpeech), let finish = timeline.time(of: .firstSampleOut) else {
                #expect(timeline.stages == nil, "seed \(seed)")
                continue
            }
            let stages = timeline.stages ?? []
            #expect(stages.count == 8, "seed \(seed)")
            #expect(stages.allSatisfy { $0 >= .zero }, "seed \(seed)")
            #expect(stages.reduce(.zero, +) == max(finish - begin, .zero), "seed \(seed)")
        }
    }
}
