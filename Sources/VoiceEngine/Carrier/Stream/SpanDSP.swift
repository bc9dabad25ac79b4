#if canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif
internal import VoiceEngineCore

/// G.722 by libspandsp, where it is installed: loaded when it is first asked for, never linked.
///
/// G.722 at 64 kbit/s is 16 kHz audio in one byte for two samples. Its decoder and encoder adapt to what they have seen
/// and keep that as state, so each direction of a call has its own. Declarations after `spandsp/g722.h`, the same since
/// version 0.0.3.
struct SpanDSP: Sendable {
    private typealias Begin = @convention(c) (OpaquePointer?, CInt, CInt) -> OpaquePointer?
    private typealias End = @convention(c) (OpaquePointer?) -> CInt
    private typealias Decode =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int16>?, UnsafePointer<UInt8>?, CInt) -> CInt
    private typealias Encode =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafePointer<Int16>?, CInt) -> CInt

    /// nil where the library is not installed.
    static let shared = SpanDSP(["libspandsp.so.2", "libspandsp.so.3"])

    /// [bit/s]
    private static let rate: CInt = 64_000

    private let beginDecoding: Begin
    private let decode: Decode
    private let endDecoding: End
    private let beginEncoding: Begin
    private let encode: Encode
    private let endEncoding: End

    /// The first of these libraries that is there.
    init?(_ names: [String]) {
        guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else { return nil }
        guard let beginDecoding = dlsym(library, "g722_decode_init"), let decode = dlsym(library, "g722_decode"),
            let endDecoding = dlsym(library, "g722_decode_free"),
            let beginEncoding = dlsym(library, "g722_encode_init"), let encode = dlsym(library, "g722_encode"),
            let endEncoding = dlsym(library, "g722_encode_free")
        else {
            dlclose(library)
            return nil
        }
        self.beginDecoding = unsafeBitCast(beginDecoding, to: Begin.self)
        self.decode = unsafeBitCast(decode, to: Decode.self)
        self.endDecoding = unsafeBitCast(endDecoding, to: End.self)
        self.beginEncoding = unsafeBitCast(beginEncoding, to: Begin.self)
        self.encode = unsafeBitCast(encode, to: Encode.self)
        self.endEncoding = unsafeBitCast(endEncoding, to: End.self)
    }

    /// The decoder of one direction of a call.
    struct Decoder: ~Copyable {
        private let library: SpanDSP
        private let state: OpaquePointer

        /// nil: out of memory.
        init?(_ library: SpanDSP) {
            guard let state = library.beginDecoding(nil, SpanDSP.rate, 0) else { return nil }
            (self.library, self.state) = (library, state)
        }

        deinit { _ = library.endDecoding(state) }

        /// - Parameter samples: Room for twice as many samples as there are bytes; PCM16 of 16 kHz.
        /// - Returns: samples written.
        mutating func decode(_ bytes: UnsafeRawBufferPointer, into samples: UnsafeMutableBufferPointer<Int16>) -> Int {
            let count = min(bytes.count, samples.count / 2)
            guard count > 0 else { return 0 }
            let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return min(max(Int(library.decode(state, samples.baseAddress, source, CInt(count))), 0), samples.count)
        }
    }

    /// The encoder of one direction of a call.
    struct Encoder: ~Copyable {
        private let library: SpanDSP
        private let state: OpaquePointer

        /// nil: out of memory.
        init?(_ library: SpanDSP) {
            guard let state = library.beginEncoding(nil, SpanDSP.rate, 0) else { return nil }
            (self.library, self.state) = (library, state)
        }

        deinit { _ = library.endEncoding(state) }

        /// - Parameters:
        ///   - samples: PCM16 of 16 kHz, an even number.
        ///   - bytes: Room for half as many bytes.
        /// - Returns: bytes written.
        mutating func encode(_ samples: UnsafeBufferPointer<Int16>, into bytes: UnsafeMutableRawBufferPointer) -> Int {
            let count = min(samples.count & ~1, bytes.count * 2)
            guard count > 0 else { return 0 }
            let target = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return min(max(Int(library.encode(state, target, samples.baseAddress, CInt(count))), 0), bytes.count)
        }
    }
}
