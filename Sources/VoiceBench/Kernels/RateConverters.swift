import CVoiceBench
import VoiceEngineMedia

/// Something that changes the sample rate of a stream.
final class RateConverter {
    private let body: (UnsafeBufferPointer<Int16>, UnsafeMutableBufferPointer<Int16>) -> Int
    private let end: () -> Void

    init(
        _ body: @escaping (UnsafeBufferPointer<Int16>, UnsafeMutableBufferPointer<Int16>) -> Int,
        end: @escaping () -> Void = {}
    ) {
        self.body = body
        self.end = end
    }

    deinit { end() }

    func convert(_ input: UnsafeBufferPointer<Int16>, into output: UnsafeMutableBufferPointer<Int16>) -> Int {
        body(input, output)
    }

    /// A whole signal, in pieces.
    func convert(_ input: [Int16], pieces: Int, room: Int) -> [Int16] {
        var output: [Int16] = []
        let target = UnsafeMutableBufferPointer<Int16>.allocate(capacity: room)
        defer { target.deallocate() }
        target.initialize(repeating: 0)
        input.withUnsafeBufferPointer { input in
            for start in stride(from: 0, to: input.count, by: pieces) {
                let piece = UnsafeBufferPointer(rebasing: input[start..<min(start + pieces, input.count)])
                output += target[..<convert(piece, into: target)]
            }
        }
        return output
    }
}

/// The resamplers that are compared.
enum RateConverters {
    struct Maker {
        let name: String
        let make: (_ from: Int, _ to: Int) -> RateConverter?
    }

    static var all: [Maker] {
        [Maker(name: "ours") { from, to in (try? Resampler(from: from, to: to)).map(converter) }]
            + [("sinc best", .best), ("sinc medium", .medium), ("sinc fastest", .fastest)].map { name, converter in
                Maker(name: "libsamplerate, \(name)") { from, to in
                    (try? Resampler(from: from, to: to, converter: converter)).map(Self.converter)
                }
            }
            + [3, 4, 5, 7, 8, 10].map { quality in
                Maker(name: "SpeexDSP, quality \(quality)") { from, to in
                    foreign(voice_bench_speex(UInt32(from), UInt32(to), Int32(quality)))
                }
            }
            + [("low", 1), ("medium", 2), ("high", 4), ("very high", 6)].map { name, recipe in
                Maker(name: "soxr, \(name)") { from, to in
                    foreign(voice_bench_soxr(UInt32(from), UInt32(to), UInt(recipe)))
                }
            }
    }

    private static func converter(_ resampler: Resampler) -> RateConverter {
        RateConverter { input, output in
            var target = output.mutableSpan
            return (try? resampler.process(input.span, into: &target)) ?? 0
        }
    }

    private static func foreign(_ resampler: OpaquePointer?) -> RateConverter? {
        resampler.map { resampler in
            RateConverter(
                { input, output in
                    voice_bench_resample(resampler, input.baseAddress, input.count, output.baseAddress, output.count)
                }, end: { voice_bench_resampler_free(resampler) })
        }
    }
}
