internal import VoiceEngineCore
internal import VoiceEngineMedia

/// The caller's samples off the wire, at the rate of the call: they pass untouched where the two rates are the same.
/// Confined to the call's loop; allocates only when the wire's rate changes, or for the longest message so far.
final class AudioSocketInput {
    private enum Route {
        case straight
        case converted(Resampler)
        /// The library has no converter for these rates: the caller is not heard.
        case none
    }

    private let callRate: Int
    private var wireRate: Int
    private var route: Route
    private var samples: UnsafeMutableBufferPointer<Int16> = .allocate(capacity: 0)
    private var converted: UnsafeMutableBufferPointer<Int16> = .allocate(capacity: 0)

    init(wireRate: Int, callRate: Int) {
        self.callRate = callRate
        self.wireRate = wireRate
        route = Self.route(from: wireRate, to: callRate)
    }

    deinit {
        samples.deallocate()
        converted.deallocate()
    }

    /// The same audio at the call's rate. Borrowed until the next call, and no longer than `audio`.
    func convert(_ audio: UnsafeRawBufferPointer, sampleRate: Int) -> UnsafeRawBufferPointer {
        if sampleRate != wireRate {
            wireRate = sampleRate
            route = Self.route(from: sampleRate, to: callRate)
        }
        switch route {
        case .straight: return audio
        case .none: return UnsafeRawBufferPointer(start: nil, count: 0)
        case .converted(let resampler): return convert(audio, resampler)
        }
    }

    private func convert(_ audio: UnsafeRawBufferPointer, _ resampler: Resampler) -> UnsafeRawBufferPointer {
        Self.reserve(&samples, audio.count / 2)
        var target = samples.mutableSpan
        let count = L16.decodeLittleEndian(audio.bindMemory(to: UInt8.self).span, into: &target)
        Self.reserve(&converted, resampler.maximumOutput(forInput: count))
        var output = converted.mutableSpan
        let made = (try? resampler.process(UnsafeBufferPointer(rebasing: samples[..<count]).span, into: &output)) ?? 0
        return UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: converted[..<made]))
    }

    private static func route(from wireRate: Int, to callRate: Int) -> Route {
        guard wireRate != callRate else { return .straight }
        if AudioFormat.sampleRates.contains(wireRate) {
            return (try? Resampler(from: wireRate, to: callRate)).map { .converted($0) } ?? .none
        }
        return (try? Resampler(from: wireRate, to: callRate, converter: .medium)).map { .converted($0) } ?? .none
    }

    private static func reserve(_ buffer: inout UnsafeMutableBufferPointer<Int16>, _ count: Int) {
        guard count > buffer.count else { return }
        buffer.deallocate()
        buffer = .allocate(capacity: count)
        buffer.initialize(repeating: 0)
    }
}
