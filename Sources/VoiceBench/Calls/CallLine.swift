import CVoiceEngine
import Synchronization
import VoiceBenchScript

/// One line of the host: a caller that is in a call, and in the next one as soon as that is over.
///
/// `@unchecked Sendable`: everything but `inbox` is touched by the host's pacing thread alone.
final class CallLine: @unchecked Sendable {
    /// A session that was made for this line, as bits of its handle; 0: none.
    let inbox = Atomic<UInt>(0)
    fileprivate(set) var session: OpaquePointer?
    fileprivate var script: CallerScript
    fileprivate var frames = 0
    private let sounds: CallerSounds

    init(_ sounds: CallerSounds) {
        self.sounds = sounds
        script = sounds.script
    }

    /// Takes a new session, when one was made.
    /// - Returns: Whether the line is in a call.
    func isInCall() -> Bool {
        if session != nil { return true }
        let bits = inbox.exchange(0, ordering: .acquiring)
        guard bits != 0 else { return false }
        session = OpaquePointer(bitPattern: bits)
        script = sounds.script
        frames = 0
        return true
    }

    /// One frame each way.
    /// - Returns: The session, when its call is over.
    func frame(into buffer: UnsafeMutableRawBufferPointer, _ line: BenchLine, _ tally: inout CallsTally)
        -> OpaquePointer?
    {
        guard let session else { return nil }
        if voice_session_pull_audio(session, buffer.baseAddress, buffer.count) != VOICE_OK { tally.refusals += 1 }
        let isAudible = line.isAudible(UnsafeRawBufferPointer(buffer))
        let frame = script.next(agentIsAudible: isAudible)
        frames += 1
        // Twice in a turn would do; a host that waits on the descriptors does it as often.
        if frames.isMultiple(of: 5) { takeEvents(&tally) }
        guard frame != .over else {
            takeEvents(&tally)
            tally.ended(script)
            self.session = nil
            return session
        }
        sounds.withFrame(frame) { audio in
            if voice_session_push_audio(session, audio.baseAddress, audio.count) != VOICE_OK { tally.refusals += 1 }
        }
        tally.frames += 1
        return nil
    }

    func hangUp() { _ = voice_session_hangup(session) }

    func end() {
        voice_session_destroy(session)
        session = nil
    }

    private func takeEvents(_ tally: inout CallsTally) {
        var event = voice_event()
        event.struct_size = UInt32(MemoryLayout<voice_event>.size)
        while voice_session_next_event(session, &event) == VOICE_OK {
            tally.events += 1
            switch Int32(event.type) {
            case VOICE_EVENT_ERROR: tally.errors += 1
            case VOICE_EVENT_TURN_METRICS:
                if let metrics = event.metrics { tally.engineShare.add(metrics.pointee.engine_ns) }
            default: break
            }
        }
    }
}

/// What callers send, ready to be pushed.
///
/// `@unchecked Sendable`: never changed after it was made.
final class CallerSounds: @unchecked Sendable {
    private let turn: [UInt8]
    private let interruption: [UInt8]
    private let silence: [UInt8]
    private let frameBytes: Int

    /// - Parameters:
    ///   - turn: 8 kHz.
    ///   - interruption: 8 kHz.
    init(turn: [Int16], interruption: [Int16], _ line: BenchLine) {
        frameBytes = line.frameBytes
        silence = [UInt8](repeating: line.silence, count: line.frameBytes)
        self.turn = line.encoded(turn)
        self.interruption = line.encoded(interruption)
    }

    var script: CallerScript {
        CallerScript(turnFrames: turn.count / frameBytes, interruptionFrames: interruption.count / frameBytes)
    }

    func withFrame(_ frame: CallerScript.Frame, _ body: (UnsafeRawBufferPointer) -> Void) {
        switch frame {
        case .silence, .over: silence.withUnsafeBytes(body)
        case .turn(let index): part(turn, index, body)
        case .interruption(let index): part(interruption, index, body)
        }
    }

    private func part(_ sound: [UInt8], _ index: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        sound.withUnsafeBytes { bytes in
            let start = index * frameBytes
            guard start + frameBytes <= bytes.count else { return silence.withUnsafeBytes(body) }
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + frameBytes]))
        }
    }
}

/// What a run counts. All of it may be added to without allocating.
struct CallsTally: Sendable {
    /// How late each pull was.
    var lateness = DurationCounts()
    var engineShare = DurationCounts()
    /// From the interruption to the last audible frame, of calls that have ended.
    var cuts = DurationCounts()
    var firstAudio = DurationCounts()
    var frames = 0
    var events = 0
    var errors = 0
    /// Pulls and pushes that were not taken as they should be.
    var refusals = 0
    var calls = 0
    var turns = 0
    var answered = 0
    /// Silent frames inside the agent's speech.
    var gaps = 0

    /// A call has come to its end.
    mutating func ended(_ script: CallerScript) {
        calls += 1
        turns += script.spoken
        answered += script.answered
        gaps += script.gaps
        if let cut = script.cutAfter { cuts.add(Int64(cut) * 20_000_000) }
        if let first = script.firstHeard { firstAudio.add(Int64(first) * 20_000_000) }
    }
}
