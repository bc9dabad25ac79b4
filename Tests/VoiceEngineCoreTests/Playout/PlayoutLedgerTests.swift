import Testing

@testable import VoiceEngineCore

@Suite struct PlayoutLedgerTests {
    @Test func translatesTheCarriersCountIntoTheReplies() {
        var ledger = PlayoutLedger()
        ledger.handedSilence(count: 100)
        ledger.handedReply(from: 0, count: 160)
        ledger.handedSilence(count: 40)
        ledger.handedReply(from: 160, count: 160)
        #expect(ledger.handed == 460)
        for (carrier, reply, isDrained) in [
            (0, 0, false), (100, 0, false), (101, 1, false), (260, 160, false), (280, 160, false), (300, 160, false),
            (301, 161, false), (460, 320, true), (9_999, 320, true),
        ] as [(Int64, Int64, Bool)] {
            ledger.advance(carrierHeard: carrier)
            #expect(ledger.heard == reply, "carrier at \(carrier)")
            #expect(ledger.isDrained == isDrained, "carrier at \(carrier)")
        }
    }

    @Test func aCarrierThatCountsBackChangesNothing() {
        var ledger = PlayoutLedger()
        ledger.handedReply(from: 0, count: 160)
        ledger.advance(carrierHeard: 100)
        ledger.advance(carrierHeard: 50)
        ledger.advance(carrierHeard: -1)
        #expect(ledger.heard == 100)
    }

    @Test func nothingHandedIsNothing() {
        var ledger = PlayoutLedger()
        ledger.handedReply(from: 5, count: 0)
        ledger.handedReply(from: 5, count: -1)
        #expect(ledger.isDrained)
        #expect(ledger.handed == 0)
    }

    @Test func aCutEndsWhereTheCallerStoppedHearing() {
        var ledger = PlayoutLedger()
        ledger.handedReply(from: 0, count: 480)
        ledger.cut(carrierHeard: 200)
        #expect(ledger.heard == 200)
        #expect(ledger.isDrained)
        ledger.handedSilence(count: 160)
        ledger.handedReply(from: 200, count: 160)
        ledger.advance(carrierHeard: 640)
        #expect(ledger.heard == 200, "the tail of the cut is played again and counts then")
        ledger.advance(carrierHeard: 650)
        #expect(ledger.heard == 210)
    }

    @Test func aCutMayTurnOutToHaveBeenLater() {
        var ledger = PlayoutLedger()
        ledger.handedReply(from: 0, count: 480)
        ledger.cut(carrierHeard: 200)
        ledger.settleCut(carrierHeard: 264)
        #expect(ledger.heard == 264)
        ledger.settleCut(carrierHeard: 480)
        #expect(ledger.heard == 264, "a cut is settled once")
    }

    @Test func aCutThatIsFinalIsNotSettledByTheNext() {
        var ledger = PlayoutLedger()
        ledger.handedReply(from: 0, count: 480)
        ledger.cut(carrierHeard: 200)
        ledger.keepCut()
        ledger.handedSilence(count: 160)
        ledger.cut(carrierHeard: 500)
        ledger.settleCut(carrierHeard: 640)
        #expect(ledger.heard == 200)
    }

    @Test func aSecondCutBeforeTheFirstIsSettledKeepsIt() {
        var ledger = PlayoutLedger()
        ledger.handedReply(from: 0, count: 480)
        ledger.cut(carrierHeard: 200)
        ledger.cut(carrierHeard: 200)
        ledger.settleCut(carrierHeard: 264)
        #expect(ledger.heard == 264)
    }

    /// A model that remembers every sample: which reply sample stands at which place of the carrier's stream.
    @Test func positionsAreExactInAnyOrderOfEvents() {
        for seed in UInt64(0)..<300 {
            var random = SeededRandom(seed: seed)
            var ledger = PlayoutLedger()
            /// Reply sample of each carrier sample, nil for silence and for what was cut.
            var stream: [Int64?] = []
            var carrierHeard = 0
            var next: Int64 = 0
            var expected: Int64 = 0
            for _ in 0..<200 {
                let before = ledger.heard
                switch Int.random(in: 0..<8, using: &random) {
                case 0...2:
                    let count = Int.random(in: 1...200, using: &random)
                    ledger.handedReply(from: next, count: count)
                    for offset in 0..<count { stream.append(next + Int64(offset)) }
                    next += Int64(count)
                case 3:
                    let count = Int.random(in: 0...100, using: &random)
                    ledger.handedSilence(count: count)
                    stream += Array(repeating: nil, count: count)
                case 4, 5:
                    let reached = Int.random(in: carrierHeard...stream.count, using: &random)
                    ledger.advance(carrierHeard: Int64(reached))
                    for place in carrierHeard..<reached { if let sample = stream[place] { expected = sample + 1 } }
                    carrierHeard = reached
                default:
                    // A cut at a first guess, settled where the reader really was; then either goes on there or is
                    // dropped.
                    let guess = Int.random(in: carrierHeard...stream.count, using: &random)
                    ledger.cut(carrierHeard: Int64(guess))
                    let settled = Int.random(in: guess...stream.count, using: &random)
                    if Bool.random(using: &random) {
                        ledger.cut(carrierHeard: Int64(guess))
                    }
                    let stop: Int
                    if Bool.random(using: &random) {
                        ledger.settleCut(carrierHeard: Int64(settled))
                        stop = settled
                    } else {
                        ledger.keepCut()
                        stop = guess
                    }
                    for place in carrierHeard..<stop { if let sample = stream[place] { expected = sample + 1 } }
                    for place in stop..<stream.count { stream[place] = nil }
                    carrierHeard = stop
                    // What was not heard is played again, or never: then the next reply has positions of its own.
                    next = Bool.random(using: &random) ? expected : next
                    #expect(ledger.isDrained, "seed \(seed)")
                }
                #expect(ledger.heard == expected, "seed \(seed)")
                #expect(ledger.heard >= before, "seed \(seed)")
                #expect(ledger.handed == Int64(stream.count), "seed \(seed)")
            }
        }
    }
}
