import Foundation
import VoiceEngineCore

@testable import VoiceEngineSession

/// What of which reply reached the caller's ear, read from the marks in the recorded audio.
///
/// A reply is heard from its first sample and without a gap; replies come in order and never come back. Two things
/// hide marks: the fade out after a cut, which the carrier points out, and the fade in of a reply that goes on, 8 ms
/// long. Whatever else is no mark, or the wrong one, is a fault.
struct HeardReplies {
    /// [samples] of each turn.
    private(set) var lengths: [UInt64: Int64] = [:]
    private(set) var fault: String?

    /// [samples] A fade.
    private static let fade: Int64 = 64
    private static let silence = [Int16](repeating: 0, count: 160)

    private let heard: [Int16]
    private let isFade: [Bool]
    private let isReader: Bool
    /// Fades in that may still come, by turn.
    private var budget: [UInt64: Int]
    private var turn: UInt64 = 0
    private var place: Int64 = 0
    /// Samples of a fade in that may still come.
    private var faded: Int64 = 0

    /// - Parameter resumed: Turns of replies that went on after a pause, and how often.
    init(_ carrier: RecordingCarrier, resumed: [UInt64: Int]) {
        (heard, isFade) = (carrier.heard, carrier.isFade)
        isReader = carrier.kind == .reader
        budget = resumed
        var index = 0
        while index < heard.count, fault == nil {
            if heard[index] == 0 {
                index += max(common(Self.silence[...], at: index), 1)
            } else {
                index += read(index)
            }
        }
        finish()
    }

    private mutating func finish() { if turn > 0 { lengths[turn] = place } }

    /// - Returns: How many samples it took.
    private mutating func read(_ index: Int) -> Int {
        // A reader's fade is part of what it was given, the others hear it in addition.
        if isFade[index], !isReader { return 1 }
        if turn > 0 {
            let count = common(Mark.run(turn: TurnID(number: turn), from: place), at: index)
            // In a fade in, a sample may be what is expected by accident.
            if count > 4 || count > 0 && faded == 0 { return advance(by: count) }
        }
        let sample = heard[index]
        if isFade[index] {
            // The reader was cut within the first samples of a new reply.
            let first = Mark.sample(turn: TurnID(number: turn + 1), place: 0)
            let isFirst = !isFade[index - min(index, 1)] || heard[index - min(index, 1)] == 0
            if isFirst, abs(Int(sample) - Int(first)) <= 2 { return begin(turn + 1, from: 0) }
            return advance(by: 1)
        }
        if let skipped = skipped(at: index) {
            place += skipped
            return advance(by: 1)
        }
        if let next = newTurn(at: index) { return begin(next, from: Int64(sample % 1_000)) }
        if faded > 0 {
            (place, faded) = (place + 1, faded - 1)
        } else if let times = budget[turn], times > 0 {
            budget[turn] = times - 1
            (place, faded) = (place + 1, Self.fade - 1)
        } else if let next = (turn + 1..<turn + 16).first(where: { budget[$0] ?? 0 > 0 }) {
            // The first sample of a reply that was paused before it; those in between were never heard.
            budget[next, default: 0] -= 1
            _ = begin(next, from: 0)
            faded = Self.fade - 1
        } else {
            let near = heard[max(index - 4, 0)..<min(index + 5, heard.count)].map { "\($0)" }.joined(separator: " ")
            fault = "\(sample) at \(index) instead of place \(place) of turn \(turn): \(near)"
        }
        return 1
    }

    private mutating func advance(by count: Int) -> Int {
        place += Int64(count)
        faded = 0
        return count
    }

    private mutating func begin(_ next: UInt64, from first: Int64) -> Int {
        finish()
        (turn, place, faded) = (next, first + 1, 0)
        return 1
    }

    /// How many samples from `index` on are these. Not beyond a change of `isFade`.
    private func common(_ expected: ArraySlice<Int16>, at index: Int) -> Int {
        let count = min(expected.count, heard.count - index)
        let isSame = heard.withUnsafeBufferPointer { heard in
            expected.withUnsafeBufferPointer { expected in
                memcmp(heard.baseAddress! + index, expected.baseAddress!, count * 2) == 0
            }
        }
        let isPlain = isFade.withUnsafeBufferPointer { memchr($0.baseAddress! + index, 1, count) == nil }
        if isSame, isPlain { return count }
        for offset in 0..<count {
            let (sample, fade) = (heard[index + offset], isFade[index + offset])
            if sample != expected[expected.startIndex + offset] || fade && !isReader { return offset }
        }
        return count
    }

    /// After a fade in, whose first samples may be too quiet to be seen.
    private func skipped(at index: Int) -> Int64? {
        guard faded > 0, isSteady(index), Mark.turn(of: heard[index]) == turn % 31 else { return nil }
        let skipped = (Int64(heard[index] % 1_000) - place % Mark.period + Mark.period) % Mark.period
        return skipped <= 8 ? skipped : nil
    }

    /// The first sample of a newer turn; or, where that was paused before, the first after its fade.
    private func newTurn(at index: Int) -> UInt64? {
        guard isSteady(index) else { return nil }
        let ahead = (Mark.turn(of: heard[index]) + 31 - turn % 31) % 31
        guard ahead > 0, ahead < 16 else { return nil }
        let place = Int64(heard[index] % 1_000)
        return place == 0 || (place == Self.fade && budget[turn + ahead] ?? 0 > 0) ? turn + ahead : nil
    }

    /// The next samples are the next marks: no accident of a fade.
    private func isSteady(_ index: Int) -> Bool {
        index + 2 < heard.count && heard[index + 1] == heard[index] + 1 && heard[index + 2] == heard[index] + 2
    }
}
