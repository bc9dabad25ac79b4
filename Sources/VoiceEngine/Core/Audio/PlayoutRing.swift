// Synchronization is allowed here although Core is otherwise free of it: a ring between two threads *is* its atomics,
// and the module brings no run-time dependency (it is not Foundation).
internal import Synchronization

/// Agent audio on its way from the event loop to a host thread that pulls: a ring of PCM16 samples that can be *cut*.
///
///     event loop ── write, cut ──▶ [ .. consumed | unread ..... | free .. ] ── read ──▶ host thread
///
/// *Full* means: `write` takes what fits and says how much; the loop keeps the rest in its playout queue. *Empty*
/// means: `read` fills up with silence. Positions count the samples ever written, so every sample has one for ever.
///
/// A cut stops the agent within the host's next read: it fades out over at most `fadeSamples` of what is unread, drops
/// the rest, fills with silence, and publishes the position where the caller's hearing stopped. Until the loop has
/// taken that report (`takeCutReport`), the ring refuses writes: nothing can be heard before the host's next read
/// anyway, and so every sample belongs to exactly one side of exactly one cut.
///
/// Protocol of the atomics (each has one writer):
/// - `written`: stored by the loop, *release* after the samples are in place; loaded by the host thread with *acquire*.
/// - `consumed`: stored by the host thread, *release* after the samples are copied out; loaded by the loop with
///   *acquire* before it overwrites.
/// - `cutsRequested`: number of cuts, stored by the loop with *release*. As `written` stands still while a cut is
///   pending, a host thread that sees the number (*acquire*) also sees in `written` where the cut audio ends.
/// - `cutStop`, then `cutsDone`: stored by the host thread, the latter with *release*; a loop that sees the number
///   (*acquire*) sees the position that belongs to it.
/// - `pulled`: stored by the host thread; a mere counter.
///
/// After `init` nothing allocates; nothing ever waits.
///
/// `@unchecked Sendable`: `samples` never changes after `init`; its elements in `consumed ..< written` are only read,
/// by the host thread, and all others only written, by the loop, with the edge handed over by the release/acquire pairs
/// above. `cutsTaken` is touched by the loop alone.
package final class PlayoutRing: @unchecked Sendable {
    /// What became of the audio that was unread when the loop cut.
    package struct CutReport: Equatable, Sendable {
        /// Position after the last sample that the host was given, fade included: where the caller's hearing stopped.
        package let stop: Int64
        /// Position of the next sample that will be written: `stop ..< end` was dropped.
        package let end: Int64

        package init(stop: Int64, end: Int64) {
            self.stop = stop
            self.end = end
        }
    }

    /// [samples] that the ring holds at most.
    package let capacity: Int
    /// [samples] over which a cut fades out, at most: 8 ms.
    package let fadeSamples: Int

    private let samples: UnsafeMutableBufferPointer<Int16>
    private let written = Atomic<Int64>(0)
    private let consumed = Atomic<Int64>(0)
    private let pulled = Atomic<Int64>(0)
    private let cutsRequested = Atomic<Int64>(0)
    private let cutsDone = Atomic<Int64>(0)
    private let cutStop = Atomic<Int64>(0)
    private var cutsTaken: Int64 = 0

    /// - Parameters:
    ///   - capacity: [samples] at least 1.
    ///   - sampleRate: [Hz] of the samples; sets the length of the fade.
    package init(capacity: Int, sampleRate: Int) {
        self.capacity = max(1, capacity)
        fadeSamples = max(1, sampleRate * 8 / 1_000)
        samples = .allocate(capacity: self.capacity)
        samples.initialize(repeating: 0)
    }

    deinit {
        samples.deallocate()
    }

    // MARK: Any thread

    /// Position of the next sample that the host will read; samples before it were read or cut.
    package var readPosition: Int64 { consumed.load(ordering: .acquiring) }

    /// [samples] the host has been given so far, silence included: its clock.
    package var pulledSamples: Int64 { pulled.load(ordering: .relaxed) }

    // MARK: The event loop

    /// Position of the next sample that `write` will take. The loop only.
    package var writePosition: Int64 { written.load(ordering: .relaxed) }

    /// [samples] that `write` would take now: 0 while a cut is pending or its report not taken. The loop only.
    package var room: Int {
        if cutsTaken != cutsRequested.load(ordering: .relaxed) { return 0 }
        return capacity - Int(written.load(ordering: .relaxed) - consumed.load(ordering: .acquiring))
    }

    /// Appends as many of `source` as there is room for.
    ///
    /// - Returns: [samples] taken from the front of `source`.
    /// - Important: the loop only. Never blocks.
    package func write(_ source: Span<Int16>) -> Int {
        let count = min(source.count, room)
        if count <= 0 { return 0 }
        let start = written.load(ordering: .relaxed)
        let place = Int(start % Int64(capacity))
        let first = min(count, capacity - place)
        source.withUnsafeBufferPointer { buffer in
            guard let from = buffer.baseAddress, let to = samples.baseAddress else { return }
            (to + place).update(from: from, count: first)
            to.update(from: from + first, count: count - first)
        }
        written.store(start + Int64(count), ordering: .releasing)
        return count
    }

    /// Asks the host thread to stop within its next read. Without effect while an earlier cut is pending: nothing has
    /// been written since.
    ///
    /// - Important: the loop only. Never blocks.
    package func cut() {
        let requested = cutsRequested.load(ordering: .relaxed)
        if requested == cutsTaken { cutsRequested.store(requested + 1, ordering: .releasing) }
    }

    /// The outcome of the pending cut, once: nil while there is none or the host has not read since. Writing is
    /// possible again afterwards.
    ///
    /// - Important: the loop only. Never blocks.
    package func takeCutReport() -> CutReport? {
        let done = cutsDone.load(ordering: .acquiring)
        if done == cutsTaken { return nil }
        cutsTaken = done
        return CutReport(stop: cutStop.load(ordering: .relaxed), end: written.load(ordering: .relaxed))
    }

    // MARK: The host thread

    /// Fills all of `target`: with unread samples, then silence; with a fade, then silence, when the loop has cut.
    ///
    /// - Returns: [samples] of `target` that are the agent's audio and not filled-in silence.
    /// - Important: the host thread only, one at a time. Never blocks.
    @discardableResult
    package func read(into target: UnsafeMutableBufferPointer<Int16>) -> Int {
        // A read of nothing hears nothing, and so must not answer a cut.
        if target.isEmpty { return 0 }
        let requested = cutsRequested.load(ordering: .acquiring)
        let end = written.load(ordering: .acquiring)
        let start = consumed.load(ordering: .relaxed)
        let unread = Int(end - start)
        let isCut = requested != cutsDone.load(ordering: .relaxed)

        let count = min(unread, target.count, isCut ? fadeSamples : .max)
        copy(count, from: start, to: target)
        if isCut {
            var audible = UnsafeMutableBufferPointer(rebasing: target[0..<count]).mutableSpan
            Fade.out(&audible)
        }
        UnsafeMutableBufferPointer(rebasing: target[count...]).update(repeating: 0)

        pulled.store(pulled.load(ordering: .relaxed) + Int64(target.count), ordering: .relaxed)
        if isCut {
            consumed.store(end, ordering: .releasing)
            cutStop.store(start + Int64(count), ordering: .relaxed)
            cutsDone.store(requested, ordering: .releasing)
        } else {
            consumed.store(start + Int64(count), ordering: .releasing)
        }
        return count
    }

    private func copy(_ count: Int, from position: Int64, to target: UnsafeMutableBufferPointer<Int16>) {
        guard count > 0, let from = samples.baseAddress, let to = target.baseAddress else { return }
        let place = Int(position % Int64(capacity))
        let first = min(count, capacity - place)
        to.update(from: from + place, count: first)
        (to + first).update(from: from, count: count - first)
    }
}
