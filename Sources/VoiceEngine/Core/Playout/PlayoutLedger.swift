internal import DequeModule

/// Which reply samples went out at which place of the carrier's stream.
///
/// A carrier counts everything it was handed, silence included; replies count their own samples. The ledger translates
/// "the carrier has been heard up to here" into "the replies have been heard up to there". It keeps only what is not
/// heard yet.
package struct PlayoutLedger {
    private struct Span {
        var carrier: Int64
        var reply: Int64
        var count: Int64
    }

    private var spans = Deque<Span>()
    /// What was unheard at the last cut, until its place is final; then empty.
    private var cutSpans = Deque<Span>()
    /// Samples handed to the carrier so far.
    package private(set) var handed: Int64 = 0
    /// Reply samples heard so far.
    package private(set) var heard: Int64 = 0

    package init() { spans.reserveCapacity(16) }

    /// Everything of the replies that was handed out has been heard (or cut).
    package var isDrained: Bool { spans.isEmpty }

    /// Reply samples `reply..<reply + count` were handed to the carrier.
    package mutating func handedReply(from reply: Int64, count: Int) {
        guard count > 0 else { return }
        if let last = spans.indices.last, spans[last].carrier + spans[last].count == handed,
            spans[last].reply + spans[last].count == reply
        {
            spans[last].count += Int64(count)
        } else {
            spans.append(Span(carrier: handed, reply: reply, count: Int64(count)))
        }
        handed += Int64(count)
    }

    /// Silence was handed to the carrier, or a tail that will be played again.
    package mutating func handedSilence(count: Int) { handed += Int64(count) }

    /// The carrier has been heard up to this count of handed samples.
    package mutating func advance(carrierHeard: Int64) {
        heard = max(heard, Self.drop(&spans, heardUpTo: carrierHeard))
    }

    /// The carrier dropped everything after this count.
    package mutating func cut(carrierHeard: Int64) {
        advance(carrierHeard: carrierHeard)
        // A second cut before the first is settled finds nothing new.
        guard !spans.isEmpty else { return }
        swap(&cutSpans, &spans)
        spans.removeAll(keepingCapacity: true)
    }

    /// The last cut was where it was taken to be.
    package mutating func keepCut() { cutSpans.removeAll(keepingCapacity: true) }

    /// The last cut turns out to have been here, at or after where it was taken to be.
    package mutating func settleCut(carrierHeard: Int64) {
        heard = max(heard, Self.drop(&cutSpans, heardUpTo: carrierHeard))
        keepCut()
    }

    /// Removes the spans that were heard whole.
    /// - Returns: The reply position heard.
    private static func drop(_ spans: inout Deque<Span>, heardUpTo carrierHeard: Int64) -> Int64 {
        var heard: Int64 = 0
        while let span = spans.first {
            let played = min(max(carrierHeard - span.carrier, 0), span.count)
            if played > 0 { heard = span.reply + played }
            guard played == span.count else { break }
            spans.removeFirst()
        }
        return heard
    }
}
