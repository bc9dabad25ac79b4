internal import VoiceEngineCore

/// How loud the agent is: the speaker writes it, the caller's path reads it. Confined to the session's loop.
package final class PlayoutLevel {
    var levels: PlayedLevels

    init(sampleRate: Int) { levels = PlayedLevels(sampleRate: sampleRate) }
}
