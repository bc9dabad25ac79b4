internal import VoiceEngineCore

/// One message of a server whose audio belongs to contexts.
struct VoiceContextMessage: Equatable, Sendable {
    enum Timing: Equatable, Sendable {
        case none
        /// Counted from the start of this message's audio.
        case ofMessage([TimedText])
        /// Counted from the start of the context's audio.
        case ofContext([TimedText])
    }

    enum Event: Equatable, Sendable {
        /// Nothing but audio and times.
        case none
        /// All audio of one more segment has come.
        case segmentEnded
        /// All audio of the context has come.
        case final
        case fault(VoiceFault)
    }

    /// nil where the message names none, or none of ours.
    var context: Int?
    var timing = Timing.none
    var event = Event.none
}

/// A service's protocol as bytes, for `VoiceContextStream`. Pure.
protocol VoiceContextWire: Sendable {
    func rules(_ format: AudioFormat) -> VoiceContextStateMachine.Rules
    /// What is said first on every socket.
    var greeting: [UInt8]? { get }
    func open(_ context: Int) -> [UInt8]?
    func text(_ context: Int, _ text: String) -> [[UInt8]]
    /// No more text of this context.
    func end(_ context: Int) -> [[UInt8]]
    /// nil where the socket is left instead.
    func cancel(_ context: Int) -> [UInt8]?
    /// [s] between keep-alives; nil where the service knows none.
    var keepAliveSeconds: Int64? { get }
    func keepAlive(_ contexts: [Int]) -> [[UInt8]]
    /// What is said before the socket is closed.
    var goodbye: [UInt8]? { get }
    /// Reads a message; its audio is put into `audio`, which is empty before.
    ///
    /// - Returns: nil when it is not of the protocol.
    func decode(_ bytes: UnsafeRawBufferPointer, audio: inout [UInt8]) -> VoiceContextMessage?
}

/// Base64 inside JSON. Pure.
enum VoicePayload {
    /// Replaces `bytes` by what the string decodes to; false when it is not base64.
    static func decode(_ member: borrowing JSONScanner.Member, into bytes: inout [UInt8]) -> Bool {
        guard member.hasEscapes else { return decode(member.valueBytes, into: &bytes) }
        guard let text = member.text else { return false }
        return Array(text.utf8).withUnsafeBytes { decode($0, into: &bytes) }
    }

    private static func decode(_ characters: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        let source = characters.bindMemory(to: UInt8.self)
        return (try? Base64.append(decoding: source.span, to: &bytes)) != nil
    }
}
