internal import Synchronization

/// Hands out tokens for objects, and finds the objects again.
///
/// A token is a pointer that is never dereferenced: kind, generation and slot, so that a destroyed, invented or
/// wrong-kind handle is recognised instead of crashing the host.
///
///     63      60 59               28 27              4 3   0
///     │  kind  │    generation      │      slot       │ 0x8 │     never NULL, never a valid heap pointer (kind sets the top bits)
///
/// The tables are the only state of the library outside its handles: a token says nothing of its engine.
final class HandleTable<Object: AnyObject & Sendable>: Sendable {
    private struct Slot {
        var generation: UInt32 = 1
        var object: Object?
    }

    private struct State {
        var slots: [Slot] = []
        var free: [Int] = []
    }

    private static var mostSlots: Int { 1 << 24 }

    private let kind: UInt
    private let state = Mutex(State())

    /// - Parameter kind: 1...15, different for each table.
    init(kind: UInt) { self.kind = kind }

    /// - Returns: nil when 16 million objects are alive.
    func insert(_ object: Object) -> OpaquePointer? {
        let kind = kind
        return state.withLock { state in
            let slot: Int
            if let free = state.free.popLast() {
                slot = free
            } else {
                guard state.slots.count < Self.mostSlots else { return nil }
                slot = state.slots.count
                state.slots.append(Slot())
            }
            state.slots[slot].object = object
            return Self.token(kind: kind, generation: state.slots[slot].generation, slot: slot)
        }
    }

    func find(_ token: OpaquePointer?) -> Object? {
        guard let (slot, generation) = parts(token) else { return nil }
        return state.withLock { state in
            guard slot < state.slots.count, state.slots[slot].generation == generation else { return nil }
            return state.slots[slot].object
        }
    }

    /// Takes the object out; its token is dead from now on.
    func remove(_ token: OpaquePointer?) -> Object? {
        guard let (slot, generation) = parts(token) else { return nil }
        return state.withLock { state in
            guard slot < state.slots.count, state.slots[slot].generation == generation,
                // A token that was guessed may name a slot that is free already: freed twice, two objects would share
                // it.
                let object = state.slots[slot].object
            else { return nil }
            state.slots[slot] = Slot(generation: generation &+ 1, object: nil)
            state.free.append(slot)
            return object
        }
    }

    private static func token(kind: UInt, generation: UInt32, slot: Int) -> OpaquePointer? {
        OpaquePointer(bitPattern: kind << 60 | UInt(generation) << 28 | UInt(slot) << 4 | 0x8)
    }

    private func parts(_ token: OpaquePointer?) -> (slot: Int, generation: UInt32)? {
        let bits = UInt(bitPattern: token)
        guard bits >> 60 == kind, bits & 0xF == 0x8 else { return nil }
        return (Int(bits >> 4 & 0xFF_FFFF), UInt32(truncatingIfNeeded: bits >> 28))
    }
}
