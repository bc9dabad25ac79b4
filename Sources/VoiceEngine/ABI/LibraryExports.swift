public import CVoiceEngine

// Exports that need no handle. Their contract is in voice_engine.h.

@implementation @_cdecl("voice_abi_version")
public func voice_abi_version() -> UInt32 { UInt32(VOICE_ABI_MAJOR) << 16 | UInt32(VOICE_ABI_MINOR) }

@implementation @_cdecl("voice_library_version")
public func voice_library_version() -> UnsafePointer<CChar>! { StaticText.version.pointer }

@implementation @_cdecl("voice_status_text")
public func voice_status_text(_ status: voice_status) -> UnsafePointer<CChar>! { StaticText.of(status).pointer }

@implementation @_cdecl("voice_last_error")
public func voice_last_error() -> UnsafePointer<CChar>! { voiceengine_last_error() }

@implementation @_cdecl("voice_agent_check")
public func voice_agent_check(_ json: UnsafePointer<CChar>!, _ bytes: Int) -> voice_status {
    exported { () throws(VoiceError) in try Engine.check(try ConfigReader.bytes(json, bytes, named: "json")) }
}

/// A text of the library's own, NUL-terminated and alive for ever.
private struct StaticText {
    private let text: StaticString

    private init(_ text: StaticString) { self.text = text }

    var pointer: UnsafePointer<CChar> { UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self) }

    static let version = StaticText("1.0.0")

    static func of(_ status: voice_status) -> StaticText {
        if status == VOICE_OK { return StaticText("success") }
        switch VoiceError.Status(rawValue: status) {
        case .badHandle: return StaticText("not a live handle of this kind")
        case .badArgument: return StaticText("an argument is out of range")
        case .badConfiguration: return StaticText("the agent document is wrong")
        case .reentrant: return StaticText("not allowed from inside this callback")
        case .unsupported: return StaticText("not supported in this combination")
        case .notFound: return StaticText("not found")
        case .overrun: return StaticText("oldest audio was dropped to make room")
        case .again: return StaticText("nothing there yet")
        case .limit: return StaticText("a limit is reached")
        case .timeout: return StaticText("the time is over")
        case .draining: return StaticText("no new calls are taken")
        case .keyMissing: return StaticText("an API key is not set")
        case .modelMissing: return StaticText("a local model is not installed")
        case .provider: return StaticText("a provider failed")
        case .network: return StaticText("the network does not allow it")
        case .closed: return StaticText("the session has ended")
        case .internal: return StaticText("a defect of the engine")
        case nil: return StaticText("unknown status")
        }
    }
}
