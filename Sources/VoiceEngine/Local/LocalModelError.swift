internal import CLocalModels

/// Why a local model cannot do its work. The text is for the operator: what is wrong and what to do.
package enum LocalModelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Files that are not in the models directory.
    case missing(files: [String], directory: String)
    /// A library or model is there and does not load.
    case unusable(String)
    /// A loaded model failed on this input.
    case failed(String)

    package var description: String {
        switch self {
        case .missing(let files, let directory):
            "not in \(directory): \(files.joined(separator: ", ")); run 'make models' or set VOICE_ENGINE_MODELS"
        case .unusable(let text), .failed(let text): text
        }
    }
}

/// Calls a C function that leaves its error in a buffer, and gives back that text when it failed.
func withErrorText<Result>(
    _ body: (UnsafeMutablePointer<CChar>, Int) -> Result?
) -> (result: Result?, error: String) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(LOCAL_ERROR_BYTES)) { buffer in
        buffer.initialize(repeating: 0)
        guard let base = buffer.baseAddress else { return (nil, "no memory") }
        let result = body(base, buffer.count)
        return (result, result == nil ? String(cString: base) : "")
    }
}

/// Calls a C function that returns 0 or leaves its error in a buffer; gives back that text, or nil for success.
func errorText(of body: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> String? {
    let (succeeded, error) = withErrorText { body($0, $1) == 0 ? true : nil }
    return succeeded == nil ? error : nil
}
