internal import CVoiceEngine
internal import Synchronization
internal import VoiceEngineCore
internal import VoiceEngineSession

// What stands behind the opaque handles of the public header.

enum Handles {
    static let engines = HandleTable<Engine>(kind: 1)
    static let sessions = HandleTable<SessionEntry>(kind: 2)
    static let servers = HandleTable<Server>(kind: 3)

    static func engine(_ token: OpaquePointer?) throws(VoiceError) -> Engine {
        if let engine = engines.find(token) { return engine }
        throw VoiceError(.badHandle, "engine: expected a live handle from voice_engine_create")
    }

    static func session(_ token: OpaquePointer?) throws(VoiceError) -> SessionEntry {
        if let entry = sessions.find(token) { return entry }
        throw VoiceError(.badHandle, "session: expected a live handle from voice_session_create")
    }

    static func server(_ token: OpaquePointer?) throws(VoiceError) -> Server {
        if let server = servers.find(token) { return server }
        throw VoiceError(.badHandle, "server: expected a live handle from voice_server_start")
    }
}

/// A call and what only its C host needs of it.
final class SessionEntry: Sendable {
    let call: Call
    /// The texts of the event that was polled last.
    let polled = Mutex(EventTexts())

    init(call: Call) { self.call = call }
}

/// A handle that is handed out before what it stands for can be reached through it.
final class HandleBox: Sendable {
    private let bits = Atomic<UInt>(0)

    var token: OpaquePointer? {
        get { OpaquePointer(bitPattern: bits.load(ordering: .acquiring)) }
        set { bits.store(UInt(bitPattern: newValue), ordering: .releasing) }
    }
}

/// A pointer of the host that is handed back to it untouched.
///
/// `@unchecked Sendable`: never dereferenced here.
struct HostPointer: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer?
}

/// Runs the body of an exported function: its error becomes the status and this thread's last error.
func exported(_ body: () throws(VoiceError) -> Void) -> voice_status {
    do {
        try body()
        voiceengine_set_last_error("", 0)
        return VOICE_OK
    } catch {
        return failed(error)
    }
}

func failed(_ error: VoiceError) -> voice_status {
    var text = error.detail
    text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
            if let start = characters.baseAddress { voiceengine_set_last_error(start, characters.count) }
        }
    }
    return error.status.rawValue
}
