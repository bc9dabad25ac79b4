import Testing
internal import VoiceEngineCore
@testable internal import VoiceEngineProviders

@Suite struct VoiceContextStateMachineTests {
    private func machine(
        maximum: Int = 4, isSingle: Bool = false, speaksSegments: Bool = true, marks: Bool = false
    ) -> VoiceContextStateMachine {
        VoiceContextStateMachine(
            .init(
                maximumContexts: maximum, isSingle: isSingle, speaksSegments: speaksSegments, marksSegments: marks,
                sampleRate: 1_000))
    }

    @Test func textWaitsForTheSocket() {
        var voice = machine()
        #expect(voice.speak("a", segment(1, 0)) == [] && voice.finish(turn(1)) == [] && voice.hasWaiting)
        #expect(voice.socketOpened() == [.open(1), .text(1, "a"), .end(1)])
        #expect(!voice.hasWaiting && voice.isAwaitingAudio && voice.isBusy && voice.openContexts.isEmpty)
        #expect(voice.final(1).reports == [.completed(segment(1, 0))])
        #expect(!voice.isBusy && !voice.isAwaitingAudio)
    }

    @Test func whatMakesNoSenseIsIgnored() {
        var voice = machine()
        _ = voice.socketOpened()
        #expect(voice.finish(turn(1)) == [] && voice.cancel(turn(0)) == [] && voice.contextFailed(7) == nil)
        #expect(voice.audio(samples: 3, of: 7) == [] && voice.final(7).reports == [] && !voice.isLive(7))
        voice.marked(7)
        voice.skipped(samples: 1, of: 7)
        #expect(voice.timed([TimedText(text: "a", start: 0, end: 1)], isRelative: false, of: 7) == [])
        #expect(voice.cancel(turn(3)) == [] && voice.speak("a", segment(3, 0)) == [] && voice.finish(turn(2)) == [])
        #expect(voice.socketLost(mayRepeat: true, dropWaiting: true) == nil)
    }

    @Test func aSegmentWithoutAWordIsCompleteWithTheOthers() {
        var voice = machine(marks: true)
        _ = voice.socketOpened()
        #expect(voice.speak("…", segment(1, 0)) == [.open(1)] && !voice.isAwaitingAudio)
        #expect(voice.speak("a", segment(1, 1)) == [.text(1, "a")] && voice.isAwaitingAudio)
        #expect(voice.audio(samples: 2, of: 1) == [.audio(segment(1, 0), samples: 2)])
        voice.marked(1)
        #expect(!voice.isAwaitingAudio)
        #expect(voice.speak("–", segment(1, 2)) == [] && !voice.isAwaitingAudio)
        _ = voice.finish(turn(1))
        #expect(
            voice.final(1).reports == [.completed(segment(1, 0)), .completed(segment(1, 1)), .completed(segment(1, 2))])
    }

    @Test func cancelledContextsThatDoNotEndTakeTheSocketWithThem() {
        var voice = machine(maximum: 2)
        _ = voice.socketOpened()
        _ = voice.speak("a", segment(1, 0))
        _ = voice.finish(turn(1))
        #expect(voice.speak("b", segment(2, 0)) == [.open(2), .text(2, "b")])
        // Two live ones: the third waits for an end.
        #expect(voice.speak("c", segment(3, 0)) == [] && voice.hasWaiting)
        #expect(voice.final(1).output == [.open(3), .text(3, "c")])
        #expect(voice.cancel(turn(3)) == [.cancel(2), .cancel(3)])
        #expect(voice.speak("d", segment(4, 0)) == [.replaceSocket])
        #expect(voice.socketOpened() == [.open(4), .text(4, "d")])
    }

    @Test func aSingleContextTakesItsSocketWithIt() {
        var voice = machine(maximum: 1, isSingle: true)
        _ = voice.socketOpened()
        _ = voice.speak("a", segment(1, 0))
        #expect(voice.onlyContext == 1 && voice.cancel(turn(1)) == [.replaceSocket] && voice.onlyContext == nil)
        _ = voice.socketOpened()
        _ = voice.speak("b", segment(2, 0))
        _ = voice.finish(turn(2))
        #expect(voice.speak("c", segment(3, 0)) == [])
        let end = voice.final(2)
        #expect(end.reports == [.completed(segment(2, 0))] && end.output == [.replaceSocket])
        #expect(voice.socketOpened() == [.open(3), .text(3, "c")])
    }

    @Test func whatWaitsOutlivesALostSocketAndWhatWasHeardDoesNot() {
        var voice = machine()
        _ = voice.socketOpened()
        _ = voice.speak("a", segment(1, 0))
        _ = voice.audio(samples: 1, of: 1)
        #expect(voice.socketLost(mayRepeat: true, dropWaiting: false) == turn(1))
        #expect(voice.speak("more", segment(1, 1)) == [] && !voice.hasWaiting)
        _ = voice.speak("b", segment(2, 0))
        #expect(voice.socketLost(mayRepeat: true, dropWaiting: false) == nil && voice.hasWaiting)
        #expect(voice.socketOpened() == [.open(2), .text(2, "b")])
        #expect(voice.socketLost(mayRepeat: true, dropWaiting: false) == nil && voice.hasWaiting)
        _ = voice.socketOpened()
        #expect(voice.socketLost(mayRepeat: true, dropWaiting: false) == turn(2) && !voice.hasWaiting)
        _ = voice.speak("c", segment(3, 0))
        #expect(voice.socketLost(mayRepeat: true, dropWaiting: true) == turn(3) && !voice.hasWaiting)
    }

    /// Whatever comes in whatever order: nothing of a dead turn is said or reported, samples are neither lost nor
    /// made, segments are completed in order and once.
    @Test func anyOrderOfEventsKeepsThePromises() {
        for seed in 0..<400 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var voice = machine(maximum: 3, isSingle: seed % 4 == 0, marks: seed % 2 == 0)
            var (number, index) = (UInt64(1), 0)
            var live: Set<Int> = []
            var completed: [TurnID: SegmentID] = [:]
            func isNew(_ id: SegmentID) -> Bool { completed[id.turn].map { $0 < id } ?? true }
            var dead = TurnID.none
            func perform(_ output: [VoiceContextStateMachine.Output]) {
                for action in output {
                    switch action {
                    case .open(let id): live.insert(id)
                    case .text(let id, _), .end(let id): #expect(voice.isLive(id), "seed \(seed)")
                    case .cancel(let id): #expect(!voice.isLive(id), "seed \(seed)")
                    case .replaceSocket: live = []
                    }
                }
                #expect(live.count <= 3, "seed \(seed)")
            }
            func check(_ reports: [VoiceContextStateMachine.Report]) -> Int {
                var samples = 0
                for report in reports {
                    switch report {
                    case .audio(let id, let count):
                        #expect(id.turn > dead && isNew(id), "seed \(seed)")
                        samples += count
                    case .words(let id, let ends):
                        #expect(id.turn > dead && zip(ends, ends.dropFirst()).allSatisfy { $0 <= $1 }, "seed \(seed)")
                    case .completed(let id):
                        #expect(isNew(id) && id.turn > dead, "seed \(seed)")
                        completed[id.turn] = id
                    }
                }
                return samples
            }
            for _ in 0..<80 {
                let context = live.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<12, using: &random) {
                case 0, 1, 2:
                    perform(
                        voice.speak(
                            ["one two", "…", "six"][Int.random(in: 0..<3, using: &random)], segment(number, index)))
                    index += 1
                case 3:
                    perform(voice.finish(turn(number)))
                    (number, index) = (number + 1, 0)
                case 4:
                    perform(voice.cancel(turn(number)))
                    dead = voice.dead
                    (number, index) = (number + 1, 0)
                case 5, 6: perform(voice.socketOpened())
                case 7, 8:
                    let isLive = voice.isLive(context)
                    let words = ["one", "two", "six", "?"].map { TimedText(text: $0, start: 3, end: 5) }
                    _ = check(
                        voice.timed([words[Int.random(in: 0..<4, using: &random)]], isRelative: true, of: context))
                    let count = Int.random(in: 0..<9, using: &random)
                    let played = check(voice.audio(samples: count, of: context))
                    #expect(played == (isLive ? count : 0), "seed \(seed)")
                case 9: voice.marked(context)
                case 10:
                    let (reports, output, lost) = voice.final(context)
                    live.remove(context)
                    _ = check(reports)
                    if let lost {
                        dead = max(dead, lost)
                        if lost.number >= number { (number, index) = (lost.number + 1, 0) }
                    }
                    perform(output)
                default:
                    live = []
                    let lost = voice.socketLost(
                        mayRepeat: Bool.random(using: &random), dropWaiting: Int.random(in: 0..<4, using: &random) == 0)
                    if let lost {
                        dead = max(dead, lost)
                        if lost.number >= number { (number, index) = (lost.number + 1, 0) }
                    }
                }
            }
            perform(voice.cancel(turn(number)))
            #expect(!voice.isBusy && !voice.hasWaiting && !voice.isAwaitingAudio, "seed \(seed)")
        }
    }
}
