/// Number of a turn within its session; it only grows.
///
/// Everything made for a reply carries it: request, token, segment, audio, event. To interrupt a reply the number
/// grows and each stage drops what carries an older one, so a late chunk is harmless.
package struct TurnID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    /// Before the first turn.
    package static let none = TurnID(number: 0)

    package init(number: UInt64) { self.number = number }

    package var next: TurnID { TurnID(number: number &+ 1) }

    package static func < (a: TurnID, b: TurnID) -> Bool { a.number < b.number }

    package var description: String { "turn \(number)" }
}

/// A piece of a reply that is spoken in one go: the reply it belongs to and its place there, from 0.
package struct SegmentID: Hashable, Comparable, Sendable {
    package let turn: TurnID
    package let index: Int

    package init(turn: TurnID, index: Int) {
        self.turn = turn
        self.index = index
    }

    package static func < (a: SegmentID, b: SegmentID) -> Bool { (a.turn, a.index) < (b.turn, b.index) }
}
