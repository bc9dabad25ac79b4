public import CVoiceEngine
internal import VoiceEngineCarrier
internal import VoiceEngineCore

// voice_server_*: checks, copies and hands over; the contract is in voice_engine.h.

@implementation @_cdecl("voice_server_start")
public func voice_server_start(
    _ engine: OpaquePointer!, _ config: UnsafePointer<voice_server_config>!,
    _ out: UnsafeMutablePointer<OpaquePointer?>!
) -> voice_status {
    out?.pointee = nil
    return exported { () throws(VoiceError) in
        let engine = try Handles.engine(engine)
        guard let out else { throw VoiceError(.badArgument, "out: expected a place for the handle, found NULL") }
        let config = try ConfigReader.copy(config, as: voice_server_config(), named: "voice_server_config")
        let server = try startServer(engine, config)
        guard let token = Handles.servers.insert(server) else {
            server.stop()
            throw VoiceError(.limit, "too many servers are alive")
        }
        out.pointee = token
    }
}

@implementation @_cdecl("voice_server_port")
public func voice_server_port(_ server: OpaquePointer!) -> Int32 {
    answer { () throws(VoiceError) in try Handles.server(server).port() }
}

@implementation @_cdecl("voice_server_calls")
public func voice_server_calls(_ server: OpaquePointer!) -> Int32 {
    answer { () throws(VoiceError) in try Handles.server(server).liveCalls() }
}

@implementation @_cdecl("voice_server_drain")
public func voice_server_drain(_ server: OpaquePointer!, _ timeout_ms: UInt32) -> voice_status {
    exported { () throws(VoiceError) in
        guard try Handles.server(server).drain(timeout: .milliseconds(Int64(timeout_ms))) else {
            throw VoiceError(.timeout, "some calls did not end in \(timeout_ms) ms and were ended")
        }
    }
}

@implementation @_cdecl("voice_server_reload")
public func voice_server_reload(_ server: OpaquePointer!) -> voice_status {
    exported { () throws(VoiceError) in try Handles.server(server).reload() }
}

@implementation @_cdecl("voice_server_stop")
public func voice_server_stop(_ server: OpaquePointer!) {
    Handles.servers.remove(server)?.stop()
}

/// A number that is not negative, or the status.
private func answer(_ body: () throws(VoiceError) -> Int) -> Int32 {
    var number = 0
    let status = exported { () throws(VoiceError) in number = try body() }
    return status == VOICE_OK ? Int32(clamping: number) : status
}

private func startServer(_ engine: Engine, _ config: voice_server_config) throws(VoiceError) -> Server {
    var configuration = Server.Configuration()
    guard config.port <= 65_535 else { throw VoiceError(.badArgument, "port \(config.port): expected 0 to 65535") }
    configuration.port = Int(config.port)
    configuration.host = try ConfigReader.text(config.host, named: "host", most: 256) ?? configuration.host
    configuration.publicURL = try ConfigReader.text(config.public_url, named: "public_url", most: 2_048)
    configuration.maximumCalls = try ConfigReader.number(
        config.max_calls, named: "max_calls", range: 1...65_535, orZero: 0)
    try ConfigReader.zero(config.reserved, named: "reserved")
    configuration.settings = try ConfigReader.text(config.settings, named: "settings", most: ServerDocument.largest)
        .map { Array($0.utf8) }
    let callback = EventCallback(config.on_event, userData: config.user_data)
    return try Server(configuration, engine: engine) { (dispatcher) throws(VoiceError) in
        try serverCallEvents(dispatcher, callback)
    }
}

/// The events of a server's call, under a handle that lives until its last event.
private func serverCallEvents(_ dispatcher: EventDispatcher, _ callback: EventCallback?) throws(VoiceError)
    -> CallEvents
{
    guard let callback else {
        return CallEvents(queue: try EventQueue(dispatcher: dispatcher, to: .nowhere), attach: { _ in })
    }
    let box = HandleBox()
    let destination = EventQueue.Destination.callback { numbered in
        callback(numbered, session: box.token)
        if numbered.event.kind == .closed { _ = Handles.sessions.remove(box.token) }
    }
    let queue = try EventQueue(dispatcher: dispatcher, to: destination)
    return CallEvents(queue: queue) { call in box.token = Handles.sessions.insert(SessionEntry(call: call)) }
}
