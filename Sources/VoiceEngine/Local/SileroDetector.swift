/// Silero's voice activity model, shared by all calls.
package final class SileroModel: Sendable {
    fileprivate let session: OnnxSession
    fileprivate let inputs = OnnxNames(["input", "state", "sr"])
    fileprivate let outputs = OnnxNames(["output", "stateN"])

    package init(runtime: OnnxRuntime, path: String) throws(LocalModelError) {
        session = try OnnxSession(runtime: runtime, model: path)
    }
}

/// Voice activity of one call, by Silero v6 at 8 kHz: 80 µs per window of 32 ms.
///
/// The model sees each window with the last samples of the one before in front of it; without them it finds half of the
/// speech only. All memory is taken at init; only ONNX Runtime allocates while it runs.
///
/// `@unchecked Sendable`: it moves between threads of the pool, but its owner has one job at a time use it.
package final class SileroDetector: @unchecked Sendable {
    /// [samples] of one window at 8 kHz: 32 ms.
    package static let windowSamples = 256
    /// [Hz]
    package static let sampleRate = 8_000

    private static let contextSamples = 32
    private static let stateElements = 2 * 1 * 128

    private let model: SileroModel
    /// The context, then the window.
    private let input = UnsafeMutableBufferPointer<Float>.allocate(capacity: contextSamples + windowSamples)
    private let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: 1)
    private let rate = UnsafeMutableBufferPointer<Int64>.allocate(capacity: 1)
    private let stateMemory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 2 * stateElements)
    private let inputTensor: OnnxTensor
    private let outputTensor: OnnxTensor
    private let rateTensor: OnnxTensor
    /// The state before and after a window; they swap places.
    private var states: (OnnxTensor, OnnxTensor)

    package init(model: SileroModel) throws(LocalModelError) {
        self.model = model
        input.initialize(repeating: 0)
        output.initialize(repeating: 0)
        rate.initialize(repeating: Int64(Self.sampleRate))
        stateMemory.initialize(repeating: 0)
        let runtime = model.session.runtime
        let half = Self.stateElements
        inputTensor = try OnnxTensor(runtime, floats: input, shape: [1, Int64(input.count)])
        outputTensor = try OnnxTensor(runtime, floats: output, shape: [1, 1])
        rateTensor = try OnnxTensor(runtime, integers: rate, shape: [])
        states = (
            try OnnxTensor(runtime, floats: .init(rebasing: stateMemory[..<half]), shape: [2, 1, 128]),
            try OnnxTensor(runtime, floats: .init(rebasing: stateMemory[half...]), shape: [2, 1, 128])
        )
    }

    deinit {
        input.deallocate()
        output.deallocate()
        rate.deallocate()
        stateMemory.deallocate()
    }

    /// The probability that the next window holds speech, 0...1.
    ///
    /// - Parameter window: `windowSamples` samples, -1...1, that follow the window given before.
    package func probability(of window: UnsafeBufferPointer<Float>) throws(LocalModelError) -> Float {
        guard window.count == Self.windowSamples else {
            throw .failed("silero: \(window.count) samples, expected \(Self.windowSamples)")
        }
        for index in 0..<Self.contextSamples { input[index] = input[index + Self.windowSamples] }
        for index in 0..<Self.windowSamples { input[index + Self.contextSamples] = window[index] }
        try model.session.run(
            [inputTensor, states.0, rateTensor], named: model.inputs, into: [outputTensor, states.1],
            named: model.outputs)
        states = (states.1, states.0)
        return output[0]
    }

    /// Forgets what it has heard.
    package func reset() {
        input.update(repeating: 0)
        stateMemory.update(repeating: 0)
    }
}
