internal import Synchronization

/// Smart Turn v3.2: hears whether a turn is finished, by intonation and words alike. Shared by all calls; 50 ms of a
/// core per question.
///
/// It looks at the last 8 s of a turn, as Whisper's log-mel features, with silence in front of shorter ones.
package final class SmartTurnModel: Sendable {
    /// [s]
    package static let seconds = 8

    private let session: OnnxSession
    private let inputs = OnnxNames(["input_features"])
    private let outputs = OnnxNames(["logits"])
    private let work: Mutex<Work>

    /// The memory of one question after the other.
    ///
    /// `@unchecked Sendable`: only reached through the mutex.
    private final class Work: @unchecked Sendable {
        let features: WhisperFeatures
        let result: UnsafeMutableBufferPointer<Float>
        let input: OnnxTensor
        let output: OnnxTensor

        init(_ runtime: OnnxRuntime) throws(LocalModelError) {
            let features = WhisperFeatures(seconds: SmartTurnModel.seconds)
            let result = UnsafeMutableBufferPointer<Float>.allocate(capacity: 1)
            result.initialize(repeating: 0)
            let shape = [1, Int64(WhisperFeatures.bands), Int64(features.frames)]
            do throws(LocalModelError) {
                input = try OnnxTensor(runtime, floats: features.values, shape: shape)
                output = try OnnxTensor(runtime, floats: result, shape: [1, 1])
            } catch {
                result.deallocate()
                throw error
            }
            self.features = features
            self.result = result
        }

        deinit { result.deallocate() }
    }

    package init(runtime: OnnxRuntime, path: String) throws(LocalModelError) {
        session = try OnnxSession(runtime: runtime, model: path)
        work = Mutex(try Work(runtime))
    }

    /// The probability that the turn is over, 0...1. Threads: any, one after the other.
    ///
    /// - Parameter sound: The turn with the silence after it, at 8 kHz; what is before the last 8 s does not count.
    package func probability(ofEndAfter sound: [Int16]) throws(LocalModelError) -> Float {
        try work.withLock { work throws(LocalModelError) in
            work.features.take(telephone: sound)
            try session.run([work.input], named: inputs, into: [work.output], named: outputs)
            return work.result[0]
        }
    }
}
