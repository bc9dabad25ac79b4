import CAllocationCounter
import VoiceEngineCore

/// What happens in the call whose frames are counted.
enum FrameSituation: String, CaseIterable {
    case silent, caller, agent

    /// What the caller sends, over and over: 20 ms each, μ-law at 8 kHz.
    var frames: [[UInt8]] {
        switch self {
        case .silent, .agent: return [[UInt8](repeating: AudioEncoding.mulaw.silence, count: 160)]
        case .caller:
            let samples = CallerVoice.speechLike(milliseconds: 1_600, pitchHertz: 118)
            return stride(from: 0, to: samples.count, by: 160).map { start in
                samples[start..<start + 160].map { G711.mulaw($0) }
            }
        }
    }
}

/// One call in virtual time, on the calling thread: bytes of the caller in, bytes of the agent out. Every run of the
/// same frames executes the same instructions.
protocol FramePath: AnyObject {
    /// 20 ms of the call.
    /// - Returns: Calls of malloc and its like on the audio's way. What the virtual loop itself takes is not among
    ///   them: a real loop has other timers.
    func frame() -> Int64

    /// [bytes] That the recogniser was given.
    var heard: Int { get }
    /// Frames of the agent that were not silent.
    var spoken: Int { get }
}

/// Counts the allocations of a piece of work.
func allocations(_ work: () -> Void) -> Int64 {
    let before = voice_test_allocations()
    work()
    return voice_test_allocations() - before
}
