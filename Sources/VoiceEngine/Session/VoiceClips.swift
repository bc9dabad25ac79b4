internal import Synchronization
package import VoiceEngineCore
package import VoiceEngineProviders

// Recordings of what agents say over and over.
//
//   engine ── ClipCache ─┬─ "voice A | Hello." ──► VoiceClip
//                        ├─ "voice A | One moment." ──► VoiceClip        bounded; the one used longest ago goes
//                        └─ "voice B | Hello." ──► VoiceClip
//   agent ─── VoiceClips (the cache, its voice) ──► its calls

/// The clips of an engine. Any thread.
///
/// Full means: the clips that were asked for longest ago are forgotten; a call that plays one keeps it.
package final class ClipCache: Sendable {
    /// [bytes] of audio, and texts with or without audio.
    package static let largest = 32 << 20
    package static let most = 512

    private struct Entry {
        let clip: VoiceClip
        /// How often a call said the text, up to now.
        var uses = 0
        var last: Int
    }

    private struct Pages {
        var entries: [String: Entry] = [:]
        var clock = 0
    }

    private let largest: Int
    private let most: Int
    private let pages = Mutex(Pages())

    package init(largest: Int = ClipCache.largest, most: Int = ClipCache.most) {
        self.largest = largest
        self.most = max(most, 1)
    }

    /// The clip of this key, made when there is none.
    package func clip(_ key: String, make: () -> VoiceClip) -> VoiceClip { entry(key, isUse: false, make: make).clip }

    /// The same, counted.
    /// - Returns: Also how often it was asked for this way, this time included.
    package func used(_ key: String, make: () -> VoiceClip) -> (clip: VoiceClip, uses: Int) {
        entry(key, isUse: true, make: make)
    }

    /// [bytes] of audio in it.
    package var size: Int { pages.withLock { $0.entries.values.reduce(0) { $0 + $1.clip.size } } }

    package var count: Int { pages.withLock { $0.entries.count } }

    private func entry(_ key: String, isUse: Bool, make: () -> VoiceClip) -> (clip: VoiceClip, uses: Int) {
        pages.withLock { pages in
            pages.clock += 1
            var entry = pages.entries[key] ?? Entry(clip: make(), last: 0)
            entry.last = pages.clock
            if isUse { entry.uses += 1 }
            let isNew = pages.entries.updateValue(entry, forKey: key) == nil
            if isNew { Self.trim(&pages, most: most, largest: largest) }
            return (entry.clip, entry.uses)
        }
    }

    /// Recordings grow after they were entered, so that the sum is taken with each new one.
    private static func trim(_ pages: inout Pages, most: Int, largest: Int) {
        var size = pages.entries.values.reduce(0) { $0 + $1.clip.size }
        guard pages.entries.count > most || size > largest else { return }
        for (key, entry) in pages.entries.sorted(by: { $0.value.last < $1.value.last }).dropLast() {
            guard pages.entries.count > most || size > largest else { return }
            size -= entry.clip.size
            pages.entries[key] = nil
        }
    }
}

/// The clips of one agent: texts in its own voice.
package struct VoiceClips: Sendable {
    private let cache: ClipCache
    private let key: String
    private let voice: any TextToSpeechProvider

    /// - Parameters:
    ///   - key: What tells this voice from others: provider, model, voice, options, language.
    ///   - voice: The agent's first. A clip in another voice would give the agent two.
    package init(cache: ClipCache, key: String, voice: any TextToSpeechProvider) {
        self.cache = cache
        self.key = key
        self.voice = voice
    }

    /// The recording of a text at a call's rate; nil while there is none.
    package func rendering(of script: ClipScript, at rate: Int) -> VoiceClip.Rendering? {
        clip(of: script).rendering(at: rate)
    }

    /// Records texts that are certain to be said. On the loop of `context`.
    package func record(_ scripts: [ClipScript], with context: ProviderContext) {
        VoiceClip.record(scripts.map { clip(of: $0) }, with: context)
    }

    /// A call says this text with the live voice. Once two have, it is recorded: a text that is said only once, because
    /// it holds a caller's name, is not paid for twice. On the loop of `context`.
    package func said(_ script: ClipScript, with context: ProviderContext) {
        let (clip, uses) = cache.used(name(of: script)) { make(script) }
        if uses > 1 { clip.record(with: context) }
    }

    private func clip(of script: ClipScript) -> VoiceClip { cache.clip(name(of: script)) { make(script) } }

    private func make(_ script: ClipScript) -> VoiceClip {
        VoiceClip(text: script.text, segments: script.segments, voices: [voice])
    }

    private func name(of script: ClipScript) -> String {
        key + "|" + script.segments.map(\.spoken).joined(separator: "|")
    }
}

/// A text as a reply would give it to the voice.
package struct ClipScript: Equatable, Sendable {
    package let text: String
    package let segments: [SpokenSegment]

    package init(_ text: String, policy: SessionPolicy) {
        self.text = text
        var reply = ReplyText(language: policy.language, normalizer: policy.normalizer)
        segments = reply.append(text) + reply.finish()
    }
}
