internal import Glibc

/// What was recognised in a piece of audio.
package struct Recognition: Equatable, Sendable {
    /// Empty if there is no speech.
    package var text: String
    /// How sure the model is: the geometric mean of its tokens' probabilities, 0...1.
    package var confidence: Float
}

/// Speech to text by Moonshine base-en (re-packed, scripts/models/repack): 35 ms of one core per second of speech.
///
/// Whole utterances, not a stream: an encoder turns audio into vectors, a decoder writes one token after the other.
/// Threads: any number at once; all state of a recognition is local to `transcribe`.
package final class MoonshineRecognizer: Sendable {
    /// [Hz]
    package static let sampleRate = 16_000
    /// [samples] Shorter audio has no words that the model would find.
    package static let minimumSamples = sampleRate * 4 / 10
    /// [samples] Of silence before and after. Single words: 20 of 24 right with it, 13 of 24 without.
    private static let padding = sampleRate * 3 / 10
    /// Speech has fewer; more are the model running in circles.
    private static let tokensPerSecond = 6.5
    private static let layers = 8
    private static let heads: Int64 = 8
    private static let headSize: Int64 = 52

    private let encoder: OnnxSession
    private let decoder: OnnxSession
    private let tokens: MoonshineTokens
    private let encoderInputs = OnnxNames(["input_values"])
    private let encoderOutputs = OnnxNames(["last_hidden_state"])
    private let decoderInputs: OnnxNames
    private let decoderOutputs: OnnxNames

    /// - Parameter tokens: Contents of tokens.txt.
    package init(
        runtime: OnnxRuntime, encoder: String, decoder: String, tokens: [UInt8]
    ) throws(LocalModelError) {
        self.tokens = try MoonshineTokens(file: tokens)
        self.encoder = try OnnxSession(runtime: runtime, model: encoder)
        self.decoder = try OnnxSession(runtime: runtime, model: decoder)
        let cache = (0..<Self.layers).flatMap { layer in
            ["decoder.key", "decoder.value", "encoder.key", "encoder.value"].map { "\(layer).\($0)" }
        }
        decoderInputs = OnnxNames(
            ["input_ids", "encoder_hidden_states"] + cache.map { "past_key_values.\($0)" } + ["use_cache_branch"])
        decoderOutputs = OnnxNames(["logits"] + cache.map { "present.\($0)" })
    }

    /// Recognises an utterance.
    ///
    /// - Parameter samples: 16 kHz, -1...1.
    /// - Parameter isCancelled: Asked between tokens.
    /// - Returns: nil if cancelled.
    package func transcribe(
        _ samples: some Collection<Float>, isCancelled: () -> Bool = { false }
    ) throws(LocalModelError) -> Recognition? {
        guard samples.count >= Self.minimumSamples else { return Recognition(text: "", confidence: 0) }
        let padded = UnsafeMutableBufferPointer<Float>.allocate(capacity: samples.count + 2 * Self.padding)
        defer { padded.deallocate() }
        padded.initialize(repeating: 0)
        for (offset, sample) in samples.enumerated() { padded[Self.padding + offset] = sample }

        let audio = try OnnxTensor(encoder.runtime, floats: padded, shape: [1, Int64(padded.count)])
        guard let hidden = try encoder.run([audio], named: encoderInputs, returning: encoderOutputs).first else {
            throw .failed("moonshine: no result")
        }
        let seconds = Double(padded.count) / Double(Self.sampleRate)
        let limit = Int(seconds * Self.tokensPerSecond) + 2
        return try decode(hidden, limit: limit, isCancelled: isCancelled)
    }

    // MARK: -

    private func decode(
        _ hidden: OnnxTensor, limit: Int, isCancelled: () -> Bool
    ) throws(LocalModelError) -> Recognition? {
        let runtime = decoder.runtime
        let token = UnsafeMutableBufferPointer<Int64>.allocate(capacity: 1)
        let hasCache = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 1)
        let nothing = UnsafeMutableBufferPointer<Float>.allocate(capacity: 1)
        defer {
            token.deallocate()
            hasCache.deallocate()
            nothing.deallocate()
        }
        token.initialize(repeating: MoonshineTokens.start)
        hasCache.initialize(repeating: false)
        nothing.initialize(repeating: 0)
        let tokenTensor = try OnnxTensor(runtime, integers: token, shape: [1, 1])
        let flagTensor = try OnnxTensor(runtime, flags: hasCache, shape: [1])
        let empty = try OnnxTensor(
            runtime, floats: .init(rebasing: nothing[..<0]), shape: [1, Self.heads, 0, Self.headSize])

        var cache = Array(repeating: empty, count: 4 * Self.layers)
        var written: [Int64] = []
        var logProbability: Float = 0
        for step in 0..<limit {
            if isCancelled() { return nil }
            let results = try decoder.run(
                [tokenTensor, hidden] + cache + [flagTensor], named: decoderInputs, returning: decoderOutputs)
            for index in cache.indices {
                // What was computed from the encoder's vectors (the third and fourth of each layer) comes from the
                // first step only.
                if step == 0 || index % 4 < 2 { cache[index] = results[index + 1] }
            }
            let (best, score) = results[0].withFloats { Self.likeliest($0) }
            logProbability += score
            if best == MoonshineTokens.end { break }
            written.append(best)
            token[0] = best
            hasCache[0] = true
        }
        // One more than written: the end was chosen as well.
        return Recognition(
            text: tokens.text(of: written), confidence: expf(logProbability / Float(written.count + 1)))
    }

    /// The token with the highest score and the logarithm of its probability.
    private static func likeliest(_ scores: UnsafeBufferPointer<Float>) -> (token: Int64, logProbability: Float) {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        guard best < scores.count else { return (MoonshineTokens.end, 0) }
        let top = scores[best]
        var sum: Float = 0
        for score in scores { sum += expf(score - top) }
        return (Int64(best), -logf(sum))
    }
}
