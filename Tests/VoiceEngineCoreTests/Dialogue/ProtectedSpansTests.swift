import Testing

@testable import VoiceEngineCore

@Suite struct ProtectedSpansTests {
    @Test(arguments: [
        ("This call is recorded.", true), ("Hello. This CALL is, recorded for training", true),
        ("Is this call recorded?", false), ("It costs", false), ("It costs five", true),
        ("It costs five euros a month.", true),
        ("You can cancel at any time.", true), ("You can", false), ("", false), ("…", false),
    ]) func covers(segment: String, isCovered: Bool) {
        let texts = ProtectedTexts([
            "call is recorded", "It costs five euros a month. You can cancel at any time.", "!",
        ])
        #expect(texts.cover(segment) == isCovered)
    }

    @Test func nothingIsCoveredByNothing() {
        #expect(ProtectedTexts().isEmpty && ProtectedTexts(["", "…"]).isEmpty)
        #expect(!ProtectedTexts().cover("hello"))
    }

    /// Segments of 100 samples each: free, protected, free.
    private func spans(audio: [Int] = [100, 100, 100], complete: Int = 2) -> ProtectedSpans {
        var spans = ProtectedSpans()
        for (index, samples) in audio.enumerated() {
            spans.append(segment: index, isProtected: index == 1)
            spans.append(samples: samples, to: index)
        }
        spans.complete(through: complete)
        return spans
    }

    @Test func placesAreKnownBySamples() {
        let spans = spans()
        #expect(!spans.isEmpty)
        #expect(
            [0, 99, 100, 199, 200, 299, 300, 999].map(spans.isProtected) == [
                false, false, true, true, false, false, false, false,
            ])
    }

    @Test func whatFollowsCountsBeforeItsAudioIsThere() {
        #expect(spans(audio: [100, 0], complete: 0).isProtected(at: 100))
        #expect(!spans(audio: [100, 0], complete: 0).isProtected(at: 99))
        #expect(spans(audio: [100, 50], complete: 0).isProtected(at: 150), "more may come")
        #expect(!spans(audio: [100, 50], complete: 1).isProtected(at: 150))
        #expect(!ProtectedSpans().isProtected(at: 0))
    }

    @Test func theEndIsToldOnce() {
        var spans = spans()
        #expect(
            [0, 50, 120, 180, 200, 220, 300].map { spans.advance(to: $0) } == [
                false, false, false, false, true, false, false,
            ])
    }

    @Test func aVoiceThatBreaksOffMovesTheEnd() {
        var spans = spans(audio: [100, 100], complete: 0)
        spans.truncate(to: 130)
        #expect(spans.isProtected(at: 130))
        spans.append(samples: 40, to: 1)
        spans.complete(through: 1)
        #expect(spans.isProtected(at: 169))
        #expect(!spans.isProtected(at: 170))
    }

    @Test func audioOfUnknownSegmentsIsTheirPredecessors() {
        var spans = ProtectedSpans()
        spans.append(samples: 10, to: 0)
        #expect(spans.isEmpty)
        spans.append(segment: 0, isProtected: true)
        spans.append(samples: 10, to: 5)
        spans.complete(through: 5)
        #expect(spans.isProtected(at: 9) && !spans.isProtected(at: 10))
    }
}
