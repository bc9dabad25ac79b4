public import CVoiceEngine
internal import Glibc
internal import VoiceEngineCore

// voice_engine_*: checks, copies and hands over; the contract is in voice_engine.h.

@implementation @_cdecl("voice_engine_create")
public func voice_engine_create(
    _ config: UnsafePointer<voice_engine_config>!, _ out: UnsafeMutablePointer<OpaquePointer?>!
) -> voice_status {
    out?.pointee = nil
    return exported { () throws(VoiceError) in
        guard let out else { throw VoiceError(.badArgument, "out: expected a place for the handle, found NULL") }
        let engine = try Engine(try EngineConfigReader.read(config))
        guard let token = Handles.engines.insert(engine) else {
            engine.shutdown()
            throw VoiceError(.limit, "too many engines are alive")
        }
        out.pointee = token
    }
}

@implementation @_cdecl("voice_engine_destroy")
public func voice_engine_destroy(_ engine: OpaquePointer!) {
    Handles.engines.remove(engine)?.shutdown()
}

@implementation @_cdecl("voice_engine_add_agent")
public func voice_engine_add_agent(_ engine: OpaquePointer!, _ json: UnsafePointer<CChar>!, _ bytes: Int)
    -> voice_status
{
    exported { () throws(VoiceError) in
        try Handles.engine(engine).addAgent(try ConfigReader.bytes(json, bytes, named: "json"))
    }
}

@implementation @_cdecl("voice_engine_probe")
public func voice_engine_probe(
    _ engine: OpaquePointer!, _ json: UnsafePointer<CChar>!, _ bytes: Int, _ timeout_ms: UInt32,
    _ on_result: voice_probe_fn!, _ user_data: UnsafeMutableRawPointer!
) -> voice_status {
    exported { () throws(VoiceError) in
        let engine = try Handles.engine(engine)
        let document = try ConfigReader.bytes(json, bytes, named: "json")
        let timeout = try ConfigReader.number(timeout_ms, named: "timeout_ms", range: 1...120_000, orZero: 10_000)
        guard let on_result else {
            throw VoiceError(.badArgument, "on_result: expected a function, found NULL")
        }
        let results = try engine.probe(document, timeout: .milliseconds(Int64(timeout)))
        for result in results { report(result, to: on_result, user_data) }
        let failures = results.filter { $0.problem != nil }
        guard failures.isEmpty else {
            throw VoiceError(.provider, "\(failures.count) of \(results.count) providers did not do their work")
        }
    }
}

private func report(_ result: ProbeResult, to host: voice_probe_fn, _ userData: UnsafeMutableRawPointer?) {
    result.path.withCString { path in
        result.provider.withCString { provider in
            oneLine(result.detail).withCString { detail in
                var line = voice_probe_result()
                line.struct_size = UInt32(MemoryLayout<voice_probe_result>.size)
                line.status = result.problem?.status.rawValue ?? VOICE_OK
                line.path = path
                line.provider = provider
                line.detail = detail
                line.elapsed_ms = UInt32(clamping: result.elapsed.wholeMilliseconds)
                host(userData, &line)
            }
        }
    }
}

@implementation @_cdecl("voice_engine_wait_ready")
public func voice_engine_wait_ready(_ engine: OpaquePointer!, _ timeout_ms: UInt32) -> voice_status {
    exported { () throws(VoiceError) in
        try Handles.engine(engine).waitReady(timeout: .milliseconds(Int64(timeout_ms)))
    }
}

@implementation @_cdecl("voice_engine_metrics")
public func voice_engine_metrics(
    _ engine: OpaquePointer!, _ text: UnsafeMutablePointer<CChar>!, _ capacity: Int,
    _ required: UnsafeMutablePointer<Int>!
) -> voice_status {
    exported { () throws(VoiceError) in
        let page = Array(try Handles.engine(engine).metricsText().utf8CString)
        required?.pointee = page.count
        // A size_t: a huge one looks negative.
        guard let text, UInt(bitPattern: capacity) >= UInt(page.count) else {
            throw VoiceError(
                .badArgument, "capacity \(UInt(bitPattern: capacity)): expected at least \(page.count) bytes")
        }
        page.withUnsafeBufferPointer { source in
            UnsafeMutableBufferPointer(start: text, count: page.count).baseAddress?.update(
                from: source.baseAddress ?? UnsafePointer(text), count: source.count)
        }
    }
}

private enum EngineConfigReader {
    static func read(_ pointer: UnsafePointer<voice_engine_config>?) throws(VoiceError) -> Engine.Configuration {
        var configuration = Engine.Configuration()
        guard pointer != nil else { return configuration }
        let config = try ConfigReader.copy(pointer, as: voice_engine_config(), named: "voice_engine_config")
        configuration.loops = try ConfigReader.number(config.loops, named: "loops", range: 1...64, orZero: 0)
        configuration.inferenceThreads = try ConfigReader.number(
            config.inference_threads, named: "inference_threads", range: 1...64, orZero: 0)
        configuration.maxSessions = try ConfigReader.number(
            config.max_sessions, named: "max_sessions", range: 1...65_535, orZero: 4_096)
        configuration.modelsDirectory = try ConfigReader.text(config.models_dir, named: "models_dir", most: 4_096)
        configuration.certificateAuthorities = try ConfigReader.text(config.ca_file, named: "ca_file", most: 4_096)
        try ConfigReader.zero(config.reserved, named: "reserved")
        configuration.proxy = try ConfigReader.text(config.proxy, named: "proxy", most: 4_096)
        configuration.proxyExceptions = try ConfigReader.text(config.no_proxy, named: "no_proxy", most: 65_536)
        configuration.loopProcessors = try loopProcessors(config)
        configuration.log = try log(config)
        return configuration
    }

    private static func loopProcessors(_ config: voice_engine_config) throws(VoiceError) -> ProcessorList? {
        guard let text = try ConfigReader.text(config.loop_cpus, named: "loop_cpus", most: 4_096) else { return nil }
        do {
            return try ProcessorList(text)
        } catch {
            throw VoiceError(.badArgument, "loop_cpus \"\(text)\": expected \(error.expectation)")
        }
    }

    private static func log(_ config: voice_engine_config) throws(VoiceError) -> Log {
        guard (0...VOICE_LOG_ERROR).contains(config.log_level),
            let level = Log.Level(rawValue: config.log_level == 0 ? VOICE_LOG_INFO : config.log_level)
        else {
            throw VoiceError(
                .badArgument, "log_level \(config.log_level): expected VOICE_LOG_TRACE (1) to VOICE_LOG_ERROR (5)")
        }
        guard let report = config.on_log else { return .none }
        let host = HostPointer(pointer: config.log_user_data)
        return Log(component: "engine", minimum: level) { level, component, message in
            component.withCString { component in
                oneLine(message).withCString { report(host.pointer, level.rawValue, component, $0) }
            }
        }
    }
}

/// Providers write what they like into their errors.
private func oneLine(_ message: String) -> String {
    guard message.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return message }
    let bytes = message.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
    return String(decoding: bytes, as: UTF8.self)
}
