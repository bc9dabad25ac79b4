internal import CLocalModels
internal import Glibc

/// ONNX Runtime, loaded. Threads: any.
///
/// `@unchecked Sendable`: an immutable handle of a library that is itself thread-safe.
package final class OnnxRuntime: @unchecked Sendable {
    fileprivate let handle: OpaquePointer

    package init(library: String) throws(LocalModelError) {
        let (handle, error) = withErrorText { local_onnx_open(library, $0, $1) }
        guard let handle else { throw .unusable(error) }
        self.handle = handle
    }

    deinit { local_onnx_close(handle) }
}

/// A model, ready to run. Any number of threads may run it at once; what belongs to one call is in its tensors.
///
/// `@unchecked Sendable`: an immutable handle of a library that is itself thread-safe.
package final class OnnxSession: @unchecked Sendable {
    let runtime: OnnxRuntime
    private let handle: OpaquePointer

    package init(runtime: OnnxRuntime, model: String) throws(LocalModelError) {
        let (handle, error) = withErrorText { local_onnx_session_open(runtime.handle, model, $0, $1) }
        guard let handle else { throw .unusable(error) }
        self.runtime = runtime
        self.handle = handle
    }

    deinit { local_onnx_session_close(handle) }

    /// Runs the model; results are written into the tensors given as outputs.
    func run(
        _ inputs: [OnnxTensor], named inputNames: OnnxNames, into outputs: [OnnxTensor], named outputNames: OnnxNames
    ) throws(LocalModelError) {
        _ = try run(inputs, inputNames, handles: outputs.map { $0.handle }, outputNames)
    }

    /// Runs the model; the results are new tensors.
    func run(
        _ inputs: [OnnxTensor], named inputNames: OnnxNames, returning outputNames: OnnxNames
    ) throws(LocalModelError) -> [OnnxTensor] {
        let none = [OpaquePointer?](repeating: nil, count: outputNames.count)
        return try run(inputs, inputNames, handles: none, outputNames).compactMap { handle in
            handle.map { OnnxTensor(runtime: runtime, adopting: $0) }
        }
    }

    private func run(
        _ inputs: [OnnxTensor], _ inputNames: OnnxNames, handles: [OpaquePointer?], _ outputNames: OnnxNames
    ) throws(LocalModelError) -> [OpaquePointer?] {
        // The library trusts the counts.
        guard inputs.count == inputNames.count, handles.count == outputNames.count else {
            throw .failed("model: \(inputs.count) inputs for \(inputNames.count) names")
        }
        let inputHandles = inputs.map { Optional($0.handle) }
        var outputHandles = handles
        let error = errorText { text, size in
            local_onnx_run(
                handle, inputNames.pointers, inputHandles, inputHandles.count, outputNames.pointers, &outputHandles,
                outputHandles.count, text, size)
        }
        if let error { throw .failed(error) }
        return outputHandles
    }
}

/// A tensor: one that the run time made, or one over memory of ours.
///
/// Not Sendable: belongs to one call's recognition or detector.
final class OnnxTensor {
    fileprivate let handle: OpaquePointer
    private let runtime: OnnxRuntime

    fileprivate init(runtime: OnnxRuntime, adopting handle: OpaquePointer) {
        self.runtime = runtime
        self.handle = handle
    }

    /// - Parameter memory: Holds all elements of the shape; must outlive the tensor.
    private init(
        _ runtime: OnnxRuntime, over memory: UnsafeMutableRawBufferPointer, shape: [Int64], type: Int32
    ) throws(LocalModelError) {
        let (handle, error) = withErrorText {
            local_onnx_tensor_open(runtime.handle, memory.baseAddress, memory.count, shape, shape.count, type, $0, $1)
        }
        guard let handle else { throw .failed(error) }
        self.runtime = runtime
        self.handle = handle
    }

    convenience init(
        _ runtime: OnnxRuntime, floats: UnsafeMutableBufferPointer<Float>, shape: [Int64]
    ) throws(LocalModelError) {
        try self.init(runtime, over: UnsafeMutableRawBufferPointer(floats), shape: shape, type: LOCAL_ONNX_FLOAT)
    }

    convenience init(
        _ runtime: OnnxRuntime, integers: UnsafeMutableBufferPointer<Int64>, shape: [Int64]
    ) throws(LocalModelError) {
        try self.init(runtime, over: UnsafeMutableRawBufferPointer(integers), shape: shape, type: LOCAL_ONNX_INT64)
    }

    convenience init(
        _ runtime: OnnxRuntime, flags: UnsafeMutableBufferPointer<Bool>, shape: [Int64]
    ) throws(LocalModelError) {
        try self.init(runtime, over: UnsafeMutableRawBufferPointer(flags), shape: shape, type: LOCAL_ONNX_BOOL)
    }

    deinit { local_onnx_tensor_close(runtime.handle, handle) }

    /// The elements of a float tensor, valid inside `body`.
    func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
        var count = 0
        let base = local_onnx_tensor_floats(runtime.handle, handle, &count)
        defer { withExtendedLifetime(self) {} }
        return body(UnsafeBufferPointer(start: base, count: base == nil ? 0 : count))
    }
}

/// Names of inputs or outputs as the run time wants them, made once.
///
/// `@unchecked Sendable`: immutable after init.
final class OnnxNames: @unchecked Sendable {
    let pointers: [UnsafePointer<CChar>?]
    var count: Int { pointers.count }

    init(_ names: [String]) {
        pointers = names.map { UnsafePointer(strdup($0)) }
    }

    deinit {
        for pointer in pointers { free(UnsafeMutableRawPointer(mutating: pointer)) }
    }
}
