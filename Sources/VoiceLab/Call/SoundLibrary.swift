import Foundation

/// Finds the caller's audio: `sound:NAME` (a WAV of the sound directory), `wav:PATH`, `tts:TEXT` (espeak-ng).
struct SoundLibrary {
    let directory: String
    /// Relative WAV paths start here: the folder of the scenario.
    let scenarioDirectory: String

    /// Loads every clip of the scenario, by the number of its step.
    func clips(of scenario: Scenario) throws -> [Int: CallerMachine.Clip] {
        var clips: [Int: CallerMachine.Clip] = [:]
        for (index, step) in scenario.steps.enumerated() {
            guard case .say(let say) = step else { continue }
            var samples = try load(say.source)
            if say.gainDecibels != 0 {
                let factor = pow(10, say.gainDecibels / 20)
                samples = samples.map { Int16(max(-32_768, min(32_767, (Double($0) * factor).rounded()))) }
            }
            guard !samples.isEmpty else { throw ScenarioError("\(say.source): no audio") }
            clips[index] = CallerMachine.Clip(say: say, samples: samples)
        }
        return clips
    }

    private func load(_ source: String) throws -> [Int16] {
        let colon = source.firstIndex(of: ":") ?? source.endIndex
        let value = String(source[colon...].dropFirst())
        switch source[..<colon] {
        case "sound":
            guard !value.contains("..") else { throw ScenarioError("\(source): a name, not a path") }
            return try WaveFile.readTelephone(path: "\(directory)/\(value).wav")
        case "wav":
            return try WaveFile.readTelephone(path: value.hasPrefix("/") ? value : "\(scenarioDirectory)/\(value)")
        default: return try synthesize(value)
        }
    }

    private func synthesize(_ text: String) throws -> [Int16] {
        let path = NSTemporaryDirectory() + "/voice-lab-\(getpid())-\(UUID().uuidString).wav"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["espeak-ng", "-v", "en-us", "-s", "150", "-w", path, "--", text]
        do {
            try process.run()
        } catch {
            throw ScenarioError("tts: needs espeak-ng: \(error)")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ScenarioError("tts: espeak-ng failed with status \(process.terminationStatus); is it installed?")
        }
        return try WaveFile.readTelephone(path: path)
    }
}
