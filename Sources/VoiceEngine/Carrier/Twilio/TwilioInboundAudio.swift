internal import VoiceEngineCore

/// Caller audio out of media messages, through one buffer that is reused, and whether any comes at all.
struct TwilioInboundAudio: ~Copyable {
    private var audio: UnsafeMutableRawBufferPointer
    /// Base64 that was written with escapes, without them.
    private var plain: [UInt8] = []
    private var messages: Int64 = 0
    private var messagesAtCheck: Int64 = 0

    init() { audio = .allocate(byteCount: 512, alignment: 8) }

    deinit { audio.deallocate() }

    /// The audio of one message. Borrowed until the next call.
    ///
    /// - Throws: When the payload is no base64.
    mutating func decode(
        _ media: TwilioMedia, of message: UnsafeRawBufferPointer
    ) throws(TwilioWireError) -> UnsafeRawBufferPointer {
        messages += 1
        if media.hasEscapes {
            plain.removeAll(keepingCapacity: true)
            let unescaped: Bool
            do {
                try JSONScanner.unescape(media.payload, of: message, into: &plain)
                unescaped = true
            } catch {
                unescaped = false
            }
            guard unescaped else { throw TwilioWireError(field: .payload, expected: .base64) }
            grow(to: Base64.maximumDecodedCount(plain.count))
            return try Self.decode(plain.span, into: audio)
        }
        let payload = UnsafeRawBufferPointer(rebasing: message[media.payload]).assumingMemoryBound(to: UInt8.self)
        grow(to: Base64.maximumDecodedCount(payload.count))
        return try Self.decode(payload.span, into: audio)
    }

    /// Whether no audio came since the last call although some came before it: said once per silence.
    mutating func wentSilent() -> Bool {
        defer { messagesAtCheck = messages == messagesAtCheck ? -1 : messages }
        return messages == messagesAtCheck
    }

    private static func decode(
        _ characters: Span<UInt8>, into audio: UnsafeMutableRawBufferPointer
    ) throws(TwilioWireError) -> UnsafeRawBufferPointer {
        do {
            var target = audio.assumingMemoryBound(to: UInt8.self).mutableSpan
            let count = try Base64.decode(characters, into: &target)
            return UnsafeRawBufferPointer(rebasing: audio[..<count])
        } catch {
            throw TwilioWireError(field: .payload, expected: .base64)
        }
    }

    private mutating func grow(to count: Int) {
        guard count > audio.count else { return }
        audio.deallocate()
        audio = .allocate(byteCount: count, alignment: 8)
    }
}
